"""Files that people made outside the volumes of a container, kept when it is made again.

The Kafka home is no volume: its programs come with the lab. What a student and the Connect worker made in it
(entrada.txt, a connector's file) is packed before the container is removed, by their own accounts, so that root reads
nothing for them; and unpacked in the new container only as files, folders and links below that folder. What the lab
itself notes on a host (what was declared, how the student's programs were installed) is root's own, and kept likewise.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# Prints a tar of a user's own files below a folder, at most $3 bytes; nothing where there is no such user or folder.
AS_USER = r"""
size=$(find "$1" -xdev -user "$0" -type f -printf "%s\n" 2>/dev/null |
  awk "{ sum += \$1 } END { printf \"%.0f\", sum }")
if [ "$size" -gt "$2" ]; then
  echo "/$1 holds $size bytes of this user and at most $2 are kept; move large files away" >&2
  exit 3
fi
find "$1" -xdev -user "$0" \( -type f -o -type d -o -type l \) -print0 2>/dev/null |
  tar --create --numeric-owner --hard-dereference --no-recursion --null --verbatim-files-from --files-from=-
# 1: a file grew while it was read.
[ $? -le 1 ]
"""
PACK = (
    'id "$1" >/dev/null 2>&1 && [ -d "$2" ] || exit 0; cd / && '
    f'runuser -u "$1" -- sh -c \'{AS_USER}\' "$1" "${{2#/}}" "$3"'
)
UNPACK = ("tar", "--extract", "--directory=/", "--numeric-owner", "--same-permissions")
# The role host puts this program on a host before a student's account is made.
PROVISIONED = "/usr/local/lib/streaming-lab/ready"
MOST_BYTES = 1 << 30
"""More than a class makes in the Kafka home, and little enough for this machine's memory."""


def safe_members(tar: tarfile.TarFile, folder: str, taken: dict[PurePosixPath, bool]) -> Iterator[tarfile.TarInfo]:
    """Members of a packed tar that may be unpacked: files, folders and links below a folder, not through a link.

    Args:
        tar: as a user packed it, who may have put anything in it.
        folder: absolute path.
        taken: paths that are unpacked before, and whether each is a link; the members are added. Several users share
            a folder: what one packed as a link must not lead the files of another one elsewhere.
    """
    top = PurePosixPath(folder.lstrip("/"))
    for member in tar:
        path = PurePosixPath(member.name)
        inside = top in path.parents and ".." not in path.parts
        if not inside or not (member.isfile() or member.isdir() or member.issym()):
            continue
        if any(taken.get(place) for place in (path, *path.parents)) or (member.issym() and path in taken):
            continue
        taken[path] = member.issym()
        # No set-user-id.
        member.mode &= 0o777 if member.isfile() else 0o3777
        member.uname = member.gname = ""
        yield member


def cleaned(packed: bytes, folder: str, uid: int, taken: dict[PurePosixPath, bool] | None = None) -> bytes:
    """A tar with the safe members of another one, all of one user.

    Args:
        packed: the tar; may be empty.
        folder: absolute path; see safe_members.
        uid: the user's number in the container.
        taken: see safe_members.
    """
    taken = {} if taken is None else taken
    if not packed:
        return b""
    target = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(packed)) as old, tarfile.open(fileobj=target, mode="w") as new:
        for member in safe_members(old, folder, taken):
            member.uid = uid
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    return target.getvalue()


def pack(podman: str, container: str, folder: str, user: str, taken: dict[PurePosixPath, bool]) -> bytes:
    """A user's files below a folder of a running container, as a clean tar; empty where there are none.

    Args:
        podman: the command.
        container: its name.
        folder: absolute path in it.
        user: account in it.
        taken: see safe_members.
    Raises OSError where the container does not answer, or a file cannot be read.
    """
    enter = [podman, "exec", container]
    asked = subprocess.run(
        [*enter, "sh", "-c", 'id -u "$1" || echo none', "sh", user], capture_output=True, check=False
    )
    if asked.returncode:
        raise OSError(f"files of {user} in {container} could not be kept: {_last_line(asked.stderr)}")
    number = asked.stdout.strip()
    if not number.isdigit():
        return b""
    argv = [*enter, "sh", "-c", PACK, "sh", user, folder, str(MOST_BYTES)]
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"files of {user} in {container} could not be kept: {_last_line(done.stderr)}")
    return cleaned(done.stdout, folder, int(number), taken)


