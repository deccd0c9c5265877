"""Files that people made outside the volumes of a container, kept when it is made anew.

The Kafka home is no volume: its programs come with the lab. What a student and the Connect worker made in it
(entrada.txt, a connector's file) is packed before the container is removed, by their own accounts, so that root reads
nothing for them; and unpacked in the new container only as files, folders and links below that folder. What the lab
itself notes on a host (what was declared, how the student's programs were installed) is root's own, and kept likewise.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# Prints a tar of a user's own files below a folder; nothing where there is no such user or folder.
PACK = (
    'id "$1" >/dev/null 2>&1 && [ -d "$2" ] || exit 0; cd / && runuser -u "$1" -- '
    'sh -c \'find "$1" -xdev -user "$0" \\( -type f -o -type d -o -type l \\) -print0 2>/dev/null | '
    "tar --create --numeric-owner --no-recursion --null --verbatim-files-from --files-from=- 2>/dev/null' "
    '"$1" "${2#/}"'
)
UNPACK = ("tar", "--extract", "--directory=/", "--numeric-owner", "--same-permissions")


def safe_members(tar: tarfile.TarFile, folder: str) -> Iterator[tarfile.TarInfo]:
    """Members of a packed tar that may be unpacked: files, folders and links below a folder, not through a link.

    Parameters:
        tar: as a user packed it, who may have put anything in it.
        folder: absolute path.
    """
    top = PurePosixPath(folder.lstrip("/"))
    links: set[PurePosixPath] = set()
    for member in tar:
        path = PurePosixPath(member.name)
        inside = top in path.parents and ".." not in path.parts
        if not inside or not (member.isfile() or member.isdir() or member.issym()):
            continue
        if links & {path, *path.parents}:
            continue
        if member.issym():
            links.add(path)
        # No set-user-id.
        member.mode &= 0o777 if member.isfile() else 0o3777
        member.uname = member.gname = ""
        yield member


def cleaned(packed: bytes, folder: str, uid: int) -> bytes:
    """A tar with the safe members of another one, all of one user.

    Parameters:
        packed: the tar; may be empty.
        folder: absolute path; see safe_members.
        uid: the user's number in the container.
    """
    if not packed:
        return b""
    target = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(packed)) as old, tarfile.open(fileobj=target, mode="w") as new:
        for member in safe_members(old, folder):
            member.uid = uid
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    return target.getvalue()


def pack(podman: str, container: str, folder: str, user: str) -> bytes:
    """A user's files below a folder of a running container, as a clean tar; empty where there are none.

    Parameters:
        podman: the command.
        container: its name.
        folder: absolute path in it.
        user: account in it.
    Raises OSError where the container does not answer.
    """
    enter = [podman, "exec", container]
    number = subprocess.run([*enter, "id", "-u", user], capture_output=True, check=False).stdout.strip()
    if not number.isdigit():
        return b""
    done = subprocess.run([*enter, "sh", "-c", PACK, "sh", user, folder], capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise OSError(f"files of {user} in {container} could not be kept: {''.join(said) or 'no message'}")
    return cleaned(done.stdout, folder, int(number))


def keep(podman: str, container: str, kept: list[dict], store: Path) -> int:
    """Pack files of a container that is about to be removed; how many bytes were kept.

    Parameters:
        podman: the command.
        container: its name; it runs.
        kept: {path, users} each.
        store: folder of this machine, root's alone. A tar that is there was not unpacked yet, and stays.
    Raises OSError.
    """
    size = 0
    for number, (path, user) in enumerate((entry["path"], user) for entry in kept for user in entry["users"]):
        target = store / f"{container}-{number}.tar"
        if target.exists():
            continue
        data = pack(podman, container, path, user)
        if data:
            store.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, new = tempfile.mkstemp(dir=store)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(new).replace(target)
            size += len(data)
    return size


def give_back(podman: str, container: str, store: Path) -> int:
    """Unpack kept files in a container that was made anew, and forget them; how many tars there were.

    Parameters: see keep.
    Raises OSError.
    """
    tars = sorted(store.glob(f"{container}-[0-9]*.tar"))
    for path in tars:
        enter = [podman, "exec", "--interactive", container, *UNPACK]
        done = subprocess.run(enter, input=path.read_bytes(), capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise OSError(f"{path} could not be unpacked in {container}: {''.join(said)}; run this again")
        path.unlink()
    with contextlib.suppress(OSError):
        # Not empty while another container's files are in it.
        store.rmdir()
    return len(tars)
