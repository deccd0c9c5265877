"""A stand-in for ubuntu:24.04 that has as little in it: made from Debian's packages, as an OCI archive."""

from __future__ import annotations

import shlex
from pathlib import Path

from scenario_kit import PODMAN, ROOT, as_root

RELEASE = "trixie"
OS_RELEASE = """\
PRETTY_NAME="Ubuntu 24.04 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
"""
# MySQL and what it depends on come from sid by their own names, as they do from Ubuntu's one archive; the rest stays.
PREFERENCES = f"""\
Package: sudo python3* libpython3* openjdk-* systemd* libsystemd* libpam-systemd udev libudev* openssh-* base-files
Pin: release n={RELEASE}
Pin-Priority: 990
"""
SETUP = f"""
set -eu
sh /tmp/add-sid.sh
rm /tmp/add-sid.sh /etc/apt/preferences.d/streaming-lab-sid /etc/apt/streaming-lab-sid.conf
cat >/etc/apt/preferences.d/stand-in <<'END'
{PREFERENCES}END
rm -f /etc/hosts /etc/os-release
cat >/etc/os-release <<'END'
{OS_RELEASE}END
sed -i -E 's/^#?[[:space:]]*HOME_MODE.*/HOME_MODE 0750/' /etc/login.defs
useradd --create-home --shell /bin/bash --uid 1000 ubuntu
"""
POLICY = "#!/bin/sh\nexit 101\n"
"""/usr/sbin/policy-rc.d of the real image: no service starts when its package is installed."""


def make_archive(folder: Path) -> Path:
    """Make the stand-in.

    Args:
        folder: where it goes; must exist.
    Returns:
        the OCI archive.
    """
    tar, archive, image = folder / "system.tar", folder / "ubuntu.tar", "localhost/stand-in-for-ubuntu:24.04"
    hooks = [
        f"upload {shlex.quote(str(ROOT / 'roles/mysql/files/add-sid.sh'))} /tmp/add-sid.sh",
        f'chroot "$1" sh -c {shlex.quote(SETUP)}',
    ]
    as_root(
        "mmdebstrap", "--variant=apt", "--include=passwd,login", *(f"--customize-hook={hook}" for hook in hooks),
        RELEASE, tar,
    )  # fmt: skip
    # mmdebstrap has a policy-rc.d of its own, and removes that path after its last hook.
    policy = folder / "usr/sbin/policy-rc.d"
    policy.parent.mkdir(parents=True)
    policy.write_text(POLICY, encoding="utf-8")
    policy.chmod(0o755)
    as_root(
        "tar", "--append", f"--file={tar}", "--owner=0", "--group=0", f"--directory={folder}", "usr/sbin/policy-rc.d"
    )
    as_root(PODMAN, "import", "--quiet", tar, image)
    as_root("rm", tar)
    as_root(PODMAN, "save", "--quiet", "--format=oci-archive", f"--output={archive}", image)
    as_root("chmod", "0644", archive)
    as_root(PODMAN, "untag", image)
    return archive


def in_image(archive: Path, command: str) -> str:
    """What a shell command prints in a container of an archive's image."""
    image = as_root(PODMAN, "pull", "--quiet", f"oci-archive:{archive}").stdout.split()[-1]
    # --privileged: without it, crun needs a right that a machine in a virtual environment may lack.
    return as_root(PODMAN, "run", "--rm", "--privileged", "--network=none", image, "sh", "-c", command).stdout
