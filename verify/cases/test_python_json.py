"""Notes 4.1: ten JSON messages by producer_json.py and consumer_json.py."""

import json

ENGINE = "kafka-python"
SERVERS = [("kafka", "kafka")]
EXPECTED = [{"id": i, "text": f"Missatge número {i}"} for i in range(10)]


def test_ten_messages_decoded_in_order(lab, evidence):
    """Ten dictionaries in order, the accent intact, in what is sent, stored and printed."""
    lab.ask("create", topic="tema-json")
    sent = lab.student("python3 producer_json.py", lab.programs)
    assert sent.splitlines() == [f"Enviat: {message}" for message in EXPECTED]
    consumer = lab.start("consumer-json", "python3 consumer_json.py")
    stored = [json.loads(record["value"]) for record in lab.records("tema-json", 10)]
    assert stored == EXPECTED
    consumer.wait_lines(10)
    consumer.stop()
    assert consumer.lines() == [f"Rebut: {message}" for message in EXPECTED]
    evidence("ids 0..9 in order, decoded to dicts, 'número' intact")
