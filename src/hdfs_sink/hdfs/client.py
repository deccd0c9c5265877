"""A client of WebHDFS: HdfsCLI with timeouts, extended attributes, CONCAT, and a rename with a result.

https://hadoop.apache.org/docs/r3.4.1/hadoop-project-dist/hadoop-hdfs/WebHDFS.html
"""

from __future__ import annotations

import contextlib
import json
import posixpath
from typing import Any

import requests
from hdfs import HdfsError, InsecureClient
from hdfs.client import _Request

ATTRIBUTE = "user.hdfs-sink"
TIMEOUT = (4, 20)
"""Seconds to connect and to wait for an answer. HdfsCLI has no timeout by default."""
ERRORS = (HdfsError, requests.RequestException, OSError)
"""Errors of all calls: HDFS refuses, does not answer, or the answer is not its JSON."""


class Client(InsecureClient):
    """A client of WebHDFS. Every call may raise one of ERRORS; a request without an answer may be done."""

    _set_x_attr = _Request("PUT")
    _get_x_attrs = _Request("GET")
    _concat = _Request("POST")

    def __init__(self, urls: str, user: str) -> None:
        """Make a client.

        Args:
            urls: of the NameNodes, separated by commas.
            user: HDFS's user.
        """
        session = requests.Session()
        # HDFS is in the lab's network: a proxy of the environment does not know its hosts.
        session.trust_env = False
        super().__init__(urls.replace(",", ";"), user=user, timeout=TIMEOUT, session=session)

    def names(self, folder: str) -> list[str]:
        """List the names in a folder; empty if it does not exist."""
        return [status["pathSuffix"] for status in self.statuses(folder)]

    def statuses(self, folder: str) -> list[dict[str, Any]]:
        """List WebHDFS's status of each entry of a folder; empty if it does not exist."""
        answer = self._list_status(folder, strict=False)
        if _absent(answer):
            return []
        return self._json(answer)["FileStatuses"]["FileStatus"]

    def exists(self, path: str) -> bool:
        """Tell whether a file or folder exists."""
        answer = self._get_file_status(path, strict=False)
        if _absent(answer):
            return False
        self._json(answer)
        return True

    def move(self, source: str, target: str) -> bool:
        """Rename, never onto or into an existing path.

        Returns:
            False: the source is gone, the target exists, or its folder does not exist.
        """
        answer = self._rename(source, strict=False, destination=target, renameoptions="NONE")
        if answer.status_code in (403, 404) and _exception(answer) in (
            "FileNotFoundException",
            "FileAlreadyExistsException",
            "ParentNotDirectoryException",
        ):
            return False
        if not answer.ok:
            raise HdfsError(_message(answer), exception=_exception(answer))
        return True

    def describe(self, path: str, attributes: dict[str, Any]) -> None:
        """Attach a small dictionary to a file."""
        text = json.dumps(attributes, separators=(",", ":"))
        self._set_x_attr(path, **{"xattr.name": ATTRIBUTE, "xattr.value": f'"{text}"', "flag": "CREATE,REPLACE"})

    def description(self, path: str) -> dict[str, Any]:
        """Read the dictionary that `describe` attached to a file; empty if there is none."""
        answer = self._get_x_attrs(path, strict=False, encoding="text")
        if not answer.ok:
            if answer.status_code in (403, 404) and _exception(answer) == "IOException":
                return {}
            raise HdfsError(_message(answer), exception=_exception(answer))
        for entry in self._json(answer)["XAttrs"]:
            if entry["name"] == ATTRIBUTE:
                # People may have written it by hand.
                with contextlib.suppress(ValueError, TypeError):
                    return dict(json.loads(entry["value"][1:-1]))
        return {}

    def join(self, target: str, sources: list[str]) -> None:
        """Move the blocks of files to the end of another file of the same folder, in one step for all readers."""
        self._concat(target, sources=",".join(self.resolve(source) for source in sources))

    def remove(self, path: str, whole: bool = False) -> None:
        """Delete a file or an empty folder, if it exists; with `whole` a folder with its content."""
        self._delete(path, recursive="true" if whole else "false")

    def parent(self, path: str) -> None:
        """Create the folder of a path."""
        self._mkdirs(posixpath.dirname(path))

    @staticmethod
    def _json(answer: requests.Response) -> dict[str, Any]:
        if not answer.ok:
            raise HdfsError(_message(answer), exception=_exception(answer))
        return answer.json()


def _absent(answer: requests.Response) -> bool:
    """Whether HDFS itself answers that a path does not exist; a gateway's 404 says nothing about it."""
    return answer.status_code == 404 and _exception(answer) == "FileNotFoundException"


def _remote(answer: requests.Response) -> dict[str, Any]:
    try:
        return answer.json()["RemoteException"]
    except (ValueError, KeyError, TypeError):
        return {"message": f"status {answer.status_code}: {answer.text[:200]}", "exception": None}


def _message(answer: requests.Response) -> str:
    return str(_remote(answer).get("message"))


def _exception(answer: requests.Response) -> str | None:
    return _remote(answer).get("exception")
