"""podman as the lab's modules use it: its commands, its errors in one line, and what it holds of a lab."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path


class ContainerError(Exception):
    """What went wrong, in one line for a person."""


class Podman:
    """podman, with its errors as ContainerError.

    Args:
        command: path of the podman command.
    """

    def __init__(self, command: str) -> None:
        self.command = command

    def run(
        self,
        *arguments: str,
        stdin: str | None = None,
        check: bool = True,
        follow: Callable[[str], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run one podman command.

        Args:
            arguments: of podman.
            stdin: text for its standard input.
            check: whether a status other than 0 is an error.
            follow: called with each line of its standard output as it comes.
        Raises:
            ContainerError: the command failed; with podman's last line.
        """
        argv = [self.command, *arguments]
        if follow:
            done = run_and_follow(argv, follow)
        else:
            done = subprocess.run(argv, input=stdin, text=True, capture_output=True, check=False)
        if check and done.returncode != 0:
            raise ContainerError(f"podman {arguments[0]} failed: {last_line(done.stderr)}")
        return done

    def labelled(self, kind: str, lab: str) -> list[dict]:
        """What podman holds of a lab.

        Args:
            kind: `container`, `volume` or `network`.
            lab: the lab's name.
        """
        arguments = ["ls", "--filter", f"label=streaming-lab.lab={lab}", "--format", "json"]
        if kind == "container":
            arguments.insert(1, "--all")
        return json.loads(self.run(kind, *arguments).stdout or "[]") or []

    def image_labels(self, image: str) -> dict[str, str] | None:
        """Labels of an image; None where the image does not exist."""
        done = self.run("image", "inspect", "--format", "{{json .Labels}}", image, check=False)
        return json.loads(done.stdout) or {} if done.returncode == 0 else None

    def remove(self, name: str, seconds: int = 30) -> None:
        """Remove a container, whatever state a killed machine left it in."""
        if self.run("rm", "--force", "--time", str(seconds), name, check=False).returncode == 0:
            return
        self.run("container", "cleanup", name, check=False)
        self.run("rm", "--force", "--time", "0", name)


def run_and_follow(argv: Sequence[str], follow: Callable[[str], None]) -> subprocess.CompletedProcess[str]:
    """Run a command without input, and hand on each line of its standard output as it comes."""
    lines = []
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace"
        ) as process,
    ):
        for line in process.stdout or ():
            lines.append(line)
            follow(line)
        status = process.wait()
        errors.seek(0)
        return subprocess.CompletedProcess(argv, status, "".join(lines), errors.read())


def last_line(text: str) -> str:
    """The last line that is not empty: what a tool says when it gives up."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("Error: ") if lines else "no message"


def really_runs(pid: int, proc: Path = Path("/proc")) -> bool:
    """Whether a container's first process lives: podman's own record outlives a killed machine.

    Args:
        pid: as podman recorded it; 0 where the container has ended.
        proc: where proc(5) is mounted.
    """
    try:
        fields = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    # PID (NAME) STATE ...; a process in state Z has ended, and its parent has not noticed yet.
    name, _, state = fields.partition("(")[2].rpartition(")")
    return name in ("systemd", "init", "sleep") and state.split()[0] not in ("Z", "X")


def share_network(pid: int, other: int) -> bool:
    """Whether two processes live and have the same network namespace."""
    try:
        return len({Path(f"/proc/{process}/ns/net").stat().st_ino for process in (pid, other)}) == 1
    except OSError:
        return False


def record_exit(container_id: str) -> None:
    """Tell podman that a container ended, where the monitor that would have done so was killed with it.

    podman learns of an end from a file that conmon(8) writes (its --exit-dir); without one it calls the container
    running for ever and neither starts nor stops it.
    """
    folder = Path("/run/libpod/exits")
    if folder.is_dir():
        (folder / container_id).write_text("137", encoding="ascii")
