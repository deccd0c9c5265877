"""A product on a host: what differs from its manifest is noticed, named and repaired; the rest is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.held_folder import hold
from ansible_collections.streaming.lab.plugins.modules import product_tree
from tests.artifacts.kit import ROOT, write

from tests.products.kit import Product, installed, product  # isort: skip

__all__ = ["installed", "product"]


def test_fresh_host(product: Product, capsys: pytest.CaptureFixture[str]) -> None:
    result = product.run(capsys)
    assert (result["installed"], product.differences()) == (18, [])
    assert (product.dest / "libs/latest.jar").readlink() == Path("jar-00.jar")
    assert "install ... and 8 more" in result["diff"]["after"]
    assert len(result["diff"]["after"].splitlines()) == 11


def test_check_mode_on_a_fresh_host_tells_and_makes_nothing(
    product: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    result = product.run(capsys, check=True, archive=False)
    assert (result["changed"], result["installed"]) == (True, 18)
    assert not product.dest.exists()


def test_nothing_to_change(installed: Product, capsys: pytest.CaptureFixture[str]) -> None:
    result = installed.run(capsys, archive=False)
    assert (result["changed"], result["diff"]["after"]) == (False, "")


def test_without_the_archive_nothing_is_touched_and_it_is_asked_for(
    product: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    assert product.run(capsys, archive=False)["needs_archive"] is True
    assert not product.dest.exists()


def test_deleted_jar(installed: Product, capsys: pytest.CaptureFixture[str]) -> None:
    (installed.dest / "libs/jar-03.jar").unlink()
    result = installed.run(capsys)
    assert result["diff"]["after"] == "install libs/jar-03.jar\n"
    assert installed.differences() == []


def test_edited_script(installed: Product, capsys: pytest.CaptureFixture[str]) -> None:
    write(installed.dest / "bin/start.sh", "#!/bin/sh\nrm x\n", 0o755)
    assert installed.run(capsys)["repaired"] == ["bin/start.sh"]
    assert installed.differences() == []


def test_jar_of_the_same_size_with_other_bytes(installed: Product, capsys: pytest.CaptureFixture[str]) -> None:
    jar = installed.dest / "libs/jar-03.jar"
    jar.write_bytes(b"X" + jar.read_bytes()[1:])
    assert installed.run(capsys)["repaired"] == ["libs/jar-03.jar"]
    assert installed.differences() == []


def test_half_unpacked_tree(installed: Product, capsys: pytest.CaptureFixture[str]) -> None:
    for jar in sorted((installed.dest / "libs").glob("jar-*"))[5:]:
        jar.unlink()
    (installed.dest / "libs/jar-04.jar").write_bytes(b"jar 4")
    result = installed.run(capsys)
    assert (result["installed"], result["repaired"], installed.differences()) == (10, ["libs/jar-04.jar"], [])


def test_old_jar_is_removed_and_the_students_file_is_not(
    installed: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    write(installed.dest / "libs/jar-03-old.jar", "old")
    write(installed.dest / "libs/sub/deep.jar", "old")
    (installed.dest / "libs/away").symlink_to("/etc")
    mine = write(installed.dest / "entrada.txt", "Hola\n")
    result = installed.run(capsys, archive=False)
    assert result["removed"] == ["libs/away", "libs/jar-03-old.jar", "libs/sub/deep.jar"]
    assert not (installed.dest / "libs/sub").exists()
    assert mine.read_text() == "Hola\n"


def test_mode_is_set_back_without_the_archive(installed: Product, capsys: pytest.CaptureFixture[str]) -> None:
    (installed.dest / "bin/start.sh").chmod(0o777)
    result = installed.run(capsys, archive=False)
    assert (result["restored"], installed.differences()) == (["bin/start.sh"], [])


def test_mode_of_an_existing_folder_is_left(installed: Product, capsys: pytest.CaptureFixture[str]) -> None:
    (installed.dest / "config").chmod(0o1775)
    assert installed.run(capsys, archive=False)["changed"] is False
    assert (installed.dest / "config").stat().st_mode & 0o7777 == 0o1775


def test_folder_put_in_the_place_of_the_products_is_taken_back(installed: Product) -> None:
    """Who may write in the product's folder may rename `bin` and make one of their own."""
    owner = (os.getuid() + 1, os.getgid())
    with hold(installed.dest) as held:
        found = product_tree.compare(held, installed.content["files"], [], ["config"], owner)
    assert found.folders == [".", "bin", "config", "libs"]
    assert "bin/start.sh" in found.changed, "a file that someone else may have open is replaced, not given back"
    (installed.dest / "bin").chmod(0o2777)
    with hold(installed.dest) as held:
        product_tree.take_back(held, ["bin"], (os.getuid(), os.getgid()))
    assert (installed.dest / "bin").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("step", ["install", "restore", "take_back", "remove"])
