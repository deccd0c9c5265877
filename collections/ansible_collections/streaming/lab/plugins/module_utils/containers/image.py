"""The image of a lab's hosts: made from Ubuntu or from Debian, booted once, and only then given its name."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils.containers.apt_progress import AptProgress
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import (
    ContainerError,
    Podman,
    last_line,
    run_and_follow,
)
from ansible_collections.streaming.lab.plugins.module_utils.containers.isolation import (
    MOUNTS,
    PRIVILEGED,
    UNFIT,
    Isolation,
    choose,
)
from ansible_collections.streaming.lab.plugins.module_utils.python_environment import unsupported

PROGRESS = Path("/run/streaming-lab-image.progress")
"""Progress of the image build; ./lab shows it."""
ORIGIN = "streaming-lab.origin"
"""Label of an image: the system it holds, where it came from and why, in one line."""
BOOT_SECONDS = 60
NO_MYSQL = "streaming-lab: MySQL cannot be installed"
"""What the recipe prints where MySQL's packages are the ones that fail."""
SMOKE = r"""
java=$1 mysql=$2
fail() { echo "$1" >&2; exit 1; }
said() { journalctl --unit="$1" --output=cat --lines=1 2>&1; }
state=$(timeout 60 systemctl is-system-running --wait)
case $state in running | degraded) ;; *) fail "systemd is in the state '$state'" ;; esac
timeout 20 sh -c 'until ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | grep -q ed25519; do sleep 0.2; done' ||
  fail "sshd does not answer: $(said ssh)"
getent hosts localhost >/dev/null || fail "the name localhost is not known"
runuser --user=ubuntu -- sudo --non-interactive true || fail "the user ubuntu cannot use sudo"
if [ -n "$java" ]; then
  version=$(java -version 2>&1 | head -n 1)
  case $version in *"\"$java."*) ;; *) fail "Java is $version, not $java" ;; esac
fi
if [ "$mysql" = yes ]; then
  timeout 120 systemctl start mysql || fail "MySQL does not start: $(said mysql)"
  mysql --user=root --execute='SELECT 1' >/dev/null || fail "MySQL does not answer root on its socket"
fi
python3 -c 'import platform, sys; print("%d.%d" % sys.version_info[:2], platform.machine())'
(. /etc/os-release && echo "$PRETTY_NAME")
"""


@dataclass(frozen=True)
class ImageSpec:
    """What the image is made from, and what it must hold.

    Args:
        repository: its name without base and tag.
        tag: hash of its recipe.
        bases: `ubuntu`, `debian`; in the order in which they are tried.
        ubuntu_images: references, in the order in which they are tried.
        pull_seconds: what the download of one reference may take.
        recipes: text of the Containerfile by base; it begins with `FROM` and the base's reference in `${BASE}`.
        files: paths of files that the recipe copies.
        bootstrap: command that makes the Debian base and the reference that it gets.
        java: Java's feature release; empty where the image has no Java.
        mysql: whether MySQL's server is in the image.
        user_namespace: see container_isolation.choose.
    """

    repository: str
    tag: str
    bases: tuple[str, ...]
    ubuntu_images: tuple[str, ...]
    pull_seconds: int
    recipes: dict[str, str]
    files: tuple[str, ...]
    bootstrap: tuple[str, ...]
    java: str
    mysql: bool
    user_namespace: str

    def name(self, base: str) -> str:
        """The image's name for a base."""
        return f"{self.repository}-{base}:{self.tag}"


def built(podman: Podman, wanted: ImageSpec) -> tuple[str, str] | None:
    """Name and origin of an image that was built before; None where there is none."""
    for base in wanted.bases:
        labels = podman.image_labels(wanted.name(base))
        if labels is not None:
            return wanted.name(base), labels.get(ORIGIN, base)
    return None


