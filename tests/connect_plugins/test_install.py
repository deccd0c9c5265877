"""A worker's folder of plugins: what is the lab's, what is someone's own, and what the worker lists in the end."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from tests.artifacts.kit import make_jar, open_to_others, write  # isort: skip - it lets Ansible's imports below work

from ansible_collections.streaming.lab.plugins.modules import connect_plugins


def connector(name: str, jar: str = "x-1.jar", listed: bool = True) -> dict[str, Any]:
    """A connector as the index of the artifacts has it."""
    return {"name": name, "jar": jar, "version": "1", "listed": listed}


class Host:
    """A worker's host."""

    def __init__(self, folder: Path) -> None:
        self.plugins, self.record = folder / "plugins", folder / "share/connect-plugins.json"

    def run(
        self, capsys: pytest.CaptureFixture[str], check: bool = False, others: tuple[str, ...] = (), **plugins: Any
    ) -> dict[str, Any]:
        """Run the module as Ansible does."""
        arguments = {
            "folder": str(self.plugins),
            "record": str(self.record),
            "plugins": plugins,
            "paths": {name: ["LICENSE", *(one["jar"] for one in found)] for name, found in plugins.items()},
            "others": list(others),
            "_ansible_check_mode": check,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            connect_plugins.main()
        return json.loads(capsys.readouterr().out)

    def install(self, name: str, jar: str = "x-1.jar", connectors: tuple[str, ...] = ()) -> None:
        """What product_tree would do."""
        write(self.plugins / name / jar, make_jar(*connectors))

    @property
    def noted(self) -> list[str]:
        """Folders that the record names."""
        return json.loads(self.record.read_text(encoding="utf-8"))["folders"]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_first_run_notes_what_will_be_installed_and_the_second_changes_nothing(host, capsys):
    assert host.run(capsys, acme=[connector("a.A")])["changed"]
    assert host.noted == ["acme"]
    host.install("acme")
    assert not host.run(capsys, acme=[connector("a.A")])["changed"]


def test_plugin_that_is_not_declared_any_more_is_removed_and_a_persons_own_is_not(host, capsys):
    host.run(capsys, acme=[connector("a.A")], other=[connector("b.B")])
    host.install("acme")
    host.install("other")
    host.install("mine", connectors=("m.M",))
    write(host.plugins / "bare.jar", make_jar("n.N"))
    told = host.run(capsys, check=True, acme=[connector("a.A")])
    assert (told["changed"], told["removed"], (host.plugins / "other").exists()) == (True, ["other"], True)
    assert told["diff"]["before"] == "acme\nother\n" and told["diff"]["after"] == "acme\n"
    done = host.run(capsys, acme=[connector("a.A")])
    assert (done["removed"], done["own"]) == (["other"], ["bare.jar", "mine"])
    assert sorted(path.name for path in host.plugins.iterdir()) == ["acme", "bare.jar", "mine"]
    assert host.noted == ["acme"]


def test_folder_of_a_persons_own_is_never_taken_over(host, capsys):
    host.install("acme", "something-else.jar")
    done = host.run(capsys, acme=[connector("a.A")])
    assert done["failed"]
    assert done["msg"] == (
        f"{host.plugins}/acme is there and was not made by the lab (something-else.jar is not the plugin's): move it "
        "away, or give the entry 'acme' of kafka_connect_plugins another name"
    )
    assert not host.record.exists()


@pytest.mark.parametrize("own", ["notes.txt", "lib/driver-1.jar"])
def test_folder_with_the_plugin_and_a_persons_own_files_is_never_taken_over(host, capsys, own):
    host.install("acme")
    write(host.plugins / "acme" / own, "x")
    done = host.run(capsys, acme=[connector("a.A")])
    assert done["failed"] and f"acme is there and was not made by the lab ({own} is not the plugin's)" in done["msg"]
    assert not host.record.exists()


def test_link_of_a_persons_own_is_never_taken_over(host, capsys):
    write(host.plugins.parent / "elsewhere/x-1.jar", make_jar("a.A"))
    host.plugins.mkdir()
    (host.plugins / "acme").symlink_to(host.plugins.parent / "elsewhere")
    assert "was not made by the lab (it is not the plugin's)" in host.run(capsys, acme=[connector("a.A")])["msg"]


def test_folder_of_an_earlier_lab_is_known_by_its_files(host, capsys):
    host.install("acme")
    write(host.plugins / "acme/LICENSE", "x")
    assert not host.run(capsys, acme=[connector("a.A")]).get("failed")
    assert host.noted == ["acme"]


@pytest.mark.parametrize("place", ["mine/lib/x-2.jar", "x-2.jar"])
def test_second_version_of_a_connector_is_refused_by_name(host, capsys, place):
    write(host.plugins / place, make_jar("a.A", manifest=False))
    done = host.run(capsys, acme=[connector("a.A")])
    assert done["failed"]
    assert done["msg"] == (
        f"a.A is there 2 times (1 in {host.plugins}/acme/x-1.jar, 2 in {host.plugins}/{place}): keep one"
    )


def test_two_declared_plugins_with_one_connector_are_refused(host, capsys):
    assert "a.A is there 2 times" in host.run(capsys, acme=[connector("a.A")], other=[connector("a.A")])["msg"]


def test_connector_elsewhere_on_the_plugin_path_counts(host, capsys):
    other = write(host.plugins.parent / "libs/connect-file-3.jar", make_jar("a.A"))
    assert "connect-file-3.jar" in host.run(capsys, others=(str(other),), acme=[connector("a.A")])["msg"]


def test_discovery_is_the_fastest_that_sees_all(host, capsys):
    host.install("mine", connectors=("m.M",))
    assert host.run(capsys, acme=[connector("a.A")])["discovery"] == "service_load"
    done = host.run(capsys, acme=[connector("a.A", listed=False)])
    assert (done["discovery"], done["without_manifest"]) == ("hybrid_warn", ["a.A"])
    write(host.plugins / "old/o-1.jar", make_jar("o.O", manifest=False))
    assert host.run(capsys, acme=[connector("a.A")])["without_manifest"] == ["o.O"]


def test_damaged_record_is_one_line_and_never_names_a_path(host, capsys):
    write(host.record, "junk")
    assert "connect-plugins.json cannot be read" in host.run(capsys, acme=[])["msg"]
    write(host.plugins.parent / "precious/file", "x")
    write(host.record, json.dumps({"folders": ["../precious", "..", ""]}))
    assert host.run(capsys, acme=[connector("a.A")])["removed"] == []
    assert (host.plugins.parent / "precious/file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as a second user")
def test_folder_that_somebody_put_in_the_place_of_the_labs_is_theirs_and_stays(host, capsys):
    host.run(capsys, acme=[connector("a.A")], other=[connector("b.B")])
    host.install("acme")
    host.install("other")
    (host.plugins / "other").rename(host.plugins / ".away")
    write(host.plugins / "other/work.txt", "mine")
    os.chown(host.plugins / "other", 61500, 61500)
    done = host.run(capsys, acme=[connector("a.A")])
    assert (done["removed"], done["own"]) == ([], ["other"])
    assert (host.plugins / "other/work.txt").read_text() == "mine"


def test_link_in_the_place_of_a_plugin_that_is_not_declared_any_more_is_not_followed(host, capsys, tmp_path):
    host.run(capsys, acme=[connector("a.A")], other=[connector("b.B")])
    host.install("acme")
    write(tmp_path / "victim/work.txt", "root's")
    (host.plugins / "other").symlink_to(tmp_path / "victim")
    host.run(capsys, acme=[connector("a.A")])
    assert (tmp_path / "victim/work.txt").read_text() == "root's"


def test_fifo_among_the_jars_of_a_persons_plugin_does_not_stop_the_run(host, capsys):
    host.install("mine", connectors=("m.M",))
    os.mkfifo(host.plugins / "mine/pipe.jar")
    os.mkfifo(host.plugins / "bare.jar")
    assert host.run(capsys, acme=[connector("a.A")])["own"] == ["bare.jar", "mine"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as a second user")
def test_a_persons_plugins_are_read_with_their_own_rights(host, capsys, tmp_path):
    """A link to a jar that only root can read shows nothing of it."""
    open_to_others(tmp_path)
    secret = write(tmp_path / "secret.jar", make_jar("s.S"))
    secret.chmod(0o600)
    host.install("mine", connectors=("m.M",))
    (host.plugins / "mine/secret.jar").symlink_to(secret)
    for path in (host.plugins / "mine", *(host.plugins / "mine").iterdir()):
        os.chown(path, 61500, 61500, follow_symlinks=False)
    told = host.run(capsys, acme=[connector("s.S", listed=True)])
    assert "msg" not in told, "root read it, and said that the connector is there twice"
    assert "m.M is there 2 times" in host.run(capsys, acme=[connector("m.M")])["msg"]
