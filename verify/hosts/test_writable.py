"""What every account of a host may write to: folders for temporary files, and nothing that root or a service trusts."""

SHARED = {"/tmp", "/var/tmp", "/var/crash", "/run/lock", "/dev/shm", "/dev/mqueue"}
"""Folders that systemd or Ubuntu make for everyone. They have the sticky bit: nobody renames another's file there."""
LOOK = r"""
find / -xdev -maxdepth 2 \( -type d -o -type f \) -perm -0002 -printf '%p %m\n'
find /run /dev \( -path '/run/lock/*' -o -path '/run/user/*' -o -path '/dev/shm/*' -o -path '/dev/mqueue/*' \) -prune \
  -o \( -type d -o -type f \) -perm -0002 -exec test ! -c {} \; -printf '%p %m\n'
"""
# A device that a container gets is mounted over an empty file, and find sees the type of that file.


def test_only_folders_for_temporary_files_are_writable_by_all(lab, evidence):
    """Nobody but root adds a file to / or /run: system services look for sockets, names and settings there."""
    for machine in lab.machines:
        modes = dict(line.rsplit(" ", 1) for line in machine.root(LOOK, check=False).splitlines())
        assert "/tmp" in modes, f"{machine.name}: the file system could not be searched: {modes}"
        unsafe = {path: mode for path, mode in modes.items() if path not in SHARED or not int(mode, 8) & 0o1000}
        assert unsafe == {}, f"{machine.name}: writable by every account: {unsafe}"
    evidence("only temporary folders writable by all")