def _last_line(said: bytes) -> str:
    """The line of a command's errors that names the cause: tar ends with one that does not."""
    lines = [
        line for line in said.decode(errors="replace").splitlines() if line.strip() and "previous errors" not in line
    ]
    return lines[-1].strip() if lines else "no message"


def tars_of(container: str, store: Path) -> list[Path]:
    """Tars of one container in a folder, in the order in which they are unpacked."""
    wanted = re.compile(re.escape(container) + r"-(\d+)\.tar")
    found = [(int(match[1]), path) for path in store.glob("*.tar") if (match := wanted.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def keep(podman: str, container: str, kept: list[dict], store: Path) -> int:
    """Pack files of a container that is about to be removed; how many bytes were kept.

    Args:
        podman: the command.
        container: its name; it runs.
        kept: {path, users} each.
        store: folder of this machine, root's alone. Tars of an earlier run stay where the container was made after
            them and waits for their files. Where it still holds the files itself, they are packed again.
    Raises OSError.
    """
    size = 0
    pack_again = any(_holds_files_of(podman, container, path) for path in tars_of(container, store))
    taken: dict[PurePosixPath, bool] = {}
    for number, (path, user) in enumerate((entry["path"], user) for entry in kept for user in entry["users"]):
        target = store / f"{container}-{number}.tar"
        if target.exists() and not pack_again:
            with tarfile.open(target) as tar:
                taken |= {PurePosixPath(member.name): member.issym() for member in tar}
            continue
        data = pack(podman, container, path, user, taken)
        if data:
            store.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, new = tempfile.mkstemp(dir=store)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(new).replace(target)
            size += len(data)
        else:
            # The user has deleted all files since an earlier run.
            target.unlink(missing_ok=True)
    return size


def _holds_files_of(podman: str, container: str, tar: Path) -> bool:
    """Whether a container is the one that a tar was packed from; False where it was made after the tar and is new.

    Args:
        podman: the command.
        container: its name; it runs.
        tar: of an earlier run.
    Raises OSError, also where the container was made after the tar and is provisioned: the tar has the only copy.
    """
    # Always status 0 from the shell, so that another status is an error of podman.
    script = '[ -e "$1" ] && echo provisioned || echo new'
    state = _answer([podman, "exec", container, "sh", "-c", script, "sh", PROVISIONED], container)
    if state == "new":
        return False
    made = _answer([podman, "container", "inspect", "--format", "{{.Created.Unix}}", container], container)
    if tar.stat().st_mtime < int(made):
        raise OSError(_only_copy(container, tar.parent))
    return True


def _answer(argv: list[str], container: str) -> str:
    """Output of a podman command about a container. Raises OSError where it fails."""
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"container {container} could not be examined: {_last_line(done.stderr)}")
    return done.stdout.decode().strip()


def _only_copy(container: str, store: Path) -> str:
    """Message: a provisioned container has not received the files that are kept for it."""
    names = ", ".join(path.name for path in tars_of(container, store))
    return (
        f"{store} holds files of {container}, which is provisioned by now: "
        f"unpack {names} there by hand as their owner, or delete them, and run this again"
    )


def give_back(podman: str, container: str, store: Path) -> int:
    """Unpack kept files in a container that was just made, and forget them; how many tars there were.

    Root unpacks, so it is done only while the container has no student yet who could put a link in the way.

    Parameters: see keep.
    Raises OSError.
    """
    tars = tars_of(container, store)
    if tars and subprocess.run([podman, "exec", container, "test", "!", "-e", PROVISIONED], check=False).returncode:
        raise OSError(_only_copy(container, store))
    for path in tars:
        enter = [podman, "exec", "--interactive", container, *UNPACK]
        done = subprocess.run(enter, input=path.read_bytes(), capture_output=True, check=False)
        if done.returncode:
            raise OSError(f"{path} could not be unpacked in {container}: {_last_line(done.stderr)}; run this again")
        path.unlink()
    with contextlib.suppress(OSError):
        # Not empty while another container's files are in it.
        store.rmdir()
    return len(tars)
