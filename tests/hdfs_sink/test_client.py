"""The client of WebHDFS: each request as it goes to the NameNode, and what each answer becomes."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hdfs import HdfsError

from hdfs_sink.hdfs.client import Client


class NameNode(requests.adapters.BaseAdapter):
    """Answers in the order of `answers`, each a status and a body; notes method, path, parameters and timeout."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[int, Any]] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.timeouts: set[Any] = set()

    def send(self, request: Any, timeout: Any = None, **_: Any) -> requests.Response:
        url = urlsplit(request.url)
        parameters = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert parameters.pop("user.name") == "hadoop"
        operation = parameters.pop("op")
        self.requests.append((f"{request.method} {operation}", url.path.removeprefix("/webhdfs/v1"), parameters))
        self.timeouts.add(timeout)
        status, body = self.answers.pop(0) if self.answers else (200, {"boolean": True})
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url, request
        data = body if isinstance(body, str) else json.dumps(body)
        response.raw = io.BytesIO(data.encode())
        response.headers["Content-Type"] = "application/json"
        return response

    def close(self) -> None:
        pass


@pytest.fixture
def namenode(monkeypatch: pytest.MonkeyPatch) -> NameNode:
    made = NameNode()
    monkeypatch.setattr(requests.Session, "get_adapter", lambda self, url: made)
    return made


@pytest.fixture
def client(namenode: NameNode) -> Client:
    return Client("http://nn1:9870,http://nn2:9870", "hadoop")


def remote(exception: str, message: str = "no") -> dict[str, Any]:
    return {"RemoteException": {"exception": exception, "message": message}}


GONE = (404, remote("FileNotFoundException"))
GATEWAY = (404, "<html>")


def test_requests_have_timeouts_and_pass_no_proxy(client, namenode):
    client.exists("/a")
    assert namenode.timeouts == {(4, 20)}
    assert client._session.trust_env is False
    assert list(client._urls) == ["http://nn1:9870", "http://nn2:9870"]


def test_a_folder_is_listed_and_is_empty_if_it_does_not_exist(client, namenode):
    entries = [{"pathSuffix": "a", "length": 1}, {"pathSuffix": "b", "length": 2}]
    namenode.answers = [(200, {"FileStatuses": {"FileStatus": entries}})] * 2 + [GONE]
    assert client.statuses("/folder") == entries
    assert client.names("/folder") == ["a", "b"]
    assert client.names("/folder") == []
    assert namenode.requests[0] == ("GET LISTSTATUS", "/folder", {})


def test_only_hdfs_itself_says_that_a_path_does_not_exist(client, namenode):
    namenode.answers = [(200, {}), GONE, GATEWAY, (403, remote("AccessControlException", "denied"))]
    assert client.exists("/a") is True
    assert client.exists("/a") is False
    with pytest.raises(HdfsError, match="status 404: <html>"):
        client.exists("/a")
    with pytest.raises(HdfsError, match="denied") as refused:
        client.exists("/a")
    assert refused.value.exception == "AccessControlException"


@pytest.mark.parametrize(
    ("answer", "moved"),
    [
        ((200, {}), True),
        (GONE, False),
        ((403, remote("FileAlreadyExistsException")), False),
        ((403, remote("ParentNotDirectoryException")), False),
    ],
)
def test_a_rename_says_whether_it_was_done(client, namenode, answer, moved):
    namenode.answers = [answer]
    assert client.move("/a", "/b") is moved
    assert namenode.requests == [("PUT RENAME", "/a", {"destination": "/b", "renameoptions": "NONE"})]


@pytest.mark.parametrize(
    "answer", [(403, remote("SafeModeException", "safe mode")), (500, remote("FileNotFoundException", "safe mode"))]
)
def test_a_rename_that_failed_for_another_reason_is_an_error(client, namenode, answer):
    namenode.answers = [answer]
    with pytest.raises(HdfsError, match="safe mode"):
        client.move("/a", "/b")


def test_a_description_is_attached_and_read(client, namenode):
    client.describe("/a", {"end": 5})
    attribute = {"xattr.name": "user.hdfs-sink", "xattr.value": '"{"end":5}"', "flag": "CREATE,REPLACE"}
    assert namenode.requests == [("PUT SETXATTR", "/a", attribute)]
    entries = [{"name": "user.other", "value": '"1"'}, {"name": "user.hdfs-sink", "value": '"{"end":5}"'}]
    namenode.answers = [(200, {"XAttrs": entries})]
    assert client.description("/a") == {"end": 5}
    assert namenode.requests[1] == ("GET GETXATTRS", "/a", {"encoding": "text"})


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"XAttrs": []}),
        (200, {"XAttrs": [{"name": "user.hdfs-sink", "value": '"by hand"'}]}),
        (200, {"XAttrs": [{"name": "user.hdfs-sink", "value": '"5"'}]}),
        (403, remote("IOException")),
        (404, remote("IOException")),
    ],
)
def test_a_file_without_a_description_has_an_empty_one(client, namenode, answer):
    namenode.answers = [answer]
    assert client.description("/a") == {}


@pytest.mark.parametrize(
    "answer", [(500, remote("IOException", "why")), (403, remote("AccessControlException", "why"))]
)
def test_a_description_that_cannot_be_read_is_an_error(client, namenode, answer):
    namenode.answers = [answer]
    with pytest.raises(HdfsError, match="why"):
        client.description("/a")


def test_files_are_joined_deleted_and_get_their_folder(client, namenode):
    client.join("/f/a", ["/f/b", "/f/c"])
    client.remove("/f/a")
    client.remove("/f", whole=True)
    client.parent("/f/g/h")
    assert namenode.requests == [
        ("POST CONCAT", "/f/a", {"sources": "/f/b,/f/c"}),
        ("DELETE DELETE", "/f/a", {"recursive": "false"}),
        ("DELETE DELETE", "/f", {"recursive": "true"}),
        ("PUT MKDIRS", "/f/g", {}),
    ]
