"""./lab itself: which Python, which packages, a .venv that is whole or made again; with stand-ins on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

TOOLS = ("basename", "bash", "cat", "cp", "cut", "dirname", "env", "flock", "grep", "id", "mkdir", "readlink")
TOOLS += ("rm", "sed", "sha256sum", "tail", "chmod", "ln", "stat")
# Stands for Python: has a version, says what the command needs, and "makes" a venv.
FAKE_PYTHON = r"""
case "$*" in
  *version_info*) [ -z "$FAKE_OLD" ] && echo "$0" ;;
  *sys.version*) echo 3.12 ;;
  "-m cli.needs"*) [ -z "$FAKE_NEEDS" ] || printf '%b\n' "$FAKE_NEEDS" ;;
  "-m venv .venv")
    mkdir -p .venv/bin; ln -s "$0" .venv/bin/python; echo made >>made.txt
    printf '#!/bin/sh\necho "${UV_DEFAULT_INDEX:-own} $*" >>uv.txt\n%s' "$FAKE_UV" >.venv/bin/uv
    chmod +x .venv/bin/uv ;;
  "-m pip"*list) printf '%b\n' "$FAKE_PIP_CONFIG" ;;
  "-m compileall"*) ;;
  "-m pip"*) [ -z "$FAKE_PIP_FAILS" ] || { echo 'ERROR: No matching distribution' >&2; exit 1; } ;;
  --version) echo Python 3.9.2 ;;
  "-m cli.prefetch"*) echo "$3 $PPID" ;;
  *) echo "ran: $*" ;;
esac
"""

APT = 'echo "$(basename "$0") $*" >>"$HOME/apt.txt"'


@pytest.fixture
def run_lab(
    tmp_path: Path, clone: Path, fake_commands: Callable[[str, str], Path], real_tools: Callable
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a copy of ./lab, with nothing on PATH but stand-ins."""
    folder = tmp_path / "clone"
    folder.mkdir()
    shutil.copy(clone / "lab", folder / "lab")
    (folder / "requirements.txt").write_text("ansible==1\n", encoding="utf-8")
    path = fake_commands("python3", FAKE_PYTHON)
    real_tools(path, TOOLS)

    def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [folder / "lab", *argv],
            env={"PATH": str(path), "HOME": str(tmp_path), **environment},
            cwd=tmp_path,
            text=True,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    run.folder = folder  # type: ignore[attr-defined]
    return run


def made(run_lab: Callable) -> int:
    path = run_lab.folder / "made.txt"
    return path.read_text(encoding="utf-8").count("made") if path.exists() else 0


