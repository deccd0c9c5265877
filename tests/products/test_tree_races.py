"""What a student puts in a product's way, also while it is installed, leads root nowhere."""

from __future__ import annotations

import os
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.held_folder import rights_of
from ansible_collections.streaming.lab.plugins.modules import product_tree
from tests.artifacts.kit import open_to_others, write
from tests.products.kit import Product, installed, product

__all__ = ["installed", "product"]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as a second user")
# Nobody's number on this machine; `rights_of` needs no account.
STUDENT = 61500


@pytest.fixture
def shared(installed: Product) -> Product:
    """An installed product in a folder that the student may write in, as plugins/ of the Kafka home is."""
    open_to_others(installed.dest.parent)
    os.chown(installed.dest.parent, STUDENT, STUDENT)
    return installed


@needs_root
def test_product_folder_that_a_student_put_there_is_taken_back_before_it_is_filled(
    shared: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    with rights_of(STUDENT, STUDENT):
        shared.dest.rename(shared.dest.with_name("away"))
        write(shared.dest / "libs/jar-03.jar", "planted")
        (shared.dest / "bin").mkdir()
        shared.dest.chmod(0o777)
    result = shared.run(capsys)
    assert result["taken_back"] == [".", "bin", "libs"]
    assert shared.differences() == []
    for path in [shared.dest, *shared.dest.rglob("*")]:
        info = path.lstat()
        assert info.st_uid == 0, path
        assert path.is_symlink() or not info.st_mode & 0o022, path
    assert shared.run(capsys, archive=False)["changed"] is False


@needs_root
def test_link_that_a_student_puts_in_the_products_place_is_refused(
    shared: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = shared.folder / "victim"
    write(victim / "libs/secret.txt", "root's")
    with rights_of(STUDENT, STUDENT):
        shared.dest.rename(shared.dest.with_name("away"))
        shared.dest.symlink_to(victim)
    result = shared.run(capsys)
    assert "thing-1 is not a folder (a link or a file)" in result["msg"]
    assert [path.name for path in victim.rglob("*")] == ["libs", "secret.txt"]


@needs_root
@pytest.mark.parametrize("through", ["dest", "libs"])
def test_link_swapped_in_between_comparison_and_removal_leads_nowhere(
    shared: Product, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    victim = shared.folder / "victim"
    write(victim / "libs/old.jar", "root's")
    write(victim / "old.jar", "root's")
    write(shared.dest / "libs/old.jar", "old")
    os.chown(shared.dest, STUDENT, STUDENT)
    real, calls = product_tree.compare, []

    def compare(*arguments: Any) -> Any:
        found = real(*arguments)
        calls.append(found)
        if len(calls) == 1:
            with rights_of(STUDENT, STUDENT):
                if through == "dest":
                    shared.dest.rename(shared.dest.with_name("away"))
                    shared.dest.symlink_to(victim)
                else:
                    (shared.dest / "libs").rename(shared.dest / "away")
                    (shared.dest / "libs").symlink_to(victim)
        return found

    monkeypatch.setattr(product_tree, "compare", compare)
    shared.run(capsys, archive=False)
    assert (victim / "libs/old.jar").read_text() == "root's"
    assert (victim / "old.jar").read_text() == "root's"


@needs_root
def test_fifo_in_a_files_place_does_not_stop_the_comparison(
    shared: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    size = (shared.dest / "libs/jar-03.jar").stat().st_size
    (shared.dest / "libs/jar-03.jar").unlink()
    os.mkfifo(shared.dest / "libs/jar-03.jar")
    (shared.dest / "libs/jar-04.jar").unlink()
    (shared.dest / "libs/jar-04.jar").symlink_to("jar-05.jar")
    assert size
    assert shared.run(capsys)["repaired"] == ["libs/jar-03.jar", "libs/jar-04.jar"]
    assert shared.differences() == []
