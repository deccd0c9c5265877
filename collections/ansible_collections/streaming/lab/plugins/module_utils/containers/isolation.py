"""How containers with systemd are kept apart from the machine that runs them, and what this machine can do of it.

Root in a container is to be an ordinary account of the machine: its ids are mapped by a user namespace
(user_namespaces(7)), and it gets no device of the machine. systemd inside needs all capabilities, which count in
that namespace alone, and an unmasked /proc, which it mounts again for hardened units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman, last_line
from ansible_collections.streaming.lab.plugins.module_utils.containers.subordinate_ids import CONTAINER_IDS, add_ranges

MOUNTS = "/run:rw,exec,nosuid,nodev,mode=0755"
"""crun before 1.11 mounts /run with mode 1777: a student could answer there in a system service's name."""
OWN_IDS = f"--userns=auto:size={CONTAINER_IDS}"
# --interactive gives the first process a pipe as its standard input. Otherwise it gets /dev/null, and older releases of
# crun give that file of the machine to the container's root.
OWN_INPUT = "--interactive"


@dataclass(frozen=True)
class Isolation:
    """One way to run a container with systemd.

    Args:
        name: as labels of containers have it.
        options: of `podman run`, without the user namespace.
        mapped: whether root inside is an ordinary account of the machine.
    """

    name: str
    options: tuple[str, ...]
    mapped: bool

    @property
    def arguments(self) -> tuple[str, ...]:
        """Arguments of `podman run` for a container with a user namespace of its own, where it has one."""
        return (OWN_IDS, *self.options) if self.mapped else self.options

    def volume(self, name: str, path: str) -> str:
        """Value of --volume. The files keep their ids on disk, so the volume can be used with any isolation."""
        return f"{name}:{path}:idmap" if self.mapped else f"{name}:{path}"


CAPABILITIES = Isolation(
    "capabilities",
    (
        OWN_INPUT,
        "--cap-add=all",
        "--security-opt=unmask=ALL",
        "--security-opt=seccomp=unconfined",
        "--security-opt=apparmor=unconfined",
        "--security-opt=label=disable",
    ),
    mapped=True,
)
# crun cannot load the filter of devices where it may not raise RLIMIT_MEMLOCK (no CAP_SYS_RESOURCE). --privileged has
# no such filter and adds the devices that podman sees: files/podman.sh shows it a /dev without the machine's.
OWN_DEV = Isolation("own-dev", (OWN_INPUT, "--privileged"), mapped=True)
PRIVILEGED = Isolation("privileged", ("--privileged",), mapped=False)
KNOWN = {isolation.name: isolation for isolation in (CAPABILITIES, OWN_DEV, PRIVILEGED)}

UNFIT = "streaming-lab.unfit"
"""Label of an image: why it does not boot in a user namespace on this machine."""
SAFE_DEVICES = ("console", "full", "null", "ptmx", "random", "tty", "urandom", "zero")
PROBE = rf"""
fail() {{ echo "$1" >&2; exit 1; }}
[ "$(awk '{{print $2; exit}}' /proc/self/uid_map)" != 0 ] || fail "root in the container is root of the machine"
[ ! -w /proc/sys/kernel/core_pattern ] || fail "the container can write /proc/sys/kernel/core_pattern"
for device in $(find /dev -path /dev/pts -prune -o \( -type b -o -type c \) -printf '%f\n'); do
  case " {" ".join(SAFE_DEVICES)} " in
    *" $device "*) ;;
    *) fail "the container gets the machine's device $device" ;;
  esac
done
[ "$(stat -c %u /mnt)" = 0 ] && touch /mnt/file && chown 1000:1000 /mnt/file ||
  fail "the owners of files in volumes cannot be mapped"
unshare --mount mount -t tmpfs none /opt || fail "systemd cannot mount file systems in the container"
mkdir /sys/fs/cgroup/trial && rmdir /sys/fs/cgroup/trial || fail "systemd cannot make control groups in the container"
"""


def fill_volumes(podman: Podman, image: str, volumes: dict[str, str]) -> None:
    """Let podman give new volumes the files and owners that the image has at their paths.

    Without a user namespace: podman 4.3 gives them ids of that namespace, which mean nobody in a mapped volume.

    Args:
        podman: the engine.
        image: the containers' image.
        volumes: path in the container by the volume's name.
    """
    mounts = [f"--volume={name}:{path}" for name, path in sorted(volumes.items())]
    podman.run("run", "--rm", "--privileged", "--network=none", *mounts, image, "/bin/true")


def trial(podman: Podman, image: str, name: str, isolation: Isolation) -> str:
    """Try an isolation with one short container. Returns why it cannot be used here; empty when it can.

    Args:
        podman: the engine.
        image: the containers' image.
        name: for the container and its volume.
        isolation: what to try.
    """
    podman.run("volume", "rm", "--force", name, check=False)
    try:
        podman.run("volume", "create", "--label=streaming-lab.trial=yes", name)
        fill_volumes(podman, image, {name: "/mnt"})
        done = podman.run(
            "run", "--rm", "--network=none", f"--name={name}", "--systemd=always", f"--tmpfs={MOUNTS}",
            *isolation.arguments, f"--volume={isolation.volume(name, '/mnt')}", image, "/bin/sh", "-c", PROBE,
            stdin="", check=False,
        )  # fmt: skip
    finally:
        podman.run("volume", "rm", "--force", name, check=False)
    return "" if done.returncode == 0 else last_line(done.stderr)


def choose(
    podman: Podman, image: str, name: str, wanted: str, add_ids: Callable[[], list[str]] = add_ranges
) -> tuple[Isolation, str, list[str]]:
    """Choose the strictest isolation that this machine can do.

    Args:
        podman: the engine.
        image: the containers' image.
        name: for the trial's container and volume.
        wanted: `auto`; `always` refuses a machine without user namespaces; `never` asks for none.
        add_ids: gives the user `containers` its ids where they are missing, and says what it added.
    Returns:
        the isolation; why root is not kept apart, empty where it is; what was added to this machine.
    Raises:
        ContainerError: `always`, and this machine cannot.
    """
    if wanted == "never":
        return PRIVILEGED, "containers_user_namespace is never", []
    added: list[str] = []
    # A machine on which the image's own test failed with a user namespace, and passed without.
    unfit = (podman.image_labels(image) or {}).get(UNFIT, "")
    reasons = [unfit] if unfit else []
    if not unfit:
        try:
            added = add_ids()
        except (OSError, ValueError) as error:
            reasons = [f"/etc/subuid or /etc/subgid has no range for the user containers: {error}"]
    for isolation in () if reasons else (CAPABILITIES, OWN_DEV):
        reason = trial(podman, image, name, isolation)
        if not reason:
            return isolation, "", added
        reasons.append(reason)
    if wanted == "always":
        raise ContainerError(
            f"containers_user_namespace is always, and this machine cannot run containers in a user namespace: "
            f"{'; '.join(dict.fromkeys(reasons))}. Set it to auto, or use a machine that can"
        )
    return PRIVILEGED, "; ".join(dict.fromkeys(reasons)), added
