"""The lab on an image that holds as little as ubuntu:24.04, from `up` to all cases."""

from __future__ import annotations

import json
from pathlib import Path

from bare import in_image
from scenario_kit import PODMAN, ROOT, Scenario, as_root

ABSENT = (
    "systemctl",
    "systemd",
    "/usr/lib/systemd/systemd",
    "sudo",
    "sshd",
    "/usr/sbin/sshd",
    "python3",
    "init",
    "java",
)


def settings(archive: Path, base: str = "ubuntu") -> dict[str, str]:
    """What a person gives who has the image as a file."""
    return {"containers_base": base, "containers_ubuntu_image": f"oci-archive:{archive}"}


def test_image_is_as_bare_as_ubuntus(archive: Path) -> None:
    """Nothing that the recipe has to install is there already."""
    assert in_image(archive, f"for name in {' '.join(ABSENT)}; do command -v $name; done; true") == ""
    assert in_image(archive, '. /etc/os-release; echo "$ID $VERSION_ID"').split() == ["ubuntu", "24.04"]
    assert in_image(archive, "id -u ubuntu; stat -c %a /home/ubuntu").split() == ["1000", "750"]
    assert in_image(archive, "/usr/sbin/policy-rc.d; echo $?").strip() == "101"


def test_up_and_all_cases(scenario: Scenario, archive: Path) -> None:
    """The default lab comes up on it, and every case passes."""
    ended = scenario.lab("up", settings=settings(archive), seconds=1500)
    assert ended.status == 0, ended.text
    assert f"containers of Ubuntu 24.04 LTS from oci-archive:{archive}" in ended.text
    rows = json.loads((ROOT / "build/report/results.json").read_text(encoding="utf-8"))
    assert {row["result"] for row in rows} == {"passed"} and len(rows) >= 15
    [host] = [row for row in rows if row["case"] == "host"]
    assert "containers of Ubuntu 24.04 LTS" in host["evidence"]


def test_hosts_take_the_branches_of_ubuntu(scenario: Scenario) -> None:
    """MySQL's source was in the image; no role added Debian's."""
    for machine in scenario.machines().values():
        assert machine.host.system_info.distribution == "ubuntu"
        assert machine.run("systemctl is-system-running", check=False).strip() == "running"
        assert machine.run("ls /usr/sbin/policy-rc.d", check=False) == ""


def test_status_says_what_the_hosts_are(scenario: Scenario) -> None:
    assert "containers of Ubuntu 24.04 LTS" in scenario.lab("status").text


def test_nothing_is_left_to_change(scenario: Scenario, archive: Path) -> None:
    ended = scenario.lab("up", "--no-verify", settings=settings(archive))
    assert (ended.status, ended.changed) == (0, 0), ended.text


def test_letters_with_accents_whatever_the_locale_of_who_logs_in(scenario: Scenario) -> None:
    """The locale of the teacher's terminal, which a host does not have, is not taken over."""
    machine = scenario.machines()["kafka"]
    assert machine.run("locale charmap; echo $LANG").split() == ["UTF-8", "C.UTF-8"]


def test_auto_continues_with_debian_where_the_ubuntu_image_is_unfit(scenario: Scenario, tmp_path: Path) -> None:
    """A file that is no image, and an image without apt: the base that was used and the reason are said."""
    empty = tmp_path / "empty.tar"
    as_root("tar", "--create", f"--file={tmp_path}/nothing.tar", "--files-from=/dev/null")
    as_root(PODMAN, "import", "--quiet", tmp_path / "nothing.tar", "localhost/stand-in-empty:1")
    as_root(PODMAN, "save", "--quiet", "--format=oci-archive", f"--output={empty}", "localhost/stand-in-empty:1")
    as_root(PODMAN, "rmi", "localhost/stand-in-empty:1")
    wanted = [f"oci-archive:{tmp_path}/absent.tar", f"oci-archive:{empty}"]
    noted = scenario.make_hosts({"containers_base": "auto", "containers_ubuntu_image": wanted})
    assert noted["origin"].startswith("Debian GNU/Linux 13"), noted
    assert "because Ubuntu's image cannot be used" in noted["origin"]
    assert all(reference in noted["origin"] for reference in wanted)
