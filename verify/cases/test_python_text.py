"""Notes 4: producer.py and consumer.py of the student."""

ENGINE = "kafka-python"
SERVERS = [("kafka", "kafka")]
EARLIER = ["Això és un esdeveniment", "Això un altre"]


def test_new_event_after_the_earlier_ones(lab, evidence):
    """The running consumer prints what was there before, and then what producer.py sends."""
    lab.ask("create", topic="tema-prova")
    lab.ask("send", topic="tema-prova", values=EARLIER)
    consumer = lab.start("consumer", "python3 consumer.py")
    consumer.wait_lines(len(EARLIER))
    lab.student("python3 producer.py", lab.programs)
    printed = consumer.wait_lines(len(EARLIER) + 1)
    consumer.stop()
    expected = [f"Missatge rebut:  {text}" for text in [*EARLIER, "Un nou esdeveniment"]]
    assert consumer.lines() == expected, f"expected: {expected}\narrived:  {printed}"
    evidence("'Un nou esdeveniment' arrives third, after the two earlier ones")
