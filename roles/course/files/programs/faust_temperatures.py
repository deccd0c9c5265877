"""Filtra les temperatures superiors a 22 graus amb Faust (apunts, apartat 6).

Llegeix mysql_temperatures2 i escriu faust_temperatures_altes. Espera registres sense l'embolcall de Kafka Connect
(value.converter.schemas.enable=false, com a config/mysql-source2.json). Un registre que no es pot llegir no atura el
programa: es mostra i es passa al següent.

Ús: faust -A faust_temperatures worker --loglevel=info
"""

import json

import faust
from wait_for_topic import wait_for_topic

INPUT = "mysql_temperatures2"

app = faust.App(
    "temperature_app",
    broker="kafka://localhost:9092",
    topic_partitions=1,
    web_enabled=False,  # No ens cal el servidor web de Faust
)


class TemperatureRecord(faust.Record, include_metadata=False):
    id: int
    sensor_id: int
    temperatura: float
    ingest_time: int
    origen: str


# L'entrada és en brut: la llegim nosaltres, per poder dir quin registre és dolent.
input_topic = app.topic(INPUT, value_serializer="raw")
output_topic = app.topic("faust_temperatures_altes", value_type=TemperatureRecord)


@app.on_worker_init.connect
def wait_for_input(app, **_):
    wait_for_topic(INPUT)


def or_null(kind, value):
    """NULL continua sent NULL."""
    return None if value is None else kind(value)


def read_record(value):
    """Converteix els bytes d'un esdeveniment en un TemperatureRecord."""
    fields = json.loads(value)
    if "payload" in fields:
        raise ValueError("porta l'embolcall de Connect; configura value.converter.schemas.enable=false")
    return TemperatureRecord(
        id=int(fields["id"]),
        sensor_id=or_null(int, fields["sensor_id"]),
        temperatura=or_null(float, fields["temperatura"]),
        ingest_time=or_null(int, fields["ingest_time"]),
        origen=or_null(str, fields["origen"]),
    )


@app.agent(input_topic)
async def filter_high_temperatures(stream):
    async for value in stream:
        try:
            record = read_record(value)
        except (KeyError, TypeError, ValueError) as error:
            print(f"Registre descartat: {value!r} ({error!r})", flush=True)
            continue
        if record.temperatura is not None and record.temperatura > 22:
            await output_topic.send(value=record)
            print(f"Temperatura alta: {record.temperatura} (sensor {record.sensor_id})", flush=True)


if __name__ == "__main__":
    app.main()
