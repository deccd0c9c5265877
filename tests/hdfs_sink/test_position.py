"""What lies in HDFS stays right when it grows, when parts of it are deleted or copied, and when HDFS half answers."""

from __future__ import annotations

import json

import pytest
import requests
from hdfs import HdfsError

from hdfs_sink import backoff
from hdfs_sink.hdfs import client as webhdfs
from hdfs_sink.hdfs import compact, names, position
from hdfs_sink.hdfs.names import Paths, Position, file_name
from tests.hdfs_sink.hdfs_store import FOLDER, Client, Store
from tests.hdfs_sink.kit import TOPIC, make_sink, settings, turn_until
from tests.hdfs_sink.scheduler import Killed
from tests.hdfs_sink.topic_log import Log

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
    """A client of WebHDFS; each request has this answer."""
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
        position.publish(client, PATHS, Position(3, 0, "-", "0123456789ab", "csv"))


@pytest.mark.parametrize("refused", ["write", "describe"])
def test_uploads_that_fail_leave_nothing_behind_while_they_are_tried_again(refused):
    store, log, full = Store(), Log(), [True]
    log.fill(3)

    def step(name: str, done: bool) -> None:
        # The name is made before its bytes are refused.
        if name == refused and done and full[0] and made.state.partitions:
            raise HdfsError("The DiskSpace quota of /sink is exceeded")

    made = make_sink(store, log, step=step)
    turn_until(made, lambda: made.metrics.retries >= 20)
    assert made.state.client.names(f"{PATHS.home}/staged") == []
    assert made.metrics.trouble.startswith("waiting: The DiskSpace quota")
    full[0] = False
    turn_until(made, lambda: store.visible() == ["0", "1", "2"])


@pytest.mark.parametrize("about", [{}, {"end": None, "pieces": 2}])
def test_a_file_that_does_not_say_how_far_it_reaches_stops_the_sink_and_nothing_is_read_again(about):
    store, log = Store(), Log()
    log.fill(8)
    publish(store, 0, 4)
    path = publish(store, 4, 8, about)
    made = make_sink(store, log)
    turn_until(made, lambda: made.metrics.retries >= 5)
    assert made.metrics.trouble.startswith(f"waiting: {path} does not say which offset comes after it")
    assert """hdfs dfs -setfattr -n user.hdfs-sink -v '{"end":OFFSET}' FILE (try""" in made.metrics.trouble
    store.about[path] = {"end": 8}
    log.fill(2)
    turn_until(made, lambda: len(store.visible()) == 10)
    assert store.visible() == [str(number) for number in range(10)]


def test_a_file_that_was_merged_since_it_was_listed_is_not_passed_over():
    class Late(Client):
        def description(self, path: str) -> dict:
            found = super().description(path)
            compact.compact(Client(store), settings(), min_files=2)
            return found

    store = Store()
    publish(store, 0, 4)
    publish(store, 4, 8)
    with pytest.raises(HdfsError, match="is not there"):
        position.find(Late(store), PATHS, lambda: 0)
    assert position.find(Client(store), PATHS, lambda: 0).next == 8


@pytest.mark.parametrize(
    ("abouts", "merged"),
    [
        ([{}, {}], {"pieces": 2}),
        ([{"start": 0, "end": 4}, {}], {"start": 0, "pieces": 2}),
        ([{}, {"start": 4, "end": 8}], {"end": 8, "pieces": 2}),
    ],
)
def test_a_merged_file_says_no_end_where_its_last_part_says_none(abouts, merged):
    store = Store()
    path = publish(store, 0, 4, abouts[0])
    publish(store, 4, 8, abouts[1])
    assert compact.compact(Client(store), settings(), min_files=2) == {0: 1}
    assert store.about[path] == merged


@pytest.mark.parametrize("text", ['"{"end":OFFSET}"', '"8"', None])
def test_a_description_that_somebody_wrote_by_hand_and_wrong_counts_as_none(text):
    attribute = {"name": webhdfs.ATTRIBUTE, "value": text}
    assert answering(200, json.dumps({"XAttrs": [attribute]})).description("/sink/a") == {}


def test_what_is_attached_to_a_file_that_is_not_there_is_unknown():
    with pytest.raises(HdfsError, match="said by FileNotFoundException"):
        answering(404, refusal("FileNotFoundException")).description("/sink/a")


def test_a_sink_lives_on_when_its_hidden_folder_is_deleted_under_it(monkeypatch):
    monkeypatch.setattr("hdfs_sink.following.LOOK_EVERY", 0.0)
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log)
    turn_until(made, lambda: len(store.visible()) == 5)
    Client(store).remove(f"{FOLDER}/_sink", whole=True)
    log.fill(5)
    turn_until(made, lambda: len(store.visible()) >= 10)
    assert store.visible() == [str(number) for number in range(10)]
    assert made.metrics.sum("fenced") == 1


def test_a_place_is_made_in_a_folder_where_files_are_staged():
    store = Store()
    client = Client(store)
    client.write(f"{PATHS.home}/staged/0123456789ab.csv", data=b"0\n")
    assert position.find(client, PATHS, lambda: 7).next == 7
    assert client.names(f"{FOLDER}/_sink/{TOPIC}/id-1") == ["0"]


@pytest.mark.parametrize("before", ["write", "mkdirs", "move", "remove"])
def test_of_two_that_make_a_place_one_wins_whatever_the_other_was_about_to_do(before):
    def step(name: str, done: bool) -> None:
        if name == before and not done and not others:
            others.append(position.find(Client(store), PATHS, lambda: 7))

    store, others = Store(), []
    found = position.find(Client(store, step), PATHS, lambda: 3)
    assert others == [found]
    assert Client(store).names(f"{PATHS.home}/at") == [str(found)]
    assert Client(store).names(f"{FOLDER}/_sink/{TOPIC}/id-1") == ["0"]


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", ["write", "mkdirs", "move", "remove"])
def test_who_dies_while_a_place_is_made_leaves_one_or_none(at, done):
    def step(name: str, is_done: bool) -> None:
        if (name, is_done) == (at, done):
            raise Killed

    store = Store()
    with pytest.raises(Killed):
        position.find(Client(store, step), PATHS, lambda: 3)
    names = Client(store).names(f"{PATHS.home}/at")
    assert len(names) == (at == "remove" or (at, done) == ("move", True))
    found = position.find(Client(store), PATHS, lambda: 3)
    assert found.next == 3
    assert names in ([], [str(found)])


def test_a_topic_that_would_hide_its_files_goes_on_after_its_hidden_folder_was_deleted():
    store, hidden = Store(), Paths(FOLDER, "_inner", "id-1", 0)
    path = f"{FOLDER}/{file_name('_inner', 0, 0, 'csv')}"
    store.make_parents(path)
    store.files[path], store.about[path] = b"0\n1\n", {"start": 0, "end": 2, "rows": 2}
    assert position.find(Client(store), hidden, lambda: 0).next == 2


def test_a_place_is_read_back_from_its_name():
    position = names.Position(12, 7, "2026-11-25", "0123456789ab", "csv")
    assert names.Position.read(str(position)) == position
    with pytest.raises(ValueError, match="does not name a position"):
        names.Position.read("README")


def test_a_topic_whose_name_would_hide_its_files_gets_a_letter():
    assert names.file_name("_t", 0, 5, "csv") == "t_t+0+00000000000000000005.csv"
