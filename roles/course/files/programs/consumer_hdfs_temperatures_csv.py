"""Copia datahora i valor de mysql_temperatures en un fitxer CSV de HDFS (apunts, apartat 5.4). S'atura amb Ctrl-C."""

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hdfs import InsecureClient
from kafka import KafkaConsumer

hdfs_client = InsecureClient("http://hadoopmaster:9870", user="hadoop")
hdfs_file = "/user/hadoop/kafka/temperatures.txt"

# Els tipus que són un instant, i quants microsegons val la seva unitat
MICROSECONDS = {
    None: 1000,  # Sense tipus: Connect compta en mil·lisegons
    "org.apache.kafka.connect.data.Timestamp": 1000,
    "io.debezium.time.Timestamp": 1000,
    "io.debezium.time.MicroTimestamp": 1,
    "io.debezium.time.Date": 86_400_000_000,
    "org.apache.kafka.connect.data.Date": 86_400_000_000,
}


def csv_line(event):
    """Converteix un esdeveniment JSON en una línia, com ara 21/02/2025 10:00:00,14.5"""
    event = json.loads(event, parse_float=Decimal)  # Un float perdria xifres
    payload = event["payload"]
    fields = (event.get("schema") or {}).get("fields", [])
    types = {field["field"]: field for field in fields}  # El que diu Kafka Connect de cada columna
    return f"{time_text(payload['datahora'], types)},{number_text(payload['valor'], types)}\n"


def time_text(value, types):
    """Un instant en UTC: arriba com a text ISO, o com el temps que ha passat des de 1970."""
    if value is None:
        return ""  # NULL: el camp queda buit
    if isinstance(value, str):
        time = datetime.fromisoformat(value)
        time = time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    else:
        unit = MICROSECONDS[types.get("datahora", {}).get("name")]  # KeyError: una hora del dia, per exemple
        time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value * unit)
    fraction = f".{time.microsecond:06d}".removesuffix("000") if time.microsecond else ""
    return f"{time:%d/%m/}{time.year:04d}{time: %H:%M:%S}{fraction}"


def number_text(value, types):
    """Un nombre amb totes les xifres: els DECIMAL de MySQL arriben com a bytes en base64."""
    if value is None:
        return ""
    valor = types.get("valor", {})
    if isinstance(value, str) and valor.get("name") == "org.apache.kafka.connect.data.Decimal":
        digits = int.from_bytes(base64.b64decode(value), "big", signed=True)
        value = f"{digits}E-{valor['parameters']['scale']}"
    return f"{Decimal(value):f}"


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
                except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
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
