"""Ansible module: a folder of HDFS that one user may write in, made over WebHDFS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hdfs_folder
short_description: A folder of HDFS that one user may write in
description:
  - Makes a folder of HDFS over WebHDFS, with those above it that are missing, and gives what it made to its user.
  - A folder that exists keeps owner, group and mode. Where its user may not write in it, the user gets an entry in the
    folder's access list (and in that of folders made below it).
  - Nothing is ever opened to all users.
options:
  path: {description: The folder., type: str, required: true}
  owner: {description: The user who writes in it., type: str, required: true}
  superuser: {description: The user that HDFS runs as., type: str, required: true}
  urls:
    description: Web addresses of the NameNodes; the one that is active is used.
    type: list
    elements: str
    required: true
  state:
    description: V(absent) takes the entry of the access list away, and removes a folder that was made and is empty.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode: {support: full}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Make the folder of the course
  streaming.lab.hdfs_folder: {path: /user/hadoop/kafka, owner: hadoop, superuser: hdfs, urls: ["http://localhost:9870"]}
"""

RETURN = r"""
actions: {description: What was done., type: list, elements: str, returned: always}
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import PurePosixPath
from typing import Any

from ansible.module_utils.basic import AnsibleModule

# Marks a folder that this module made.
MARK = "user.streaming-lab"
TIMEOUT_SECONDS = 30


class HdfsError(Exception):
    """What HDFS answered: its exception's name and its message, in one line."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class WebHdfs:
    """WebHDFS of a cluster.

    Parameters: urls, of its NameNodes; user, who asks.
    """

    def __init__(self, urls: list[str], user: str) -> None:
        self.urls, self.user = urls, user
        # Neither a proxy of the environment nor one of the machine: the cluster is near.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method: str, path: str, op: str, user: str = "", **query: str) -> Any:
        """One request to the active NameNode; its JSON.

        Raises HdfsError.
        """
        words = urllib.parse.urlencode({"op": op, "user.name": user or self.user, **query})
        error = HdfsError("", "no NameNode was named")
        for url in self.urls:
            address = f"{url}/webhdfs/v1{urllib.parse.quote(path)}?{words}"
            request = urllib.request.Request(address, method=method)  # noqa: S310 - http, from the inventory
            try:
                with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                    return json.loads(answer.read() or b"{}")
            except urllib.error.HTTPError as answer:
                error = self._error(answer)
                if error.name != "StandbyException":
                    raise error from None
            except (OSError, ValueError) as reason:
                error = HdfsError("", f"{url}: {reason}")
        raise error

    @staticmethod
    def _error(answer: urllib.error.HTTPError) -> HdfsError:
        try:
            said = json.loads(answer.read())["RemoteException"]
            return HdfsError(said["exception"], said["message"].splitlines()[0])
        except (ValueError, KeyError, OSError):
            return HdfsError("", f"{answer.url.partition('?')[0]}: HTTP {answer.code}")

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        try:
            self.call("GET", path, "GETFILESTATUS")
        except HdfsError as error:
            if error.name == "FileNotFoundException":
                return False
            raise
        return True

    def may_write(self, path: str, user: str) -> str:
        """Empty where a user may list and write a folder, else why not, in HDFS's words."""
        try:
            self.call("GET", path, "CHECKACCESS", user=user, fsaction="rwx")
        except HdfsError as error:
            if error.name == "AccessControlException":
                return str(error)
            raise
        return ""


def present(hdfs: WebHdfs, path: str, owner: str, change: bool) -> list[str]:
    """Let a user write in a folder; what was done.

    Parameters: hdfs, as its superuser; path, of the folder; owner, the user; change, whether to do it.
    Raises HdfsError.
    """
    actions = []
    parents = [str(folder) for folder in reversed(PurePosixPath(path).parents)][1:]
    missing = [folder for folder in [*parents, path] if not hdfs.exists(folder)]
    for folder in missing:
        actions.append(f"made {folder} for {owner}")
        if change:
            hdfs.call("PUT", folder, "MKDIRS", permission="755")
            hdfs.call("PUT", folder, "SETXATTR", **{"xattr.name": MARK, "xattr.value": '"made"', "flag": "CREATE"})
            # The folder of all homes stays the superuser's.
            if folder != "/user":
                hdfs.call("PUT", folder, "SETOWNER", owner=owner)
    if (missing and not change) or not hdfs.may_write(path, owner):
        return actions
    actions.append(f"let {owner} write in {path}, by its access list")
    if change:
        entries = f"user:{owner}:rwx,default:user:{owner}:rwx"
        hdfs.call("PUT", path, "MODIFYACLENTRIES", aclspec=entries)
        if reason := hdfs.may_write(path, owner):
            raise HdfsError("AccessControlException", f"{reason}; let {owner} pass the folders above {path}")
    return actions


def absent(hdfs: WebHdfs, path: str, owner: str, change: bool) -> list[str]:
    """Undo present; what was done. Folders with files, and those that somebody else made, stay."""
    if not hdfs.exists(path):
        return []
    actions = []
    entries = hdfs.call("GET", path, "GETACLSTATUS")["AclStatus"]["entries"]
    if f"user:{owner}:rwx" in entries:
        actions.append(f"took {owner} off the access list of {path}")
        if change:
            hdfs.call("PUT", path, "REMOVEACLENTRIES", aclspec=f"user:{owner}:,default:user:{owner}:")
    for folder in [path, *(str(parent) for parent in PurePosixPath(path).parents)][:-1]:
        names = hdfs.call("GET", folder, "LISTXATTRS").get("XAttrNames", "[]")
        if MARK not in json.loads(names) or hdfs.call("GET", folder, "LISTSTATUS")["FileStatuses"]["FileStatus"]:
            break
        actions.append(f"removed {folder}")
        if not change:
            break
        hdfs.call("DELETE", folder, "DELETE")
    return actions


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "str", "required": True},
            "owner": {"type": "str", "required": True},
            "superuser": {"type": "str", "required": True},
            "urls": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    path, owner = module.params["path"].rstrip("/"), module.params["owner"]
    hdfs = WebHdfs(module.params["urls"], module.params["superuser"])
    act = present if module.params["state"] == "present" else absent
    try:
        actions = act(hdfs, path, owner, not module.check_mode)
    except HdfsError as error:
        module.fail_json(msg=f"HDFS: {error}")
    module.exit_json(changed=bool(actions), actions=actions)


if __name__ == "__main__":
    main()
