"""Copia datahora i valor de mysql_temperatures en un fitxer CSV de HDFS (apunts, apartat 5.4). S'atura amb Ctrl-C."""

import json
from datetime import UTC, datetime

from hdfs import InsecureClient
from kafka import KafkaConsumer

hdfs_client = InsecureClient("http://hadoopmaster:9870", user="hadoop")
hdfs_file = "/user/hadoop/kafka/temperatures.txt"


def csv_line(event):
    """Converteix un esdeveniment JSON en una línia, com ara 21/02/2025 10:00:00,14.5"""
    payload = json.loads(event)["payload"]
    datahora = datetime.fromtimestamp(payload["datahora"] / 1000, tz=UTC)  # Kafka Connect compta en mil·lisegons
    return f"{datahora:%d/%m/%Y %H:%M:%S},{float(payload['valor'])}\n"


if not hdfs_client.status(hdfs_file, strict=False):
    hdfs_client.write(hdfs_file, data=b"")  # Crea un fitxer buit

consumer = KafkaConsumer(
    "mysql_temperatures",
    bootstrap_servers="localhost:9092",
    auto_offset_reset="earliest",
    metadata_max_age_ms=5000,  # Si el topic encara no existeix, el trobarà en 5 segons (i no en 5 minuts)
    enable_auto_commit=False,  # Confirmam nosaltres, quan les dades ja són a HDFS
    group_id="my_group_id_csv",  # Un grup propi: amb el de l'altre consumidor ens faltarien files
)

try:
    while True:
        batches = consumer.poll(timeout_ms=1000)
        lines = []
        for batch in batches.values():
            for message in batch:
                try:
                    lines.append(csv_line(message.value))
                except (KeyError, TypeError, ValueError, OverflowError) as error:
                    print(
                        f"No és una temperatura (offset {message.offset}): {message.value} ({error!r})",
                        flush=True,
                    )
        if lines:
            hdfs_client.write(hdfs_file, data="".join(lines).encode(), append=True)
            print("".join(lines), end="", flush=True)
        if batches:
            consumer.commit()
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