def test_nothing_is_done_through_a_link(installed: Product, step: str) -> None:
    """A link that takes a folder's place after the comparison leads nowhere."""
    owner, files, away = (os.getuid(), os.getgid()), installed.content["files"], installed.folder / "away"
    (installed.dest / "bin").rename(away)
    (installed.dest / "bin").symlink_to(away)
    (away / "start.sh").write_text("theirs")
    (away / "start.sh").chmod(0o600)
    steps = {
        "install": lambda held: product_tree.install(held, files, {"bin/start.sh"}, installed.archive, owner),
        "restore": lambda held: product_tree.restore(held, files, ["bin/start.sh"]),
        "take_back": lambda held: product_tree.take_back(held, ["bin"], owner),
        "remove": lambda held: product_tree.remove(held, ["bin/start.sh"]),
    }
    with hold(installed.dest) as held, pytest.raises(product_tree.FolderError, match="bin is not a folder"):
        steps[step](held)
    assert (away / "start.sh").read_text() == "theirs"
    assert (away / "start.sh").stat().st_mode & 0o7777 == 0o600


def test_kept_file_is_installed_once_and_then_the_students(
    installed: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(installed.dest / "config/server.properties", "port=2\n", 0o664)
    assert installed.run(capsys, archive=False, keep=["config"])["changed"] is False
    config.unlink()
    assert installed.run(capsys, keep=["config"])["installed"] == 1
    assert config.read_text() == "port=1\n"


def test_check_mode_repairs_nothing(installed: Product, capsys: pytest.CaptureFixture[str]) -> None:
    write(installed.dest / "bin/start.sh", "edited", 0o700)
    write(installed.dest / "libs/old.jar", "old")
    result = installed.run(capsys, check=True, archive=False)
    assert result["diff"]["after"] == "repair bin/start.sh\nremove libs/old.jar\n"
    assert (installed.dest / "bin/start.sh").read_text() == "edited"
    assert (installed.dest / "libs/old.jar").exists()


def test_archive_damaged_on_its_way(product: Product, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(Path(product.archive).read_bytes())
    data[2000] ^= 1
    Path(product.archive).write_bytes(data)
    result = product.run(capsys)
    assert "the archive arrived damaged" in result["msg"]
    assert not product.dest.exists()


def test_file_that_is_not_the_manifests_is_not_installed(product: Product, capsys: pytest.CaptureFixture[str]) -> None:
    entry = product.content["files"]["bin/start.sh"]
    product.content["files"]["bin/start.sh"] = {**entry, "sha256": "0" * 64}
    result = product.run(capsys)
    assert "start.sh in the archive is not what the manifest says" in result["msg"]
    assert list((product.dest / "bin").iterdir()) == []


@pytest.mark.parametrize("folder", [True, False])
def test_what_stands_in_the_way_is_named(product: Product, capsys: pytest.CaptureFixture[str], folder: bool) -> None:
    if folder:
        (product.dest / "bin/start.sh").mkdir(parents=True)
        expected = "bin/start.sh is a folder where a file"
    else:
        product.dest.mkdir()
        (product.dest / "libs").symlink_to("/tmp")
        expected = "libs is not a folder"
    result = product.run(capsys)
    assert result["failed"] is True
    assert expected in result["msg"]


PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Install
      streaming.lab.product_tree: {product: "{{ entry }}", dest: "{{ dest }}", exclusive: [libs]}
      register: tree
"""


def play(product: Product, *options: str, **entry: Any) -> subprocess.CompletedProcess[str]:
    """Run the action in a play."""
    entry = {
        "available": True,
        "reason": "",
        "archive": product.archive,
        "manifest": product.manifest,
        **entry,
    }
    variables = {"entry": entry, "dest": str(product.dest), "ansible_python_interpreter": sys.executable}
    book = write(product.folder / "play.yml", PLAY)
    settings = f"collections_path = {ROOT}/collections\n"
    config = write(product.folder / "ansible.cfg", f"[defaults]\n{settings}remote_tmp = {product.folder}/remote\n")
    program = Path(sys.executable).with_name("ansible-playbook")
    return subprocess.run(
        [str(program), "-i", "localhost,", str(book), "-e", json.dumps(variables), "--diff", *options],
        cwd=product.folder,
        env={**os.environ, "ANSIBLE_CONFIG": str(config), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_play_sends_the_archive_once_and_leaves_nothing_behind(product: Product) -> None:
    first, second = play(product), play(product)
    assert "changed=1" in first.stdout, first.stdout + first.stderr
    assert "changed=0" in second.stdout, second.stdout
    assert product.differences() == []
    assert list((product.folder / "remote").rglob("*.tar")) == []


def test_play_in_check_mode_before_anything_was_fetched(product: Product) -> None:
    result = play(product, "--check", archive="/none.tar", manifest="/none.json", files=product.content["files"])
    assert "+install bin/start.sh" in result.stdout, result.stdout + result.stderr
    assert not product.dest.exists()


def test_play_refuses_an_archive_changed_in_the_cache(product: Product) -> None:
    data = bytearray(Path(product.archive).read_bytes())
    data[2000] ^= 1
    Path(product.archive).write_bytes(data)
    result = play(product)
    assert "changed on disk" in result.stdout + result.stderr
    assert not product.dest.exists()
    assert not Path(product.archive).exists(), "the next run would stumble over it again"


def test_play_names_a_product_that_cannot_be_had(product: Product) -> None:
    result = play(product, available=False, reason="HTTP 404; put its zip in files/plugins")
    assert "not available: HTTP 404; put its zip in files/plugins" in result.stdout + result.stderr
