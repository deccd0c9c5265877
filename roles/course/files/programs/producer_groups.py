"""Envia missatges numerats al topic tema-grups (apunts, apartat 4.2).

El topic s'ha de crear abans, i amb dues particions o més; si només en té una, només treballa un consumidor del grup:
    bin/kafka-topics.sh --create --topic tema-grups --partitions 2 --bootstrap-server localhost:9092

Ús: python3 producer_groups.py [PAUSA] [QUANTS]
    PAUSA   segons entre missatges (1 si no es diu res, com als apunts)
    QUANTS  nombre de missatges (100 si no es diu res)
"""

import sys
import time

from kafka import KafkaProducer
from kafka.serializer import JsonSerializer

pause = float(sys.argv[1]) if len(sys.argv) > 1 else 1
count = int(sys.argv[2]) if len(sys.argv) > 2 else 100

producer = KafkaProducer(bootstrap_servers="localhost:9092", value_serializer=JsonSerializer())

for i in range(count):
    message = {"id": i, "text": f"Missatge {i}"}
    producer.send("tema-grups", value=message)  # Sense clau: cada missatge va a una partició a l'atzar
    print(f"Enviat: {message}", flush=True)
    time.sleep(pause)  # Simulam un retard entre missatges

producer.flush()
producer.close()
