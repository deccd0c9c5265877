"""plugins/module_utils/containers/files.py: files outside volumes that survive a new container."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers import files as container_files
from ansible_collections.streaming.lab.plugins.module_utils.containers.files import PACK, cleaned, give_back, keep

HOME = "/opt/kafka_2.13-3.8.1"


def tar_of(*members: tuple[str, dict]) -> bytes:
    """A tar: names with what differs from a plain file."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for name, about in members:
            member = tarfile.TarInfo(name)
            data = about.pop("data", b"x")
            for key, value in about.items():
                setattr(member, key, value)
            member.size = len(data) if member.isfile() else 0
            tar.addfile(member, io.BytesIO(data))
    return target.getvalue()


def names(data: bytes) -> dict[str, tarfile.TarInfo]:
    """Members by name."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: member for member in tar}


def test_files_folders_and_links_below_the_folder_are_kept() -> None:
    packed = tar_of(
        ("opt/kafka_2.13-3.8.1/entrada.txt", {"uid": 1500, "mode": 0o664}),
        ("opt/kafka_2.13-3.8.1/meu", {"type": tarfile.DIRTYPE, "uid": 1500, "mode": 0o2775}),
        ("opt/kafka_2.13-3.8.1/meu/enllaç", {"type": tarfile.SYMTYPE, "linkname": "../entrada.txt", "uid": 1500}),
    )
    found = names(cleaned(packed, HOME, 1500))
    assert list(found) == [f"opt/kafka_2.13-3.8.1/{name}" for name in ("entrada.txt", "meu", "meu/enllaç")]
    assert found["opt/kafka_2.13-3.8.1/meu"].mode == 0o2775


@pytest.mark.parametrize(
    "members",
    [
        [("etc/shadow", {})],
        [("opt/kafka_2.13-3.8.1/../../etc/shadow", {})],
        [("/etc/shadow", {})],
        [("opt/kafka_2.13-3.8.1", {"type": tarfile.SYMTYPE, "linkname": "/etc"})],
        [("opt/kafka_2.13-3.8.1/x", {"type": tarfile.LNKTYPE, "linkname": "etc/shadow"})],
        [("opt/kafka_2.13-3.8.1/x", {"type": tarfile.CHRTYPE})],
    ],
)
def test_nothing_else_is_unpacked(members: list) -> None:
    assert names(cleaned(tar_of(*members), HOME, 1500)) == {}


def test_no_member_goes_through_a_link_and_none_gets_another_users_rights() -> None:
    packed = tar_of(
        ("opt/kafka_2.13-3.8.1/x", {"type": tarfile.SYMTYPE, "linkname": "/etc"}),
        ("opt/kafka_2.13-3.8.1/x/shadow", {}),
        ("opt/kafka_2.13-3.8.1/x", {}),
        ("opt/kafka_2.13-3.8.1/y", {"uid": 0, "mode": 0o4755}),
    )
    found = names(cleaned(packed, HOME, 1500))
    assert [member.issym() for member in found.values()] == [True, False]
    last = found["opt/kafka_2.13-3.8.1/y"]
    assert (last.uid, last.mode) == (1500, 0o755)


def test_packing_takes_a_users_own_files(tmp_path: Path) -> None:
    """By the real find and tar, without runuser: the user is the one who runs the test."""
    (tmp_path / "entrada.txt").write_text("Hola\n")
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    script = PACK.replace('runuser -u "$1" -- ', "")
    (tmp_path / "second name").hardlink_to(tmp_path / "entrada.txt")
    done = subprocess.run(["sh", "-c", script, "sh", user, str(tmp_path), "1000"], capture_output=True, check=True)
    found = names(cleaned(done.stdout, str(tmp_path), 1500))
    for name in ("entrada.txt", "second name"):
        assert found[f"{tmp_path}/{name}".lstrip("/")].size == 5

    with (tmp_path / "large").open("wb") as file:
        file.truncate(2000)
    done = subprocess.run(["sh", "-c", script, "sh", user, str(tmp_path), "1000"], capture_output=True, check=False)
    assert done.returncode == 3
    assert "holds 2010 bytes of this user and at most 1000 are kept; move large files away" in done.stderr.decode()


def test_a_link_of_one_user_does_not_lead_the_files_of_another_one_elsewhere() -> None:
    taken: dict = {}
    cleaned(tar_of(("opt/kafka_2.13-3.8.1/x", {"type": tarfile.SYMTYPE, "linkname": "/etc"})), HOME, 1500, taken)
    assert names(cleaned(tar_of(("opt/kafka_2.13-3.8.1/x/passwd", {})), HOME, 803, taken)) == {}
    folder = tar_of(("opt/kafka_2.13-3.8.1/y", {"type": tarfile.DIRTYPE}))
    assert len(names(cleaned(folder, HOME, 1500, taken))) == 1
    link = tar_of(("opt/kafka_2.13-3.8.1/y", {"type": tarfile.SYMTYPE, "linkname": "/etc"}))
    assert names(cleaned(link, HOME, 803, taken)) == {}, "a link cannot take a folder's place: tar would end there"


def test_a_container_that_cannot_be_entered_is_not_taken_for_one_without_files(tmp_path: Path) -> None:
    engine = tmp_path / "podman"
    engine.write_text("#!/bin/sh\necho 'Error: container state improper' >&2\nexit 125\n")
    engine.chmod(0o755)
    with pytest.raises(
        OSError, match=r"files of student in lab-kafka could not be kept: Error: container state improper"
    ):
        keep(str(engine), "lab-kafka", [{"path": HOME, "users": ["student"]}], tmp_path / "kept")


def test_a_container_gets_its_own_files_alone_and_only_while_it_is_new(tmp_path: Path) -> None:
    for name in ("lab-kafka-0.tar", "lab-kafka-2-0.tar", "lab-kafka-10.tar"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in container_files.tars_of("lab-kafka", tmp_path)] == [
        "lab-kafka-0.tar",
        "lab-kafka-10.tar",
    ]
    engine = tmp_path / "podman"
    engine.write_text("#!/bin/sh\nexit 1\n")
    engine.chmod(0o755)
    with pytest.raises(OSError, match=r"unpack lab-kafka-2-0\.tar there by hand"):
        give_back(str(engine), "lab-kafka-2", tmp_path)


def engine_of(path: Path, state: str, made: int = 0) -> str:
    """A podman with one container: its state by the marker of provisioning, and when it was made, s since 1970."""
    path.write_text(
        f'#!/bin/sh\ncase "$*" in *Created*) echo {made} ;; *provisioned*) echo {state} ;; *) cat >>"$0.got" ;; esac\n'
    )
    path.chmod(0o755)
    return str(path)


def test_files_are_packed_again_where_the_container_still_holds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run packed the files and failed before it removed the container; the student went on with their work."""
    engine, store = engine_of(tmp_path / "podman", "provisioned"), tmp_path / "kept"
    kept = [{"path": HOME, "users": ["student", "kafka-connect"]}]
    newer = tar_of(("opt/kafka_2.13-3.8.1/entrada.txt", {"data": b"newer"}))
    packs = [tar_of(("opt/kafka_2.13-3.8.1/entrada.txt", {})), tar_of(("opt/kafka_2.13-3.8.1/x", {})), newer, b""]
    monkeypatch.setattr(container_files, "pack", lambda *_arguments: packs.pop(0))
    keep(engine, "lab-kafka", kept, store)
    assert keep(engine, "lab-kafka", kept, store) == len(newer)
    assert {path.name: path.read_bytes() for path in store.iterdir()} == {"lab-kafka-0.tar": newer}


