"""On which file system a folder lies, and whether it keeps modes and links, which keys and Python environments need."""

from __future__ import annotations

from pathlib import Path

# Shared folders of VirtualBox, VMware, Parallels, QEMU and WSL, and file systems of Windows.
WITHOUT_MODES = {"vboxsf", "fuse.vmhgfs-fuse", "prl_fs", "9p", "drvfs", "vfat", "exfat", "ntfs", "ntfs3", "fuseblk"}


def file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Type of the file system that holds a folder (proc_pid_mounts(5)); empty where it is not known."""
    best, kind = Path(), ""
    for line in mounts.read_text(encoding="utf-8").splitlines() if mounts.exists() else []:
        point = Path(line.split()[1].replace("\\040", " "))
        if folder.is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, line.split()[2]
    return kind