def build(podman: Podman, wanted: ImageSpec) -> tuple[str, str]:
    """Make the image from the first base that can be had and passes the test.

    Returns:
        name and origin.
    Raises:
        ContainerError: no base can be used; with what failed for each.
    """
    progress = AptProgress(PROGRESS)
    try:
        return build_from_bases(podman, wanted, progress)
    finally:
        progress.end()


def build_from_bases(podman: Podman, wanted: ImageSpec, progress: AptProgress) -> tuple[str, str]:
    """The work of `build`, with its progress."""
    failed: list[str] = []
    for base in wanted.bases:
        sources = wanted.ubuntu_images if base == "ubuntu" else ("packages",)
        for source in sources:
            try:
                if base == "ubuntu":
                    progress.write(f"downloading {source}")
                    reference = pull(podman, source, wanted.pull_seconds)
                else:
                    reference = bootstrap(wanted, progress)
            except ContainerError as error:
                failed.append(f"{source}: {error}" if base == "ubuntu" else str(error))
                continue
            try:
                return finish(podman, wanted, base, source, reference, failed, progress)
            except ContainerError as error:
                # Another reference is the same system.
                failed.append(f"{source}: {error}" if base == "ubuntu" else str(error))
                break
    raise ContainerError(f"no image for the hosts could be made. {'; '.join(failed)}. {remedy(wanted)}")


def remedy(wanted: ImageSpec) -> str:
    """What a person can do where no base can be used."""
    ways = ["To go on, connect this machine to a network with an image registry or a Debian mirror"]
    if "ubuntu" in wanted.bases:
        ways.append("give an Ubuntu image as a file (-e containers_ubuntu_image=oci-archive:/path/to/archive.tar)")
    else:
        ways.append("start from Ubuntu (-e containers_base=ubuntu)")
    return f"{'; or '.join(ways)}; or use virtual machines (inventory/single, inventory/classroom)"


def pull(podman: Podman, reference: str, seconds: int) -> str:
    """Download an image. Returns its id.

    Raises:
        ContainerError: it is not available, in a few words.
    """
    argv = ["timeout", str(seconds), podman.command, "pull", "--quiet", reference]
    done = subprocess.run(argv, text=True, capture_output=True, check=False)
    if done.returncode == 0:
        return last_line(done.stdout)
    if done.returncode == 124:
        raise ContainerError(f"not there after {seconds} s")
    if "toomanyrequests" in done.stderr:
        raise ContainerError("the registry's limit of downloads is reached for this network")
    raise ContainerError(last_line(done.stderr).rsplit(": ", 1)[-1])


def bootstrap(wanted: ImageSpec, progress: AptProgress) -> str:
    """Make the Debian base from packages. Returns its reference.

    Raises:
        ContainerError: with the last line of the command.
    """
    done = run_and_follow(wanted.bootstrap, progress.read_line)
    if done.returncode != 0:
        raise ContainerError(last_line(done.stderr))
    return wanted.bootstrap[-1]


def finish(
    podman: Podman,
    wanted: ImageSpec,
    base: str,
    source: str,
    reference: str,
    failed: list[str],
    progress: AptProgress,
) -> tuple[str, str]:
    """Install the packages on a base, test the result, and give it its name. Returns name and origin.

    Raises:
        ContainerError: the packages cannot be installed, or the image fails the test.
    """
    name = wanted.name(base)
    untested = f"{wanted.repository}-untested:{wanted.tag}"
    install(podman, wanted, base, reference, untested, progress)
    progress.write("testing the image")
    isolation, _, _ = choose(podman, untested, f"streaming-lab-trial-{wanted.tag}", wanted.user_namespace)
    labels: dict[str, str] = {}
    try:
        system = smoke(podman, untested, isolation, wanted)
    except ContainerError as error:
        if not isolation.mapped or wanted.user_namespace == "always":
            raise
        system = smoke(podman, untested, PRIVILEGED, wanted)
        labels[UNFIT] = f"in a user namespace, {error}"
    origin = f"{system} from {source}"
    if base == "debian" and failed:
        origin += f", because Ubuntu's image cannot be used ({'; '.join(failed)})"
    labels[ORIGIN] = origin
    lines = [f"FROM {untested}", *(f"LABEL {key}={quoted(value)}" for key, value in labels.items())]
    podman.run("build", "--quiet", f"--tag={name}", "-", stdin="\n".join(lines) + "\n")
    podman.run("untag", untested, untested, check=False)
    return name, origin


