"""What a lab takes on a machine (accounts, groups, units, files, folders), and what of it belongs to somebody else.

Nothing is changed. What an earlier run of the lab made passes.
"""

from __future__ import annotations

import grp
import itertools
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNIT_FOLDERS = ("etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system")
# Exists where role host has run: folders of programs are the lab's then.
PROVISIONED = "/usr/local/lib/streaming-lab/ready"
NO_LOGIN = ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false")


def _user(key: str | int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(key) if isinstance(key, str) else pwd.getpwuid(key)
    except KeyError:
        return None


def _group(key: str | int) -> grp.struct_group | None:
    try:
        return grp.getgrnam(key) if isinstance(key, str) else grp.getgrgid(key)
    except KeyError:
        return None


def account_problems(name: str, number: int, setting: str, home: str = "", hint: str = "") -> list[str]:
    """Say if a user name or its number belongs to somebody else; else the same of the group with that name and number.

    Args:
        name: of the user and its group.
        number: uid and gid.
        setting: the variable that gives the number.
        home: of the lab's user, where it has no shell: a user with a shell and another home is a person.
        hint: what else can be done about a user of that name.
    """
    user, holder = _user(name), _user(number)
    if user and user.pw_uid != number:
        remedy = f"rename it (usermod --login NEW {name})" + (f", {hint}" if hint else "")
        return [f"account: user {name} (uid {user.pw_uid}) is not the lab's; {remedy}"]
    if user and home and user.pw_shell not in NO_LOGIN and user.pw_dir != home:
        return [
            f"account: user {name} (home {user.pw_dir}, with a shell) is not the lab's; rename it and change its uid"
        ]
    if holder and not user:
        return [f"account: uid {number} belongs to user {holder.pw_name}; set {setting} to a free number"]
    return group_problems(name, number, setting)


def group_problems(name: str, number: int, setting: str) -> list[str]:
    """Say if a group name or its number belongs to somebody else.

    Args:
        name: of the group.
        number: its gid.
        setting: the variable that gives the number.
    """
    group, holder = _group(name), _group(number)
    if group and group.gr_gid != number:
        return [
            f"group: group {name} (gid {group.gr_gid}) is not the lab's; rename it (groupmod --new-name NEW {name})"
        ]
    if holder and not group:
        return [f"group: gid {number} belongs to group {holder.gr_name}; set {setting} to a free number"]
    return []


def student_problems(name: str, number: int, home: str) -> list[str]:
    """Say if the student's account cannot be used as it is, or cannot be made.

    Args:
        name: course_user.
        number: course_uid, for a user who is not there yet.
        home: course_home.
    """
    user, holder, folder = _user(name), _user(number), Path(home)
    if user:
        same = os.path.normpath(user.pw_dir) == os.path.normpath(home)
        return [] if same else [f"account: the home of user {name} is {user.pw_dir}; set course_home to it"]
    if holder:
        return [f"account: uid {number} belongs to user {holder.pw_name}; set course_uid to a free number"]
    if _group(name):
        return [f"group: group {name} is here without a user {name}; rename it (groupmod --new-name NEW {name})"]
    if folder.exists() and folder.stat().st_uid != number:
        return [f"file: {home} belongs to uid {folder.stat().st_uid}; move it away, or set course_user and course_home"]
    return []


def is_ours(path: Path, mark: str) -> bool:
    """Whether a file was written by a role: its head has the role's mark. A link never was.

    Args:
        path: a file that exists.
        mark: such as `(role kafka)`.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return not path.is_symlink() and any(mark in line for line in itertools.islice(file, 5))
    except OSError:
        return False


def unit_problems(name: str, mark: str, root: Path = Path("/")) -> list[str]:
    """Say if a unit with the name of one of ours comes from elsewhere.

    Args:
        name: such as kafka.service.
        mark: what ours has in its head.
        root: folder that stands for the root folder.
    """
    for folder in UNIT_FOLDERS:
        path, shown = root / folder / name, f"/{folder}/{name}"
        if not os.path.lexists(path):
            continue
        if path.is_symlink() and str(path.readlink()) == os.devnull:
            return [f"unit: {name} is masked; unmask it (systemctl unmask {name})"]
        if folder != UNIT_FOLDERS[0] or not is_ours(path, mark):
            return [f"unit: {shown} is not the lab's; stop and disable {name}, then rename or remove that file"]
    script = f"/etc/init.d/{name.removesuffix('.service')}"
    if (root / script.lstrip("/")).exists():
        return [f"unit: {script} is not the lab's; stop that service and remove its package or the file"]
    return []


def file_problems(path: str, mark: str, root: Path = Path("/")) -> list[str]:
    """Say if a file that a role writes is somebody else's.

    Args:
        path: of the file.
        mark: what ours has in its head.
        root: folder that stands for the root folder.
    """
    real = root / path.lstrip("/")
    if not os.path.lexists(real) or is_ours(real, mark):
        return []
    return [f"file: {path} is not the lab's; move it away"]


def data_problems(path: str, number: int, setting: str, root: Path = Path("/")) -> list[str]:
    """Say if a folder of data holds somebody else's.

    Args:
        path: of the folder, which may not exist yet.
        number: uid of the server.
        setting: the variable that gives the path.
        root: folder that stands for the root folder.
    """
    folder = root / path.lstrip("/")
    try:
        owner = folder.stat().st_uid
        holds = [entry.name for entry in folder.iterdir() if entry.name != "lost+found"] if folder.is_dir() else [path]
    except OSError:
        return []
    if owner == number or not holds:
        return []
    return [f"file: {path} belongs to uid {owner} and is not the lab's; move it away, or set {setting}"]


def program_problems(path: str, setting: str, root: Path = Path("/")) -> list[str]:
    """Say if a folder of programs, or a link to one, was there before the lab.

    Args:
        path: of the folder or link.
        setting: the variable that gives the path.
        root: folder that stands for the root folder.
    """
    if (root / PROVISIONED.lstrip("/")).exists() or not os.path.lexists(root / path.lstrip("/")):
        return []
    return [f"file: {path} is here and is not the lab's; move it away, or set {setting}"]


CHECKS: dict[str, Callable[..., list[str]]] = {
    "account": account_problems,
    "group": group_problems,
    "student": student_problems,
    "unit": unit_problems,
    "file": file_problems,
    "data": data_problems,
    "program": program_problems,
}


def problems(claims: list[dict[str, Any]]) -> list[str]:
    """What of a lab's claims belongs to somebody else, one readable line each.

    Args:
        claims: {kind, ...} each; kind is a key of CHECKS, the other keys are the parameters of its function.
    """
    found: list[str] = []
    for claim in claims:
        given = {key: int(value) if key == "number" else value for key, value in claim.items() if key != "kind"}
        found += CHECKS[claim["kind"]](**given)
    return found
