"""What lies in HDFS stays right when it grows, when parts of it are deleted or copied, and when HDFS half answers."""

from __future__ import annotations

import json

import pytest
import requests
from hdfs import HdfsError
from hdfs_sink import backoff, compact, place, webhdfs
from hdfs_sink.names import Paths, Place, file_name
from hdfs_sink_kit import FOLDER, TOPIC, Client, Log, Store, make_sink, settings, turn_until

PATHS = Paths(FOLDER, TOPIC, "id-1", 0)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(backoff, "DELAYS", (0.0,))


def publish(store: Store, start: int, end: int, about: dict | None = None) -> str:
    """A published file of partition 0 with one row an offset; returns its path."""
    path = f"{FOLDER}/{file_name(TOPIC, 0, start, 'csv')}"
    store.make_parents(path)
    store.files[path] = "".join(f"{number}\n" for number in range(start, end)).encode()
    store.about[path] = {"start": start, "end": end, "rows": end - start} if about is None else about
    return path


def test_a_week_of_a_file_each_30_seconds_is_eleven_files():
    store, given, made = Store(), settings(), 0
    for _ in range(7 * 24):
        for _ in range(120):
            publish(store, made, made + 1)
            made += 1
        compact.compact(Client(store), given)
    assert len(store.names()) == 11, f"{len(store.names())} files"
    assert store.visible() == [str(number) for number in range(made)]
    abouts = [store.about[f"{FOLDER}/{name}"] for name in store.names()]
    assert [about["pieces"] for about in abouts] == [2000] * 10 + [160]
    assert [about["end"] for about in abouts] == [*range(2000, 20_001, 2000), made]


def test_behind_a_full_file_none_is_given_blocks_larger_than_its_own():
    class Recorder(Client):
        def join(self, target: str, sources: list[str]) -> None:
            joined.append((target, sources))

    store, joined = Store(), []
    paths = [publish(store, 0, 1, {"start": 0, "end": 1, "pieces": compact.PIECES})]
    paths += [publish(store, start, start + 1) for start in (1, 2, 3)]
    group = [
        {"pathSuffix": path.removeprefix(f"{FOLDER}/"), "blockSize": size, "replication": 1}
        for path, size in zip(paths, (2, 1, 2, 2), strict=True)
    ]
    assert compact.join(Recorder(store), FOLDER, group) == 1
    assert joined == [(paths[2], [paths[3]])]


def answering(status: int, body: str) -> webhdfs.Client:
    """A client of WebHDFS, each of whose requests has this answer."""
    answer = requests.Response()
    answer.status_code, answer._content = status, body.encode()
    client = webhdfs.Client("http://namenode:9870", "hadoop")
    client._session.request = lambda **_: answer
    return client


def refusal(exception: str) -> str:
    """What HDFS answers where it does not do a request."""
    return json.dumps({"RemoteException": {"exception": exception, "message": f"said by {exception}"}})


def test_hdfs_says_what_is_not_there():
    client = answering(404, refusal("FileNotFoundException"))
    assert not client.exists("/sink/a")
    assert client.names("/sink") == []


def test_a_404_of_something_else_than_hdfs_does_not_say_that_a_file_is_not_there():
    client = answering(404, "<html>no backend</html>")
    with pytest.raises(HdfsError, match="no backend"):
        client.exists("/sink/a")
    with pytest.raises(HdfsError, match="no backend"):
        client.names("/sink")


def test_a_committed_batch_is_not_taken_for_published_because_a_gateway_answers_404():
    client = answering(404, refusal("FileNotFoundException"))
    client._get_file_status = answering(404, "<html>no backend</html>")._get_file_status
    with pytest.raises(HdfsError, match="no backend"):
        place.publish(client, PATHS, Place(3, 0, "-", "0123456789ab", "csv"))


@pytest.mark.parametrize("refused", ["write", "describe"])
def test_uploads_that_fail_leave_nothing_behind_while_they_are_tried_again(refused):
    store, log, full = Store(), Log(), [True]
    log.fill(3)

    def step(name: str, done: bool) -> None:
        # The name is made before its bytes are refused.
        if name == refused and done and full[0] and made.parts:
            raise HdfsError("The DiskSpace quota of /sink is exceeded")

    made = make_sink(store, log, step=step)
    turn_until(made, lambda: made.tally.retries >= 20)
    assert made.client.names(f"{PATHS.home}/staged") == []
    assert made.tally.trouble.startswith("waiting: The DiskSpace quota")
    full[0] = False
    turn_until(made, lambda: store.visible() == ["0", "1", "2"])
