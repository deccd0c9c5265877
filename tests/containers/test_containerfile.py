"""The recipe of the hosts' image, rendered for both bases as Ansible renders it."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
import yaml

ROLE = Path(__file__).resolve().parents[2] / "roles" / "containers"
VALUES = {
    **yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8")),
    "__containers_masked_units": yaml.safe_load((ROLE / "vars/main.yml").read_text())["__containers_masked_units"],
    "__containers_packages": ["acl", "openjdk-21-jdk-headless", "python3", "python3-venv"],
    "__containers_mysql_packages": ["mysql-server"],
}


def recipe(base: str, **values: object) -> str:
    """The Containerfile, with continued lines joined."""
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    text = (ROLE / "templates/Containerfile.j2").read_text(encoding="utf-8")
    rendered = environment.from_string(text).render({**VALUES, "__containers_recipe_base": base, **values})
    return re.sub(r"\\\n\s*", "", rendered)


def installed(text: str) -> list[set[str]]:
    """The packages of each apt-get install."""
    lines = [line.split(" install ")[1].split("||")[0] for line in text.splitlines() if "apt-get -q install" in line]
    return [{word for word in line.split() if not word.startswith(("-", "Dpkg::"))} for line in lines]


@pytest.mark.parametrize("base", ["ubuntu", "debian"])
def test_the_recipe_installs_what_a_system_needs_before_ansible_reaches_it(base):
    packages, mysql = installed(recipe(base))
    assert set(VALUES["containers_system_packages"]) | set(VALUES["__containers_packages"]) == packages
    assert {"systemd", "systemd-sysv", "openssh-server", "sudo", "python3", "dbus"} <= packages
    assert mysql == {"mysql-server"}


def test_bare_hosts_get_the_packages_of_the_system_alone():
    (packages,) = installed(recipe("debian", __containers_packages=[], __containers_mysql_packages=[]))
    assert packages == set(VALUES["containers_system_packages"])


@pytest.mark.parametrize("base", ["ubuntu", "debian"])
def test_no_step_of_the_recipe_hides_a_failure(base):
    for line in recipe(base).splitlines():
        if line.startswith("RUN"):
            assert not re.search(r";\s*true|\|\|\s*true|2>/dev/null", line), line
            # What stands after `;` would run, and decide, whatever came before it.
            assert ";" not in re.sub(r"\{[^}]*\}|'[^']*'", "", line), line


def test_only_debian_takes_mysql_from_sid():
    (mysql,) = [line for line in recipe("debian").splitlines() if line.endswith("exit 1; }")]
    # Nothing else may come from sid: `-t sid` would upgrade libc and perl.
    assert mysql.startswith("RUN APT_CONFIG=/etc/apt/streaming-lab-sid.conf apt-get") and "-t sid" not in mysql
    assert "add-sid.sh" in recipe("debian")
    assert "sid" not in recipe("ubuntu").replace("side", "")


@pytest.mark.parametrize("base", ["ubuntu", "debian"])
def test_containers_do_not_set_the_machines_kernel(base):
    (masked,) = [
        line.split("systemctl mask")[1].split() for line in recipe(base).splitlines() if "systemctl mask" in line
    ]
    wanted = {"systemd-sysctl.service", "systemd-binfmt.service", "apparmor.service", "systemd-random-seed.service"}
    assert wanted <= set(masked)


@pytest.mark.parametrize("base", ["ubuntu", "debian"])
def test_homes_are_private_and_sshd_takes_no_locale(base):
    assert "HOME_MODE 0750" in recipe(base) and "/^AcceptEnv/d" in recipe(base)


@pytest.mark.parametrize("base", ["ubuntu", "debian"])
def test_the_base_is_an_argument(base):
    assert recipe(base).splitlines()[:2] == ["ARG BASE", "FROM ${BASE}"]


def test_an_image_without_mysql_has_no_step_for_it():
    assert installed(recipe("ubuntu", __containers_mysql_packages=[])) == [
        set(VALUES["containers_system_packages"]) | set(VALUES["__containers_packages"])
    ]


@pytest.mark.parametrize("base", ["ubuntu", "debian"])
def test_a_host_knows_localhost_and_makes_its_own_machine_id(base):
    assert "COPY --chmod=0644 hosts /etc/hosts" in recipe(base)
    assert "rm -f /etc/ssh/ssh_host_*_key* /etc/machine-id /var/lib/dbus/machine-id" in recipe(base)
