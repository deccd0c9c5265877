"""Mostra els missatges JSON del topic tema-json com a diccionaris (apunts, apartat 4.1). S'atura amb Ctrl-C."""

from kafka import KafkaConsumer
from kafka.serializer import JsonSerializer

consumer = KafkaConsumer(
    "tema-json",
    bootstrap_servers="localhost:9092",
    auto_offset_reset="earliest",  # Comença a llegir des del primer missatge
    value_deserializer=JsonSerializer(),  # Converteix el JSON que arriba en un diccionari
)

try:
    for message in consumer:
        print(f"Rebut: {message.value}", flush=True)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