def test_python_too_old_is_one_line(run_lab: Callable) -> None:
    ended = run_lab("up", FAKE_OLD="1")
    assert ended.returncode == 2
    assert "Python 3.11 or later is needed" in ended.stderr and "3.9.2" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_blank_in_the_clones_path_is_refused_before_anything_is_made(run_lab: Callable) -> None:
    blank = run_lab.folder.rename(run_lab.folder.parent / "my clone")
    ended = subprocess.run(
        [blank / "lab", "up"],
        env={"PATH": str(run_lab.folder.parent / "bin"), "HOME": str(blank), "FAKE_NEEDS": "venv"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and f"{blank}; move the clone" in ended.stderr
    assert not (blank / ".venv").exists()


def test_help_makes_no_venv(run_lab: Callable) -> None:
    ended = run_lab("--help")
    assert ended.stdout == "ran: -m cli --help\n"
    assert not (run_lab.folder / ".venv").exists()


def test_venv_is_made_once(run_lab: Callable) -> None:
    assert "making .venv" in run_lab("up", FAKE_NEEDS="venv").stderr
    again = run_lab("up", "a b", FAKE_NEEDS="venv")
    assert again.stdout == "ran: -m cli up a b\n" and again.stderr == ""
    assert made(run_lab) == 1


def test_the_python_of_venv_comes_first_and_can_make_venv_again(run_lab: Callable) -> None:
    run_lab("up", FAKE_NEEDS="venv")
    slow = run_lab.folder.parent / "bin" / "python3.13"
    slow.write_text("#!/bin/sh\necho asked >>asked.txt\nexit 1\n", encoding="utf-8")
    slow.chmod(0o755)
    assert run_lab("up", FAKE_NEEDS="venv").returncode == 0
    assert not (run_lab.folder / "asked.txt").exists()
    (run_lab.folder / ".venv" / "lab-stamp").unlink()
    assert run_lab("up", FAKE_NEEDS="venv").returncode == 0
    assert made(run_lab) == 2


def test_interrupted_venv_is_made_again(run_lab: Callable) -> None:
    run_lab("up", FAKE_NEEDS="venv")
    (run_lab.folder / ".venv" / "lab-stamp").unlink()
    assert "remaking .venv" in run_lab("up", FAKE_NEEDS="venv").stderr
    assert made(run_lab) == 2


def test_changed_pins_and_a_moved_clone_make_it_again(run_lab: Callable) -> None:
    run_lab("up", FAKE_NEEDS="venv")
    (run_lab.folder / "requirements.txt").write_text("ansible==2\n", encoding="utf-8")
    run_lab("up", FAKE_NEEDS="venv")
    assert made(run_lab) == 2


def test_pip_without_network_is_one_line_and_no_stamp(run_lab: Callable) -> None:
    ended = run_lab("up", FAKE_NEEDS="venv", FAKE_PIP_FAILS="1")
    assert ended.returncode == 3
    assert "No matching distribution" in ended.stderr and "build/log/venv.log" in ended.stderr
    assert not (run_lab.folder / ".venv" / "lab-stamp").exists()


def test_uv_without_network_is_one_line_and_no_stamp(run_lab: Callable) -> None:
    ended = run_lab("up", FAKE_NEEDS="venv", FAKE_UV="echo 'error: Failed to fetch ansible' >&2; exit 2\n")
    assert ended.returncode == 3
    assert "error: Failed to fetch ansible" in ended.stderr
    assert not (run_lab.folder / ".venv" / "lab-stamp").exists()


@pytest.mark.parametrize(
    ("config", "index"),
    [
        ("", "own"),
        ("global.index-url='https://mirror/simple'\nglobal.timeout='3'", "https://mirror/simple"),
        ("global.index-url='https://mirror/simple'\n:env:.index-url='https://other/simple'", "https://other/simple"),
        ("global.extra-index-url='https://more/simple'", "own"),
    ],
)
def test_packages_come_from_the_index_that_pip_is_configured_for(run_lab: Callable, config: str, index: str) -> None:
    run_lab("up", FAKE_NEEDS="venv", FAKE_PIP_CONFIG=config)
    (call,) = (run_lab.folder / "uv.txt").read_text(encoding="utf-8").splitlines()
    assert call.split()[0] == index
    assert "--require-hashes" in call and call.endswith("-r requirements.txt")


def test_check_installs_and_makes_nothing_and_says_what_is_missing(run_lab: Callable, fake_commands: Callable) -> None:
    fake_commands("apt-get", "echo called >>$HOME/apt.txt")
    ended = run_lab("up", "--check", FAKE_NEEDS=r"check\napt podman\napt crun\nvenv")
    assert ended.stdout == "ran: -m cli.setup_plan podman crun .venv up --check\n"
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sorted(path.name for path in run_lab.folder.iterdir()) == ["lab", "requirements.txt"]
    assert not (run_lab.folder.parent / "apt.txt").exists()


def test_check_looks_at_the_hosts_where_the_environment_is_complete(run_lab: Callable) -> None:
    run_lab("up", FAKE_NEEDS="venv")
    ended = run_lab("up", "--check", FAKE_NEEDS=r"check\nvenv")
    assert ended.stdout == "ran: -m cli up --check\n"


def test_check_does_not_remake_an_old_venv(run_lab: Callable) -> None:
    run_lab("up", FAKE_NEEDS="venv")
    (run_lab.folder / "requirements.txt").write_text("ansible==2\n", encoding="utf-8")
    assert "cli.setup_plan  .venv up" in run_lab("up", "--check", FAKE_NEEDS=r"check\nvenv").stdout
    assert made(run_lab) == 1


def test_apt_is_said_first_and_called_once(
    run_lab: Callable, fake_commands: Callable, real_tools: Callable, tmp_path: Path
) -> None:
    fake_commands("apt-get", APT)
    fake_commands("id", "echo 0")
    ended = run_lab("up", FAKE_NEEDS=r"apt podman\napt crun")
    assert ended.returncode == 0
    assert "lab: installing by apt: podman crun" in ended.stderr
    assert (tmp_path / "apt.txt").read_text(encoding="utf-8").splitlines() == [
        "apt-get -o DPkg::Lock::Timeout=900 install --yes --no-install-recommends podman crun",
    ]


def test_an_ordinary_user_goes_through_sudo(
    run_lab: Callable, fake_commands: Callable, real_tools: Callable, tmp_path: Path
) -> None:
    fake_commands("id", "echo 1000")
    fake_commands("apt-get", APT)
    fake_commands("sudo", f'{APT}; [ "$1" = -v ] || "$@"')
    ended = run_lab("up", FAKE_NEEDS="apt podman")
    assert ended.returncode == 0 and "(with sudo)" in ended.stderr
    said = (tmp_path / "apt.txt").read_text(encoding="utf-8").splitlines()
    wanted = "apt-get -o DPkg::Lock::Timeout=900 install --yes --no-install-recommends podman"
    assert said[0] == "sudo true" and wanted in said


def test_a_dead_apt_source_stops_nothing(run_lab: Callable, fake_commands: Callable, tmp_path: Path) -> None:
    """The first installation fails for want of fresh lists, `update` for one source of several."""
    once = '[ -e "$HOME/updated" ] || { : >"$HOME/updated"; exit 100; }'
    fake_commands("apt-get", f'{APT}\ncase " $* " in *" update "*) exit 100 ;; *) {once} ;; esac')
    fake_commands("id", "echo 0")
    ended = run_lab("up", FAKE_NEEDS="apt podman")
    assert ended.returncode == 0, ended.stderr
    said = (tmp_path / "apt.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split()[3] for line in said] == ["install", "update", "install"]


def test_a_shared_folder_is_refused_before_anything_is_made(run_lab: Callable, fake_commands: Callable) -> None:
    fake_commands("stat", "echo 777")
    ended = run_lab("up", FAKE_NEEDS="venv")
    assert ended.returncode == 2 and "move the clone into your home" in ended.stderr
    assert made(run_lab) == 0


def test_apt_without_network_is_one_line(run_lab: Callable, fake_commands: Callable) -> None:
    fake_commands("apt-get", "echo 'E: Failed to fetch podman' >&2; exit 100")
    fake_commands("id", "echo 0")
    ended = run_lab("up", FAKE_NEEDS="apt podman")
    assert ended.returncode == 3
    assert "apt could not install podman: E: Failed to fetch podman" in ended.stderr


def test_no_apt_and_no_sudo_are_one_line(run_lab: Callable, fake_commands: Callable, tmp_path: Path) -> None:
    fake_commands("id", "echo 1000")
    assert "has no apt-get" in run_lab("up", FAKE_NEEDS="apt podman").stderr
    fake_commands("apt-get", "exit 0")
    assert "no sudo here" in run_lab("up", FAKE_NEEDS="apt podman").stderr


def test_downloads_begin_before_the_venv_is_made(
    run_lab: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """As a child of ./lab itself: it ends when its parent ends."""
    run_lab("up", FAKE_NEEDS="prefetch\\nvenv")
    log, deadline = tmp_path / "clone/build/log/prefetch.log", time.monotonic() + 20
    while not (log.exists() and log.read_text(encoding="utf-8")) and time.monotonic() < deadline:
        time.sleep(0.05)
    given, parent = log.read_text(encoding="utf-8").split()
    assert given == parent


def test_entry_is_short(clone: Path) -> None:
    assert len((clone / "lab").read_text(encoding="utf-8").splitlines()) <= 135
    assert os.access(clone / "lab", os.X_OK)
