"""A copy of the service that another one has fenced ends, however kafka-python says so."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from kafka.errors import InvalidProducerEpochError, KafkaError, NotLeaderForPartitionError, ProducerFencedError

from bluesky_search.topic import FencedError, Topic


def topic(error: Exception) -> Topic:
    """An open topic; its next commit fails."""

    def commit() -> None:
        raise error

    made = Topic.__new__(Topic)
    made._name, made._times, made.seen = "t", [], set()
    made._producer = SimpleNamespace(
        begin_transaction=lambda: None, send=lambda *_, **__: None, commit_transaction=commit
    )
    return made


RECORDS = [SimpleNamespace(value=b"{}", timestamp_ms=1, uri="at://one")]


@pytest.mark.parametrize(
    "error",
    [
        ProducerFencedError(),
        InvalidProducerEpochError(),
        # What a call says that comes after the one that was refused.
        KafkaError(f"Cannot execute transactional method because we are in an error state: {ProducerFencedError()}"),
    ],
)
def test_a_fenced_copy_ends(error):
    with pytest.raises(FencedError, match="another copy"):
        topic(error).write(RECORDS)


@pytest.mark.parametrize("error", [NotLeaderForPartitionError(), KafkaError("Cannot execute: [Error 6]")])
def test_any_other_error_is_for_trying_again(error):
    made = topic(error)
    with pytest.raises(KafkaError) as raised:
        made.write(RECORDS)
    assert raised.value is error
    assert made.seen == set()
