"""How the hosts' image comes to be: bases in order, a test before the name, reasons that a person can act on."""

from __future__ import annotations

import dataclasses
import json
import subprocess

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers import image

engine = image.build.__globals__
ContainerError, Podman = engine["ContainerError"], engine["Podman"]
WANTED = image.ImageSpec(
    repository="localhost/streaming-lab", tag="abc", bases=("ubuntu", "debian"), ubuntu_images=("one", "two"),
    pull_seconds=5, recipes={"ubuntu": "ARG BASE\n", "debian": "ARG BASE\n"}, files=(), bootstrap=("true", "base:1"),
    java="21", mysql=True, user_namespace="auto",
)  # fmt: skip
FINE = "3.13 x86_64\nUbuntu 24.04 LTS\n"


class Builder(Podman):
    """A podman that builds and boots as it is told; `images` are the names it holds, with their labels."""

    def __init__(self, pulls=None, builds=None, boots=None) -> None:
        super().__init__("podman")
        self.pulls, self.builds, self.boots = pulls or {}, dict(builds or {}), boots or {}
        self.images: dict[str, dict[str, str]] = {}
        self.booted: list[str] = []

    def run(self, *arguments, stdin=None, check=True, follow=None):
        done = subprocess.CompletedProcess(arguments, 0, "", "")
        if arguments[:2] == ("image", "inspect"):
            found = self.images.get(arguments[-1])
            return subprocess.CompletedProcess(arguments, 0 if found is not None else 125, json.dumps(found), "")
        if arguments[0] == "build":
            tag = next(word.removeprefix("--tag=") for word in arguments if word.startswith("--tag="))
            base = next((word.removeprefix("--build-arg=BASE=") for word in arguments if "BASE=" in word), "")
            if base in self.builds:
                return subprocess.CompletedProcess(arguments, 100, "", self.builds[base])
            pairs = [line.split(" ", 1)[1].split("=", 1) for line in (stdin or "").splitlines() if "LABEL" in line]
            self.images[tag] = {key: value.strip('"') for key, value in pairs}
        if arguments[0] == "run" and arguments[-1] == "/sbin/init":
            self.booted.append("mapped" if "--userns=auto:size=65536" in arguments else "privileged")
        if arguments[0] == "exec" and "smoke" in arguments:
            said = self.boots.get(self.booted[-1], FINE)
            failed = not said.startswith("3.")
            return subprocess.CompletedProcess(arguments, int(failed), "" if failed else said, said if failed else "")
        if arguments[0] == "exec":
            done.stdout = "running"
        if arguments[0] == "untag":
            self.images.pop(arguments[-1], None)
        return done


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """A registry that says what the Builder has for it, and a machine that maps ids."""

    def pull(podman, reference, seconds):
        if reference in podman.pulls:
            raise ContainerError(podman.pulls[reference])
        return f"id-of-{reference}"

    monkeypatch.setattr(image, "pull", pull)
    mapped = engine["choose"].__globals__["OWN_DEV"]
    monkeypatch.setattr(image, "choose", lambda *_: (mapped, "", []))


def test_the_first_reference_that_answers_is_used():
    podman = Builder(pulls={"one": "no such host"})
    assert image.build(podman, WANTED) == ("localhost/streaming-lab-ubuntu:abc", "Ubuntu 24.04 LTS from two")
    assert list(podman.images) == ["localhost/streaming-lab-ubuntu:abc"]


def test_an_image_built_before_is_used_with_its_origin():
    podman = Builder()
    image.build(podman, WANTED)
    assert image.built(podman, WANTED) == ("localhost/streaming-lab-ubuntu:abc", "Ubuntu 24.04 LTS from one")
    assert image.built(Builder(), WANTED) is None


def test_debian_is_used_where_no_registry_answers_and_the_origin_says_why():
    podman = Builder(pulls={"one": "no such host", "two": "no such host"}, boots={"mapped": "3.13 x86_64\nDebian 13\n"})
    assert image.build(podman, WANTED) == (
        "localhost/streaming-lab-debian:abc",
        "Debian 13 from packages, because Ubuntu's image cannot be used (one: no such host; two: no such host)",
    )


def test_debian_is_used_where_the_ubuntu_image_cannot_be_built():
    podman = Builder(builds={"id-of-one": "STEP 4\nE: Unable to locate package acl\nError: exit status 100\n"})
    name, origin = image.build(podman, WANTED)
    assert name.startswith("localhost/streaming-lab-debian:")
    assert "one: the hosts' packages cannot be installed: Unable to locate package acl" in origin


