"""Un consumidor que confirma cada missatge ell mateix, després de processar-lo (apunts, apartat 4.2).

Amb enable_auto_commit=False un missatge només compta com a llegit quan s'ha processat: si el programa mor enmig, el
missatge es torna a llegir. Es pot repetir, però no es perd. S'atura amb Ctrl-C.

Ús: python3 consumer_manual.py [SEGONS]
    SEGONS  el que tarda a processar cada missatge (0 si no es diu res)
"""

import sys
import time

from kafka import KafkaConsumer
from kafka.serializer import JsonSerializer

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0

consumer = KafkaConsumer(
    "tema-grups",
    bootstrap_servers="localhost:9092",
    group_id="grup-manual",
    auto_offset_reset="earliest",
    enable_auto_commit=False,
    max_poll_records=1,  # commit() confirma tot el que poll() ha donat: aquí, un missatge cada vegada
    session_timeout_ms=6000,  # Si el consumidor mor de cop, el grup ho sap en 6 segons
    value_deserializer=JsonSerializer(),
)

print("Consumidor manual esperant missatges...", flush=True)
try:
    for message in consumer:
        print(f"Processant: {message.value}", flush=True)
        time.sleep(seconds)
        consumer.commit()
        print(f"Confirmat: {message.value}", flush=True)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
