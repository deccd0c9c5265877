"""Un consumidor de tema-grups amb el nom i el grup que es vulgui (apunts, apartat 4.2). S'atura amb Ctrl-C.

Amb el mateix grup, dos consumidors es reparteixen els missatges; amb grups diferents, cada un els rep tots.

Ús: python3 consumer_groups.py NOM GRUP
"""

import sys

from kafka import KafkaConsumer
from kafka.serializer import JsonSerializer

if len(sys.argv) != 3:
    sys.exit("Ús: python3 consumer_groups.py NOM GRUP")
name, group = sys.argv[1:]

consumer = KafkaConsumer(
    "tema-grups",
    bootstrap_servers="localhost:9092",
    group_id=group,
    auto_offset_reset="earliest",
    session_timeout_ms=6000,  # Si el consumidor mor de cop, el grup ho sap en 6 segons
    value_deserializer=JsonSerializer(),
)

print(f"{name} esperant missatges...", flush=True)
try:
    for message in consumer:
        print(f"{name} ha rebut: {message.value}", flush=True)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
