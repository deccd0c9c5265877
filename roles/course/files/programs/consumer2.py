"""Consumidor 2 del grup grup-consumidors sobre el topic tema-grups (apunts, apartat 4.2). S'atura amb Ctrl-C."""

from kafka import KafkaConsumer
from kafka.serializer import JsonSerializer

consumer = KafkaConsumer(
    "tema-grups",
    bootstrap_servers="localhost:9092",
    group_id="grup-consumidors",  # Mateix grup per compartir els missatges
    auto_offset_reset="earliest",
    enable_auto_commit=True,
    value_deserializer=JsonSerializer(),
)

print("Consumidor 2 esperant missatges...", flush=True)
try:
    for message in consumer:
        print(f"Consumidor 2 ha rebut: {message.value}", flush=True)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()  # Confirma els offsets i deixa el grup: l'altre consumidor se'n queda les particions
