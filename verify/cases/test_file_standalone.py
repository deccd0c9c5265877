"""Notes 5.2: from file to file through a topic, by a standalone worker that the student starts."""

from verify.support.waits import until

ENGINE = "FileStream"
SERVERS = [("kafka", "kafka")]
WORKER = (
    "bin/connect-standalone.sh config/connect-standalone.properties config/connect-file-source.properties "
    "config/connect-file-sink.properties"
)
EVENTS = [f'{{"schema":{{"type":"string","optional":false}},"payload":"{text}"}}' for text in ("Hola", "Adéu")]


def test_lines_go_through(lab, evidence):
    """Lines appended to entrada.txt become events with the notes' envelope, and lines of sortida.txt, each once."""
    lab.student("touch entrada.txt")
    worker = lab.start("standalone", WORKER, lab.home)
    worker.wait("Created connector local-file-sink", 60)
    for line in ("Hola", "Adéu"):
        lab.student(f'echo "{line}" >> entrada.txt')
    look = lambda: lab.student("cat sortida.txt 2>/dev/null", check=False)  # noqa: E731
    try:
        until(look, lambda seen: seen.count("\n") >= 2, 30, "two lines in sortida.txt")
    except AssertionError as error:
        raise AssertionError(f"{error}\nlast lines of the worker:\n{worker.output()[-3000:]}") from None
    worker.stop()
    stored = [record["value"] for record in lab.records("connect-fitxers", 2)]
    assert stored == EVENTS
    assert look() == "Hola\nAdéu\n"
    evidence("entrada.txt -> connect-fitxers -> sortida.txt: Hola, Adéu, each once")
