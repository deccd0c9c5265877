"""Notes 3: a topic made, listed, described, written, read and deleted with Kafka's own commands."""

ENGINE = "kafka's tools"
SERVERS = [("kafka", "kafka"), ("zookeeper", "zookeeper")]
LINES = ["Això és un esdeveniment", "Això un altre", "I un tercer"]


def test_topic_life(lab, evidence):
    """What the console producer is given is what the console consumer prints, in order; then the topic is gone."""
    where = f"--bootstrap-server {lab.settings['bootstrap']}"
    made = lab.student(f"bin/kafka-topics.sh --create --topic tema-prova {where}")
    assert "Created topic tema-prova." in made

    # Side by side, since each starts a Java of its own.
    both = f"bin/kafka-topics.sh {where} --list & bin/kafka-topics.sh {where} --describe --topic tema-prova >/tmp/d.$$"
    listed, described = lab.student(f"{both}; wait; echo ---; cat /tmp/d.$$; rm /tmp/d.$$").split("---\n")
    assert "tema-prova" in listed.splitlines()
    assert "PartitionCount: 1" in described
    copies = min(3, len(lab.info.parts["kafka"]))
    assert f"ReplicationFactor: {copies}" in described

    text = "\\n".join(LINES)
    lab.student(f"printf '{text}\\n' | bin/kafka-console-producer.sh --topic tema-prova {where}")
    read = lab.student(
        f"bin/kafka-console-consumer.sh --topic tema-prova --from-beginning {where} --max-messages {len(LINES)} "
        "--timeout-ms 20000 2>/dev/null"
    )
    assert read.splitlines() == LINES

    lab.student(f"bin/kafka-topics.sh {where} --delete --topic tema-prova")
    assert "tema-prova" not in lab.ask("topics")
    evidence(f"{len(LINES)} lines in, the same {len(LINES)} out; created, listed, described, deleted")