def test_a_package_that_cannot_be_configured_is_named_with_dpkgs_reason():
    said = (
        "*** a (Y/I/N/O/D/Z) [default=N] ? dpkg: error processing package login.defs (--configure):\n"
        " end of file on stdin at conffile prompt\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n"
    )
    podman = Builder(builds={"id-of-one": said})
    _, origin = image.build(podman, WANTED)
    assert "one: the hosts' packages cannot be installed: package login.defs: end of file on stdin" in origin


def test_an_image_that_fails_the_test_gets_no_name():
    podman = Builder(boots={"mapped": "Java is 17, not 21", "privileged": "Java is 17, not 21"})
    with pytest.raises(
        ContainerError, match=r"no image for the hosts could be made\. one: Java is 17, not 21; Java is 17"
    ):
        image.build(podman, WANTED)
    assert not any(podman.images.get(WANTED.name(base)) for base in WANTED.bases)


def test_debian_is_used_where_the_ubuntu_image_fails_the_test():
    podman = Builder()
    said = iter(["sshd does not answer", "sshd does not answer", FINE])
    podman.boots = type("Said", (dict,), {"get": lambda self, key, default: next(said)})()
    name, origin = image.build(podman, WANTED)
    assert name.startswith("localhost/streaming-lab-debian:") and "one: sshd does not answer" in origin


def test_an_image_that_boots_only_without_a_user_namespace_says_so():
    podman = Builder(boots={"mapped": "systemd is in the state 'maintenance'"})
    name, _ = image.build(podman, WANTED)
    assert podman.images[name]["streaming-lab.unfit"].startswith("in a user namespace, systemd is in the state")
    assert podman.booted == ["mapped", "privileged"]


def test_a_base_that_is_insisted_on_is_the_only_one():
    with pytest.raises(
        ContainerError, match=r"one: no such host; two: no such host\. To go on, connect this machine .*oci-archive"
    ):
        image.build(Builder(pulls={"one": "no such host", "two": "no such host"}),
                    dataclasses.replace(WANTED, bases=("ubuntu",)))  # fmt: skip


def test_mysql_that_cannot_be_had_from_sid_names_the_alternatives():
    error = f"E: mysql-server : Depends: libfoo but it is not installable\n{image.NO_MYSQL}\nError: exit status 1\n"
    with pytest.raises(ContainerError) as raised:
        image.build(Builder(builds={"base:1": error}), dataclasses.replace(WANTED, bases=("debian",)))
    said = str(raised.value)
    assert "MySQL cannot be installed from Debian sid, which changes daily" in said and "libfoo" in said
    assert "-e containers_base=ubuntu" in said and "virtual machines" in said


def test_a_python_that_the_courses_packages_are_not_locked_for_is_refused():
    podman = Builder(boots={"mapped": "3.15 x86_64\nUbuntu 28.04\n", "privileged": "3.15 x86_64\nUbuntu 28.04\n"})
    with pytest.raises(ContainerError, match=r"Python 3.15 on x86_64 is not supported"):
        image.build(podman, dataclasses.replace(WANTED, bases=("ubuntu",), ubuntu_images=("one",)))


@pytest.mark.parametrize(
    ("stderr", "said"),
    [
        (
            'Error: pinging registry: Get "https://r/v2/": dial tcp: lookup r on 10.0.0.1:53: no such host',
            "no such host",
        ),
        ("Error: reading manifest: toomanyrequests: You have reached your pull rate limit", "the registry's limit"),
    ],
)
def test_a_registry_is_quoted_in_a_few_words(tmp_path, monkeypatch, stderr, said):
    monkeypatch.undo()
    script = tmp_path / "podman"
    script.write_text(f"#!/bin/sh\ncat >&2 <<'E'\n{stderr}\nE\nexit 125\n", encoding="utf-8")
    script.chmod(0o755)
    with pytest.raises(ContainerError, match=said):
        image.pull(Podman(str(script)), "r/ubuntu:24.04", 5)


def test_a_download_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.undo()
    script = tmp_path / "podman"
    script.write_text("#!/bin/sh\nexec sleep 30\n", encoding="utf-8")
    script.chmod(0o755)
    with pytest.raises(ContainerError, match="not there after 1 s"):
        image.pull(Podman(str(script)), "r/ubuntu:24.04", 1)


def test_a_label_is_one_word_of_the_recipe():
    assert image.quoted('say "no"\nRUN $(reboot) \\') == '"say noRUN (reboot) "'


def test_the_test_of_an_image_is_a_shell_script():
    subprocess.run(["sh", "-n", "-c", image.SMOKE], check=True)
