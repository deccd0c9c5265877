"""Mitjana de temperatura de cada sensor i hora, amb una taula de Faust (apunts, apartat 6).

Llegeix mysql_temperatures2. Per a cada fila escriu a faust_temperatures_mitjanes la mitjana que té, fins ara, el seu
sensor en aquella hora. L'hora és la de la mesura (ingest_time), no la d'arribada: una fila que arriba tard compta a la
seva hora.

La taula és a la memòria, i cada canvi s'escriu també en un topic, mitjanes_app-mitjanes-changelog. En tornar a
arrencar, Faust refà la taula amb aquest topic i continua per on anava, també després d'un kill -9.

No usa les finestres de Faust (tumbling): la seva caducitat mira el rellotge, i amb mesures antigues les esborraria
mentre encara hi arriben files.

Ús: faust -A faust_mean worker --loglevel=info
"""

import json

import faust
from wait_for_topic import wait_for_topic

INPUT = "mysql_temperatures2"
WINDOW = 60 * 60 * 1000  # Una hora, en mil·lisegons com ingest_time

app = faust.App(
    "mitjanes_app",
    broker="kafka://localhost:9092",
    topic_partitions=1,
    web_enabled=False,
    # Després d'un kill -9, el grup espera aquest temps (per defecte 60 s) abans de donar el procés per mort.
    broker_session_timeout=10,
    broker_heartbeat_interval=3,
)


class MeanRecord(faust.Record, include_metadata=False):
    sensor_id: int
    inici: int  # De la finestra, en mil·lisegons des de 1970
    n: int  # Files comptades
    mitjana: float


input_topic = app.topic(INPUT, value_serializer="raw")
output_topic = app.topic("faust_temperatures_mitjanes", key_type=str, value_type=MeanRecord)
# Per a cada sensor i finestra: n, la suma, i quina ha estat la darrera fila comptada.
means = app.Table("mitjanes", key_type=str)


@app.on_worker_init.connect
def wait_for_input(app, **_):
    wait_for_topic(INPUT, one_partition=True)


def read_row(value):
    """Treu sensor, temperatura i hora dels bytes d'un esdeveniment; la temperatura és None si és NULL.

    Raises:
        KeyError, TypeError, ValueError: si no és una fila de temperatures2.
    """
    fields = json.loads(value)
    if "payload" in fields:
        raise ValueError("porta l'embolcall de Connect; configura value.converter.schemas.enable=false")
    temperature = fields["temperatura"]
    return int(fields["sensor_id"]), None if temperature is None else float(temperature), int(fields["ingest_time"])


def add_row(state, temperature, offset, timestamp):
    """Suma una fila a l'estat d'una finestra; None si ja hi era.

    Després d'un kill -9 Faust torna a llegir les darreres files. Les que ja comptaven es reconeixen per l'offset. (Amb
    el topic esborrat i fet de nou els offsets tornen a començar, però els missatges són posteriors.)
    """
    if state is None:
        state = {"n": 0, "suma": 0.0, "offset": -1, "timestamp": 0.0}
    if offset <= state["offset"] and timestamp <= state["timestamp"]:
        return None
    return {
        "n": state["n"] + 1,
        "suma": state["suma"] + temperature,
        "offset": offset,
        "timestamp": max(timestamp, state["timestamp"]),
    }


@app.agent(input_topic)
async def mean_of_each_sensor(stream):
    async for event in stream.events():
        try:
            sensor_id, temperature, ingest_time = read_row(event.value)
        except (KeyError, TypeError, ValueError) as error:
            print(f"Registre descartat: {event.value!r} ({error!r})", flush=True)
            continue
        if temperature is None:
            continue
        start = ingest_time - ingest_time % WINDOW
        key = f"{sensor_id} {start}"
        state = add_row(means.get(key), temperature, event.message.offset, event.message.timestamp)
        if state is None:
            continue
        mean = MeanRecord(sensor_id=sensor_id, inici=start, n=state["n"], mitjana=state["suma"] / state["n"])
        # Primer el resultat, confirmat pel broker, i després la taula: un kill -9 entremig el repeteix, mai no el perd.
        await (await output_topic.send(key=key, value=mean))
        means[key] = state


if __name__ == "__main__":
    app.main()
