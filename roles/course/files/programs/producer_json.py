"""Envia deu missatges JSON al topic tema-json (apunts, apartat 4.1)."""

from kafka import KafkaProducer
from kafka.serializer import JsonSerializer

producer = KafkaProducer(
    bootstrap_servers="localhost:9092",
    value_serializer=JsonSerializer(),  # Converteix cada diccionari en JSON codificat en UTF-8
)

for i in range(10):
    message = {"id": i, "text": f"Missatge número {i}"}
    producer.send("tema-json", value=message)
    print(f"Enviat: {message}", flush=True)

producer.flush()  # Espera que tots els missatges hagin arribat abans de tancar
producer.close()
