"""plugins/modules/hdfs_folder.py against a stand-in of WebHDFS: one user may write, nothing is opened to all."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.modules import hdfs_folder


class Cluster:
    """HDFS's folders by path, as the stand-in keeps them: owner, mode, access list, attributes."""

    def __init__(self) -> None:
        self.folders: dict[str, dict] = {"/": {"owner": "hdfs", "mode": "755", "acl": [], "xattrs": []}}
        self.standby = False
        self.asked: list[str] = []

    def answer(self, method: str, path: str, query: dict[str, str]) -> tuple[int, dict]:
        """Answer one request as WebHDFS does."""
        op, user = query["op"], query["user.name"]
        self.asked.append(op)
        if self.standby:
            return 403, self.error("StandbyException", "Operation category READ is not supported in state standby")
        if op == "MKDIRS":
            self.folders[path] = {"owner": user, "mode": query["permission"], "acl": [], "xattrs": []}
            return 200, {"boolean": True}
        if path not in self.folders:
            return 404, self.error("FileNotFoundException", f"File does not exist: {path}")
        return 200, self.known(op, path, query) or {}

    def known(self, op: str, path: str, query: dict[str, str]) -> dict | None:
        """Do what is asked of a folder that exists."""
        folder = self.folders[path]
        match op:
            case "SETOWNER":
                folder["owner"] = query["owner"]
            case "SETXATTR":
                folder["xattrs"].append(query["xattr.name"])
            case "MODIFYACLENTRIES":
                folder["acl"] = query["aclspec"].split(",")
            case "REMOVEACLENTRIES":
                folder["acl"] = []
            case "GETACLSTATUS":
                return {"AclStatus": {"entries": folder["acl"]}}
            case "LISTXATTRS":
                return {"XAttrNames": json.dumps(folder["xattrs"])}
            case "LISTSTATUS":
                below = [name for name in self.folders if name != path and Path(name).parent == Path(path)]
                return {"FileStatuses": {"FileStatus": below}}
            case "DELETE":
                del self.folders[path]
        return None

    @staticmethod
    def error(name: str, message: str) -> dict:
        """An error in WebHDFS's form."""
        return {"RemoteException": {"exception": name, "javaClassName": name, "message": f"{message}\n\tat x"}}

    def may(self, path: str, user: str) -> bool:
        """Whether a user may write."""
        folder = self.folders[path]
        return user in ("hdfs", folder["owner"]) or f"user:{user}:rwx" in folder["acl"]


@pytest.fixture
def cluster() -> Iterator[tuple[Cluster, str]]:
    """A stand-in and its address."""
    found = Cluster()

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(parts.query))
            path = parts.path.removeprefix("/webhdfs/v1")
            status, body = found.answer(self.command, path, query)
            if status == 200 and query["op"] == "CHECKACCESS" and not found.may(path, query["user.name"]):
                status, body = 403, found.error("AccessControlException", f"Permission denied: {query['user.name']}")
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield found, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


PATH = "/user/hadoop/kafka"


def test_missing_folders_belong_to_the_user_and_to_nobody_else(cluster: tuple[Cluster, str]) -> None:
    found, url = cluster
    hdfs = hdfs_folder.WebHdfs([url], "hdfs")
    assert hdfs_folder.present(hdfs, PATH, "hadoop", change=False)
    assert set(found.folders) == {"/"}
    assert len(hdfs_folder.present(hdfs, PATH, "hadoop", change=True)) == 3
    owners = {path: folder["owner"] for path, folder in found.folders.items()}
    assert owners == {"/": "hdfs", "/user": "hdfs", "/user/hadoop": "hadoop", PATH: "hadoop"}
    assert {folder["mode"] for folder in found.folders.values()} == {"755"}
    assert hdfs_folder.present(hdfs, PATH, "hadoop", change=True) == []
    assert len(hdfs_folder.absent(hdfs, PATH, "hadoop", change=True)) == 3
    assert set(found.folders) == {"/"}


def test_a_folder_of_somebody_else_keeps_owner_and_mode(cluster: tuple[Cluster, str]) -> None:
    found, url = cluster
    hdfs = hdfs_folder.WebHdfs([url], "hdfs")
    for path in ("/user", "/user/hadoop", PATH):
        found.folders[path] = {"owner": "professor", "mode": "750", "acl": [], "xattrs": []}
    (action,) = hdfs_folder.present(hdfs, PATH, "hadoop", change=True)
    assert "access list" in action
    folder = found.folders[PATH]
    assert (folder["owner"], folder["mode"]) == ("professor", "750")
    assert folder["acl"] == ["user:hadoop:rwx", "default:user:hadoop:rwx"]
    assert hdfs_folder.present(hdfs, PATH, "hadoop", change=True) == []
    assert len(hdfs_folder.absent(hdfs, PATH, "hadoop", change=True)) == 1
    assert (found.folders[PATH]["acl"], found.folders[PATH]["owner"]) == ([], "professor")


def test_undo_keeps_a_folder_with_files(cluster: tuple[Cluster, str]) -> None:
    found, url = cluster
    hdfs = hdfs_folder.WebHdfs([url], "hdfs")
    hdfs_folder.present(hdfs, PATH, "hadoop", change=True)
    found.folders[f"{PATH}/temperatures.txt"] = {"owner": "hadoop", "mode": "644", "acl": [], "xattrs": []}
    assert hdfs_folder.absent(hdfs, PATH, "hadoop", change=True) == []
    assert PATH in found.folders


def test_the_active_namenode_is_asked(cluster: tuple[Cluster, str]) -> None:
    found, url = cluster
    hdfs = hdfs_folder.WebHdfs(["http://127.0.0.1:9", url], "hdfs")
    assert hdfs.exists("/")
    found.standby = True
    with pytest.raises(hdfs_folder.HdfsError, match="standby"):
        hdfs.exists("/")
