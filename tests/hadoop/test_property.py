"""plugins/modules/hadoop_property.py: edits that keep owner, mode and the rest of a file, and that can be undone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OTHER = "  <property><name>b</name><value>of another hand</value></property> <!-- kept -->\n"
SITE = f"<configuration>\n  <property><name>a</name><value>0</value></property>\n{OTHER}</configuration>\n"


PROGRAM = """
import json, runpy, sys
from ansible.module_utils.testing import patch_module_args
sys.path.append(sys.argv[1])
with patch_module_args(json.loads(sys.argv[2])):
    runpy.run_module("ansible_collections.streaming.lab.plugins.modules.hadoop_property", run_name="__main__")
"""
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


def run(path: Path, check: bool = False, prefix: tuple[str, ...] = (), **options: object) -> dict:
    """Run the module as Ansible runs it on a host; return its answer."""
    arguments = {"path": str(path), "properties": {"a": "1", "c": True}, **options, "_ansible_check_mode": check}
    command = [*prefix, sys.executable, "-c", PROGRAM, str(ROOT / "collections"), json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip(), done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An existing file that nobody may write."""
    file = tmp_path / "hdfs-site.xml"
    file.write_text(SITE, encoding="utf-8")
    file.chmod(0o440)
    return file


def test_a_read_only_file_is_changed_and_keeps_its_mode(path: Path) -> None:
    dry = run(path, check=True)
    assert (dry["changed"], path.read_text(), list(path.parent.iterdir())) == (True, SITE, [path])
    wet = run(path)
    assert wet["changed"]
    assert wet["values"] == {"a": "1", "b": "of another hand", "c": "true"}
    assert path.stat().st_mode & 0o777 == 0o440
    assert OTHER in path.read_text()
    again = run(path)
    assert not again["changed"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(path: Path) -> None:
    os.chown(path, 12345, 12346)
    assert run(path)["changed"]
    assert {(item.stat().st_uid, item.stat().st_gid) for item in path.parent.iterdir()} == {(12345, 12346)}


def test_extended_attributes_stay(path: Path) -> None:
    try:
        path.chmod(0o640)
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        pytest.skip("no extended attributes on this file system")
    run(path)
    assert os.getxattr(path, "user.note") == b"kept"


def test_undo_gives_the_first_bytes_back(path: Path) -> None:
    run(path)
    run(path, properties={"a": "2"})
    dry = run(path, check=True, state="absent")
    assert dry["changed"]
    undone = run(path, state="absent")
    assert (undone["changed"], path.read_text()) == (True, SITE)
    assert list(path.parent.iterdir()) == [path]
    assert not run(path, state="absent")["changed"]


def test_an_undo_has_its_time_in_the_file_until_its_end(path: Path) -> None:
    run(path)
    path.chmod(0o640)
    path.write_text(path.read_text().replace(str(run(path)["written"]), "1000"))
    empty = run(path, state="empty")
    assert (empty["changed"], empty["values"]) == (True, {"a": "0", "b": "of another hand"})
    assert empty["written"] > 1000
    again = run(path, state="empty")
    assert (again["changed"], again["written"]) == (False, empty["written"])
    assert run(path, state="absent")["changed"]
    assert path.read_text() == SITE
    assert not run(path, state="empty")["changed"]


def test_a_link_is_followed_and_includes_are_looked_for_beside_it(path: Path, tmp_path: Path) -> None:
    """As Hadoop does, which knows the name that it opened."""
    folder = tmp_path / "conf"
    folder.mkdir()
    (folder / "hdfs-site.xml").symlink_to(path)
    (folder / "more.xml").write_text(SITE.replace(">0<", ">1<").replace("another hand", "an include"))
    path.chmod(0o640)
    path.write_text('<configuration><include href="more.xml"/></configuration>')
    answer = run(folder / "hdfs-site.xml")
    assert answer["own"] == {"a": "1", "b": "of an include"}
    assert (folder / "hdfs-site.xml").is_symlink() and "<name>c</name>" in path.read_text()
    assert "which is missing" in run(path)["msg"]


def test_undo_keeps_what_somebody_else_has_changed_since(path: Path) -> None:
    run(path)
    path.chmod(0o640)
    path.write_text(path.read_text().replace("of another hand", "newer"))
    run(path, properties={"a": "2"})
    assert run(path, state="absent")["values"] == {"a": "0", "b": "newer"}
    assert path.read_text() == SITE.replace("of another hand", "newer")


def test_the_time_of_the_change_is_told_until_it_is_undone(path: Path) -> None:
    first = run(path)
    assert time.time() - first["written"] < 60
    path.chmod(0o640)
    path.write_text(path.read_text().replace(str(first["written"]), "1000"))
    again = run(path)
    assert (again["changed"], again["written"]) == (False, 1000)
    assert run(path, properties={"a": "2"})["written"] > 1000
    assert run(path, state="absent")["written"] == 0


def test_a_file_is_only_read_without_properties(path: Path) -> None:
    run(path)
    answer = run(path, properties={})
    assert (answer["changed"], answer["own"]["a"], answer["values"]["a"]) == (False, "0", "1")


def test_a_folder_that_cannot_be_written_is_named_in_one_line(path: Path) -> None:
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        # Root writes in every folder but one of a read-only file system.
        prefix = ("unshare", "--mount", "sh", "-c", READ_ONLY, str(path.parent))
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
            pytest.skip("no mounts here")
    path.parent.chmod(0o500)
    answer = run(path, prefix=prefix)
    assert answer["failed"]
    assert "cannot write" in answer["msg"]
    assert answer["msg"].endswith("nothing was changed")
    assert "\n" not in answer["msg"]
    assert path.read_text() == SITE


def test_a_missing_file_is_named_with_its_setting(tmp_path: Path) -> None:
    answer = run(tmp_path / "hdfs-site.xml", hint="set webhdfs_site_path")
    assert answer["msg"].endswith("hdfs-site.xml: No such file or directory; set webhdfs_site_path")
