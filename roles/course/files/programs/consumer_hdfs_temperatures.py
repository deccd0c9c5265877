"""Copia els esdeveniments sencers de mysql_temperatures en un fitxer de HDFS (apunts, apartat 5.4)."""

from hdfs import InsecureClient
from kafka import KafkaConsumer

hdfs_client = InsecureClient("http://hadoopmaster:9870", user="hadoop")
hdfs_file = "/user/hadoop/kafka/temperatures_raw.txt"  # Un fitxer propi: el CSV en té un altre

if not hdfs_client.status(hdfs_file, strict=False):
    hdfs_client.write(hdfs_file, data=b"")  # Crea un fitxer buit

consumer = KafkaConsumer(
    "mysql_temperatures",
    bootstrap_servers="localhost:9092",
    auto_offset_reset="earliest",
    metadata_max_age_ms=5000,  # Si el topic encara no existeix, el trobarà en 5 segons (i no en 5 minuts)
    enable_auto_commit=False,  # Confirmam nosaltres, quan les dades ja són a HDFS
    group_id="my_group_id",
)

try:
    while True:
        # Els missatges que hi hagi, tots d'una: afegir-los d'un en un és molt més lent.
        batches = consumer.poll(timeout_ms=1000)
        messages = [message.value for batch in batches.values() for message in batch if message.value]
        if messages:
            for message in messages:
                print("Missatge rebut: ", message.decode(errors="replace"), flush=True)
            hdfs_client.write(hdfs_file, data=b"".join(message + b"\n" for message in messages), append=True)
        if batches:
            consumer.commit()
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
