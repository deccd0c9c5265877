"""HdfsCLI's client with what the sink needs besides: timeouts, extended attributes, CONCAT, and a rename that tells.

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
"""Seconds to connect and to wait for an answer. HdfsCLI alone waits for ever."""
ERRORS = (HdfsError, requests.RequestException, OSError)
"""What calls raise: HDFS refuses, does not answer, or answers with something that is not its JSON."""


class Client(InsecureClient):
    """A client of WebHDFS. Every call may raise one of ERRORS; what had no answer may be done all the same."""

    _set_x_attr = _Request("PUT")
    _get_x_attrs = _Request("GET")
    _concat = _Request("POST")

    def __init__(self, urls: str, user: str) -> None:
        """Make a client.

        Parameters:
            urls: of the NameNodes, separated by commas.
            user: as whom to write.
        """
        session = requests.Session()
        # HDFS is in the lab's own network: a proxy of the environment does not know its hosts.
        session.trust_env = False
        super().__init__(urls.replace(",", ";"), user=user, timeout=TIMEOUT, session=session)

    def names(self, folder: str) -> list[str]:
        """List a folder; nothing if it is not there."""
        return [status["pathSuffix"] for status in self.statuses(folder)]

    def statuses(self, folder: str) -> list[dict[str, Any]]:
        """List a folder with WebHDFS's status of each entry; nothing if it is not there."""
        answer = self._list_status(folder, strict=False)
        if _absent(answer):
            return []
        return self._json(answer)["FileStatuses"]["FileStatus"]

    def exists(self, path: str) -> bool:
        """Tell whether a file or folder is there."""
        answer = self._get_file_status(path, strict=False)
        if _absent(answer):
            return False
        self._json(answer)
        return True

    def move(self, source: str, target: str) -> bool:
        """Rename, never onto or into something that is there.

        Returns:
            whether it was done: False means that the source is gone, or that the target or no folder for it is there.
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

    def describe(self, path: str, what: dict[str, Any]) -> None:
        """Attach a small dictionary to a file."""
        text = json.dumps(what, separators=(",", ":"))
        self._set_x_attr(path, **{"xattr.name": ATTRIBUTE, "xattr.value": f'"{text}"', "flag": "CREATE,REPLACE"})

    def description(self, path: str) -> dict[str, Any]:
        """Read what `describe` attached to a file; an empty dictionary where it has nothing of this kind."""
        answer = self._get_x_attrs(path, strict=False, encoding="text")
        if not answer.ok:
            if answer.status_code in (403, 404) and _exception(answer) == "IOException":
                return {}
            raise HdfsError(_message(answer), exception=_exception(answer))
        for entry in self._json(answer)["XAttrs"]:
            if entry["name"] == ATTRIBUTE:
                # Somebody may have written it by hand.
                with contextlib.suppress(ValueError, TypeError):
                    return dict(json.loads(entry["value"][1:-1]))
        return {}

    def join(self, target: str, sources: list[str]) -> None:
        """Move the blocks of files of one folder to the end of another file of it, at once for all readers."""
        self._concat(target, sources=",".join(self.resolve(source) for source in sources))

    def remove(self, path: str, whole: bool = False) -> None:
        """Delete a file or an empty folder, if it is there; with `whole` a folder with all that it holds."""
        self._delete(path, recursive="true" if whole else "false")

    def parent(self, path: str) -> None:
        """Make the folder that a path lies in."""
        self._mkdirs(posixpath.dirname(path))

    @staticmethod
    def _json(answer: requests.Response) -> dict[str, Any]:
        if not answer.ok:
            raise HdfsError(_message(answer), exception=_exception(answer))
        return answer.json()


def _absent(answer: requests.Response) -> bool:
    """Whether HDFS itself says that a path is not there; a gateway's 404 says nothing about it."""
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
