"""Espera que el broker respongui i que un topic existeixi. Els programes de Faust l'usen abans de començar.

Faust passa per alt, sense dir res, un topic que no existeix quan arrenca. Sense broker, acaba amb una traça llarga.
"""

import logging
import time

from kafka import KafkaConsumer
from kafka.errors import KafkaError

BROKERS = ["localhost:9092"]


def motiu_d_espera(topic):
    """Per què encara no es pot llegir el topic; None si ja es pot."""
    try:
        consumer = KafkaConsumer(bootstrap_servers=BROKERS)
    except KafkaError:
        return f"cap broker no respon ({', '.join(BROKERS)})"
    try:
        return None if topic in consumer.topics() else f"el topic {topic} encara no existeix"
    except KafkaError as error:
        return f"el broker no contesta ({error!r})"
    finally:
        consumer.close()


def espera_topic(topic):
    """Torna quan el topic existeix; mentrestant ho diu, una vegada per a cada motiu."""
    # Si no, kafka-python escriuria una línia per a cada intent.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    dit = None
    while (motiu := motiu_d_espera(topic)) is not None:
        if motiu != dit:
            print(f"S'espera: {motiu}", flush=True)
            dit = motiu
        time.sleep(1)
