"""Dead letters: records that cannot become rows, in a topic of their own with the reason."""

from __future__ import annotations

import base64
import json
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError, TopicAlreadyExistsError

from hdfs_sink.backoff import brief

SECONDS = 10
"""Timeout of one request."""
UNKNOWN_TOPIC = 3
"""The brokers' error code for a topic that does not exist."""
LARGEST = 900_000
"""Most bytes of a letter; with its headers it is below Kafka's default limit of 1 MiB."""
KEPT = 64 << 10
"""Bytes of key and of value in a letter that would be larger: up to six times this number, written as \\u0000."""


class NoTopicError(KafkaError):
    """The topic of dead letters is missing and cannot be created."""

    def __init__(self, topic: str, why: str) -> None:
        super().__init__(
            f"topic {topic} for records without a row is missing and cannot be created ({why}): "
            "create it, or name another one with --dead-letters"
        )
        self.topic = topic

    def __str__(self) -> str:
        return self.args[0]


class DeadLetters:
    """The topic of dead letters. It is created before the first one, with the brokers' defaults.

    The key is `topic/partition/offset` of the record: a letter that is sent again after a crash has the same key.

    Args:
        source: topic of the records.
    """

    def __init__(self, bootstrap: list[str], topic: str, source: str) -> None:
        self._bootstrap, self.topic, self._source = bootstrap, topic, source
        self._producer: KafkaProducer | None = None

    def send(self, letters: list[tuple[bytes, bytes, str]]) -> None:
        """Send dead letters, and wait until the brokers have them.

        Args:
            letters: key, value and reason of each.
        Raises:
            KafkaError: a broker refused one; send all again.
            NoTopicError: the topic is missing and cannot be created.
        """
        if not letters:
            return
        if self._producer is None:
            self._create_topic()
            self._producer = KafkaProducer(bootstrap_servers=self._bootstrap, acks="all", max_block_ms=SECONDS * 1000)
        sent = [
            self._producer.send(self.topic, key=key, value=value, headers=[("reason", reason.encode())])
            for key, value, reason in letters
        ]
        self._producer.flush(timeout=SECONDS)
        for future in sent:
            future.get(timeout=SECONDS)

    def _create_topic(self) -> None:
        """Create the topic unless it exists."""
        milliseconds = SECONDS * 1000
        admin = KafkaAdminClient(
            bootstrap_servers=self._bootstrap, request_timeout_ms=milliseconds, bootstrap_timeout_ms=milliseconds
        )
        try:
            if admin.describe_topics([self.topic])[0]["error_code"] != UNKNOWN_TOPIC:
                return
            try:
                admin.create_topics({self.topic: {}}, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                pass
            except KafkaError as error:
                raise NoTopicError(self.topic, brief(error)) from None
        finally:
            admin.close()

    def letter(self, record: Any, reason: str) -> tuple[bytes, bytes, str]:
        """Make the dead letter of a record.

        Args:
            record: of kafka-python.
            reason: why it has no row.
        Returns:
            key, value, reason. The value is JSON: reason, topic, partition, offset, timestamp, and the record's key and
            value, as text or, if they are not UTF-8, as base64 in key_base64 and value_base64. Those of a large record
            are cut; `truncated`, key_bytes and value_bytes tell it.
        """
        fields = {
            "reason": reason,
            "topic": self._source,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp,
        }
        key, value = record.key, record.value
        text = _json({**fields, **_readable("key", key), **_readable("value", value)})
        if len(text) > LARGEST:
            sizes = {"truncated": True, "key_bytes": len(key or b""), "value_bytes": len(value or b"")}
            text = _json({**fields, **sizes, **_readable("key", _cut(key)), **_readable("value", _cut(value))})
        return f"{self._source}/{record.partition}/{record.offset}".encode(), text, reason

    def lost(self, partition: int, first: int, after: int) -> tuple[bytes, bytes, str]:
        """Make the letter about offsets (from `first`, before `after`) that Kafka deleted before they were read."""
        reason = "deleted by Kafka before it was read"
        fields = {"reason": reason, "topic": self._source, "partition": partition, "first": first, "last": after - 1}
        return f"{self._source}/{partition}/{first}-{after - 1}".encode(), _json(fields), reason

    def close(self) -> None:
        """Close the producer; the next letter makes a new one."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            try:
                producer.close(timeout=2)
            except KafkaError:
                return


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def _cut(value: bytes | None) -> bytes | None:
    return None if value is None else value[:KEPT]


def _readable(name: str, value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode()}