def test_files_that_a_provisioned_container_never_received_are_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, kept = tmp_path / "kept", [{"path": HOME, "users": ["student"]}]
    monkeypatch.setattr(container_files, "pack", lambda *_arguments: tar_of(("opt/kafka_2.13-3.8.1/x", {})))
    keep("podman", "lab-kafka", kept, store)
    engine = engine_of(tmp_path / "podman", "provisioned", made=2**40)
    with pytest.raises(OSError, match=r"unpack lab-kafka-0\.tar there by hand"):
        keep(engine, "lab-kafka", kept, store)
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'Error: no such container' >&2\nexit 125\n")
    broken.chmod(0o755)
    with pytest.raises(OSError, match="container lab-kafka could not be examined: Error: no such container"):
        keep(str(broken), "lab-kafka", kept, store)


def test_what_was_kept_is_given_back_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was cut short in between finds the tar again, and does not overwrite it."""
    packed = tar_of(("opt/kafka_2.13-3.8.1/entrada.txt", {}))
    monkeypatch.setattr(container_files, "pack", lambda *_arguments: packed)
    store, kept = tmp_path / "kept", [{"path": HOME, "users": ["student"]}]
    assert keep("podman", "lab-kafka", kept, store) == len(packed)
    assert keep(engine_of(tmp_path / "new", "new"), "lab-kafka", kept, store) == 0
    assert store.stat().st_mode & 0o777 == 0o700
    engine = tmp_path / "podman"
    engine.write_text(f'#!/bin/sh\n[ "$3" = test ] || cat >>"{tmp_path}/got"\n')
    engine.chmod(0o755)
    assert give_back(str(engine), "lab-kafka", store) == 1
    assert (tmp_path / "got").read_bytes() == packed
    assert give_back(str(engine), "lab-kafka", store) == 0
    assert not store.exists()
