"""Envia un esdeveniment de text al topic tema-prova (apunts, apartat 4)."""

from kafka import KafkaProducer

producer = KafkaProducer(bootstrap_servers="localhost:9092")

# send() només posa l'esdeveniment a la cua del productor...
producer.send("tema-prova", value=b"Un nou esdeveniment")

# ...i flush() espera que el broker l'hagi rebut.
producer.flush()
producer.close()
