"""What a worker of Kafka Connect can answer, and the one line that a person reads then."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect import rest as connect_rest
from ansible_collections.streaming.lab.plugins.module_utils.connect.rest import Connect, RestError, history_topic
from tests.connect.rest_worker import HALF, NO_HTTP, SILENCE, Worker, running_worker

REBALANCE = (409, {"error_code": 409, "message": "Cannot complete request because of a conflicting operation"})
TAKEN = (409, {"error_code": 409, "message": "Connector a already exists"})


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker, asked again without a pause."""
    monkeypatch.setattr(connect_rest, "PAUSE", 0.001)
    with running_worker() as running:
        yield running


def asked(worker: Worker, **more: float) -> Connect:
    """A client of it with little patience."""
    return Connect(worker.url, **{"timeout": 5, "patience": 5, **more})


def refused(client: Connect, method: str = "GET", path: str = "/connectors") -> str:
    """The line that an error says."""
    with pytest.raises(RestError) as caught:
        client.ask(method, path)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_not_found(worker: Worker) -> None:
    assert refused(asked(worker), path="/connectors/a") == f"GET {worker.url}/connectors/a answered 404: no such thing"
    assert asked(worker).config("a") is None
    assert asked(worker).status("a") is None


def test_a_rebalance_is_waited_for(worker: Worker) -> None:
    worker.says("PUT", "/connectors/a/config", REBALANCE, REBALANCE, (200, {"name": "a"}))
    asked(worker).change("a", {"file": "/a"})
    assert [body for _, _, body in worker.asked] == [{"file": "/a"}] * 3


def test_a_rebalance_that_does_not_end(worker: Worker) -> None:
    worker.says("PUT", "/connectors/a/stop", REBALANCE)
    said = refused(asked(worker, patience=0.05), "PUT", "/connectors/a/stop")
    assert "still answers 409 after 0.05 s: Cannot complete request" in said
    assert said.endswith(" (journalctl -u kafka-connect tells why the workers do not agree)")


def test_a_configuration_that_waits_for_a_rebalance(worker: Worker) -> None:
    expected = {"error_code": 500, "message": "Request cannot be completed because a rebalance is expected"}
    worker.says("GET", "/connectors/a/config", (500, expected), (500, expected), (200, {"name": "a"}))
    assert asked(worker).ask("GET", "/connectors/a/config") == (200, {"name": "a"})


def test_a_name_that_is_taken_is_not_asked_for_again(worker: Worker) -> None:
    worker.says("POST", "/connectors", TAKEN)
    assert "answered 409: Connector a already exists" in refused(asked(worker), "POST", "/connectors")
    assert len(worker.asked) == 1


def test_a_worker_in_trouble(worker: Worker) -> None:
    worker.says("GET", "/connectors", (500, {"error_code": 500, "message": "Request timed out.\n\tat Worker"}))
    assert refused(asked(worker)) == f"GET {worker.url}/connectors answered 500: Request timed out. at Worker"


def test_no_answer_in_time(worker: Worker) -> None:
    worker.says("GET", "/connectors", SILENCE)
    assert f"GET {worker.url}/connectors did not answer within 0.1 s" in refused(asked(worker, timeout=0.1))


def test_what_is_no_json(worker: Worker) -> None:
    worker.says("GET", "/connectors", (200, "<html>\n<h1>Login</h1>"))
    said = refused(asked(worker))
    assert "answered 200 without JSON ('<html> <h1>Login</h1>'); is that Kafka Connect?" in said


@pytest.mark.parametrize("status", [300, 409, 500])
def test_an_error_has_its_status(worker: Worker, status: int) -> None:
    worker.says("GET", "/connectors", (status, {"message": "no"}))
    with pytest.raises(RestError) as raised:
        asked(worker, patience=0.05).ask("GET", "/connectors")
    assert raised.value.status == status
    assert asked(worker).ask("GET", "/connectors", also=(status,)) == (status, {"message": "no"})


def test_what_is_no_http(worker: Worker) -> None:
    worker.says("GET", "/connectors", NO_HTTP)
    said = refused(asked(worker))
    assert said.startswith(f"GET {worker.url}/connectors did not answer with HTTP ('J\\x00")
    assert said.endswith("; is that Kafka Connect?")


def test_an_answer_that_breaks_off(worker: Worker) -> None:
    worker.says("GET", "/connectors", HALF)
    assert f"GET {worker.url}/connectors: the connection broke: " in refused(asked(worker))


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = refused(Connect(f"http://127.0.0.1:{port}"))
    assert said.startswith(f"no Kafka Connect at http://127.0.0.1:{port}: Connection refused; is it running there?")


def test_a_host_without_an_address() -> None:
    assert "no Kafka Connect at http://nowhere.invalid:8083: " in refused(Connect("http://nowhere.invalid:8083"))


def test_no_address_at_all() -> None:
    assert "kafka:8083" in refused(Connect("kafka:8083"))


def test_names_are_quoted(worker: Worker) -> None:
    worker.says("GET", "/connectors/a%20b%2Fc/config", (200, {"name": "a b/c"}))
    assert asked(worker).config("a b/c") == {"name": "a b/c"}


def test_deleted_with_its_offsets(worker: Worker) -> None:
    config = {
        "connector.class": "io.debezium.connector.mysql.MySqlConnector",
        "schema.history.internal.kafka.topic": "history",
        "schema.history.internal.kafka.bootstrap.servers": "kafka:9092",
    }
    stopping = (400, {"error_code": 400, "message": "Connectors must be in the STOPPED state"})
    leaving = (500, {"error_code": 500, "message": "consumer group is not empty"})
    worker.says("GET", "/connectors/a/config", (200, config))
    worker.says("PUT", "/connectors/a/stop", (204, None))
    worker.says("DELETE", "/connectors/a/offsets", stopping, leaving, (200, {"message": "reset"}))
    worker.says("DELETE", "/connectors/a", (204, None))
    worker.says("GET", "/connectors", (200, ["a"]), (200, []))
    assert asked(worker).delete(["a", "not-there"], offsets=True) == ([("kafka:9092", "history")], {})
    assert worker.wrote() == ["PUT /connectors/a/stop", *["DELETE /connectors/a/offsets"] * 3, "DELETE /connectors/a"]


def test_offsets_that_connect_does_not_let_go_of(worker: Worker) -> None:
    worker.says("DELETE", "/connectors/a/offsets", (400, {"message": "must be STOPPED"}))
    with pytest.raises(RestError, match=r"offsets not done within 0.05 s: 400 must be STOPPED"):
        asked(worker, patience=0.05).forget_offsets("a")


def test_one_whose_plugin_is_gone_is_deleted_at_once_and_its_offsets_are_said_to_stay(worker: Worker) -> None:
    config = {"connector.class": "x.Gone"}
    said = f"{connect_rest.NO_PLUGIN} and which name matches x.Gone, available connectors are: ..."
    worker.says("GET", "/connectors/a/config", (200, config))
    worker.says("PUT", "/connectors/a/stop", (204, None))
    worker.says("DELETE", "/connectors/a/offsets", (500, {"error_code": 500, "message": said}))
    worker.says("DELETE", "/connectors/a", (204, None))
    worker.says("GET", "/connectors", (200, []))
    assert asked(worker).delete(["a"], offsets=True) == ([], {"a": config})
    assert worker.wrote() == ["PUT /connectors/a/stop", "DELETE /connectors/a/offsets", "DELETE /connectors/a"]


def test_only_debezium_has_a_history() -> None:
    assert history_topic({"connector.class": "FileStreamSource"}) == []
