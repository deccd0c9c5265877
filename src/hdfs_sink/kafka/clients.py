"""Chooses the client of Kafka."""

from __future__ import annotations

from hdfs_sink.arguments import Settings
from hdfs_sink.kafka.kafka_python import KafkaPython
from hdfs_sink.kafka.source import Source


def open_source(settings: Settings) -> Source:
    """Connect with the client that the settings name.

    Raises:
        KafkaError: no broker answers.
    """
    if settings.client == "librdkafka":
        # The package is optional.
        from hdfs_sink.kafka.librdkafka import Librdkafka

        return Librdkafka(settings)
    return KafkaPython(settings)
