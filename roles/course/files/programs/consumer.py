"""Mostra tots els esdeveniments de text del topic tema-prova (apunts, apartat 4). S'atura amb Ctrl-C."""

from kafka import KafkaConsumer
from kafka.serializer import DefaultSerializer

consumer = KafkaConsumer(
    "tema-prova",
    bootstrap_servers="localhost:9092",
    auto_offset_reset="earliest",  # Comença a llegir des del primer missatge
    value_deserializer=DefaultSerializer(),  # De bytes a text UTF-8
)

try:
    for message in consumer:
        print("Missatge rebut: ", message.value, flush=True)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
