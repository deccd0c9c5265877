"""Espera que el broker respongui i que un topic existeixi. Els programes de Faust l'usen abans de començar.

Faust passa per alt, sense dir res, un topic que no existeix quan arrenca. Sense broker, acaba amb una traça llarga.
"""

import logging
import sys
import time

from kafka import KafkaConsumer
from kafka.errors import KafkaError

BROKERS = "localhost:9092"


def look(topic):
    """Quantes particions té el topic, i per què encara no es pot llegir ("" si ja es pot)."""
    try:
        consumer = KafkaConsumer(bootstrap_servers=BROKERS)
    except KafkaError:
        return 0, f"cap broker no respon ({BROKERS})"
    try:
        if topic not in consumer.topics():
            return 0, f"el topic {topic} encara no existeix"
        return len(consumer.partitions_for_topic(topic)), ""
    except KafkaError as error:
        return 0, f"el broker no contesta ({error!r})"
    finally:
        consumer.close()


def wait_for_topic(topic, one_partition=False):
    """Espera el topic, i ho diu una vegada per a cada motiu.

    Amb one_partition el programa acaba si el topic en té més: una taula de Faust només compta bé les files d'un sensor
    si totes són a la mateixa partició.
    """
    if "worker" not in sys.argv:
        return  # Altres ordres de faust, com `send` o `agents`
    # Si no, kafka-python escriuria una línia per a cada intent.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    said = ""
    while True:
        partitions, reason = look(topic)
        if not reason:
            break
        if reason != said:
            print(f"En espera: {reason}", flush=True)
            said = reason
        time.sleep(1)
    if one_partition and partitions > 1:
        print(f"El topic {topic} té {partitions} particions, i aquest programa només en pot llegir una", flush=True)
        sys.exit(2)