def quoted(value: str) -> str:
    """A value for an instruction of a Containerfile, without line ends, quotes, variables and escapes."""
    plain = re.sub(r"[^ -~]|[\"$\\]", "", value)
    return f'"{plain}"'


def install(podman: Podman, wanted: ImageSpec, base: str, reference: str, tag: str, progress: AptProgress) -> None:
    """Build the recipe on a base.

    Raises:
        ContainerError: with apt's own error where there is one.
    """
    with tempfile.TemporaryDirectory(prefix="streaming-lab-") as folder:
        Path(folder, "Containerfile").write_text(wanted.recipes[base], encoding="utf-8")
        for file in wanted.files:
            target = Path(folder, Path(file).name)
            target.write_bytes(Path(file).read_bytes())
            target.chmod(0o755)
        # chroot isolation: the build only installs packages, and needs no cgroup or limit that this machine may lack.
        # One layer: to write one for each instruction takes seconds, and nobody uses them again.
        done = podman.run(
            "build", "--isolation=chroot", "--network=host", "--layers=false", f"--build-arg=BASE={reference}",
            f"--tag={tag}", folder,
            check=False, follow=progress.read_line,
        )  # fmt: skip
    if done.returncode == 0:
        return
    said = f"{done.stdout}\n{done.stderr}"
    broken = [f"{package}: {why}" for package, why in re.findall(r"dpkg: error processing (.*?) \(.*\):\n +(.*)", said)]
    errors = [*broken, *re.findall(r"^E: (.*)$", said, re.MULTILINE)]
    reason = errors[0] if errors else last_line(done.stderr)
    if NO_MYSQL not in said:
        raise ContainerError(f"the hosts' packages cannot be installed: {reason}")
    where = "Debian sid, which changes daily; it can work again in some days" if base == "debian" else "its packages"
    raise ContainerError(f"MySQL cannot be installed from {where}: {reason}")


def smoke(podman: Podman, image: str, isolation: Isolation, wanted: ImageSpec) -> str:
    """Boot a container of an image without a network and look whether a lab can use it.

    Returns:
        the system's own name.
    Raises:
        ContainerError: what the image cannot do.
    """
    name = f"streaming-lab-smoke-{wanted.tag}"
    podman.run("rm", "--force", "--time", "0", name, check=False)
    try:
        podman.run(
            "run", "--detach", f"--name={name}", "--systemd=always", "--network=none", "--no-hosts",
            f"--tmpfs={MOUNTS}", *isolation.arguments, image, "/sbin/init",
        )  # fmt: skip
        deadline = time.monotonic() + BOOT_SECONDS
        while podman.run("exec", name, "systemctl", "is-system-running", check=False).stdout.strip() in ("", "offline"):
            if time.monotonic() > deadline:
                raise ContainerError(f"its systemd does not answer within {BOOT_SECONDS} s")
            time.sleep(0.3)
        mysql = "yes" if wanted.mysql else "no"
        done = podman.run("exec", name, "sh", "-c", SMOKE, "smoke", wanted.java, mysql, check=False)
    finally:
        podman.run("rm", "--force", "--time", "0", name, check=False)
    if done.returncode != 0:
        raise ContainerError(last_line(done.stderr))
    *_, python, system = done.stdout.strip().splitlines()
    if reason := unsupported(*python.split()):
        raise ContainerError(reason)
    return system
