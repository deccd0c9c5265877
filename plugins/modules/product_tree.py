"""Ansible module: make a folder hold exactly the files of a product, repairing in place."""

from __future__ import annotations

DOCUMENTATION = r"""
module: product_tree
short_description: Installs a product from the artifact cache and repairs it
description:
  - Hashes what is on the host against the product's manifest. Only when a file is missing or differs is the
    product's one archive sent, and only those files are replaced, each by a rename. A half-unpacked tree, a
    deleted jar, an edited script or a wrong mode is noticed and repaired.
  - Files that are not the product's are left alone, except in the folders named by O(exclusive).
  - Existing folders keep their mode and access lists. A folder of the product that someone else put in its place
    becomes the product's again, closed to others. Nothing is written, removed or changed through a link.
options:
  product:
    description: An entry of C(artifacts_index), which role artifacts sets. Read by the action plugin.
    type: dict
    required: true
  dest:
    description: The folder of the product on the host.
    type: path
    required: true
  exclusive:
    description: Folders of the product in which every other file is removed (an old version's jar, say).
    type: list
    elements: str
    default: []
  keep:
    description: Files or folders of the product that are installed when missing and never touched again.
    type: list
    elements: str
    default: []
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Install Kafka
  product_tree:
    product: "{{ artifacts_index.kafka }}"
    dest: /opt/kafka_2.13-3.8.1
    exclusive: [bin, libs]
    keep: [config]
"""

RETURN = r"""
installed: {description: Number of files that were missing., type: int, returned: success}
repaired: {description: Files whose content differed., type: list, returned: success}
removed: {description: Files that were removed from exclusive folders., type: list, returned: success}
restored: {description: Files whose mode differed., type: list, returned: success}
taken_back: {description: Folders that belonged to someone else., type: list, returned: success}
"""

import base64  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import stat  # noqa: E402
import tarfile  # noqa: E402
import tempfile  # noqa: E402
import zlib  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible.module_utils.held_folder import FolderError, inside  # noqa: E402

ARGUMENTS = {
    "dest": {"type": "path", "required": True},
    "manifest": {"type": "str", "required": True},
    "exclusive": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "list", "elements": "str", "default": []},
    "archive": {"type": "path"},
    "archive_sha256": {"type": "str"},
}
SHOWN = 10
# User and group number.
Owner = tuple[int, int]
# By path: {sha256, size, mode} or {link}.
Manifest = dict[str, dict[str, Any]]


class TreeError(FolderError):
    """Why the product cannot be installed, in one line."""


@dataclass
class Difference:
    """What sets a folder apart from the product; paths are relative to the folder."""

    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    @property
    def wanted(self) -> list[str]:
        """Files whose bytes are needed."""
        return sorted(self.missing + self.changed)

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.modes or self.extra or self.folders)


def decode_manifest(text: str) -> Manifest:
    """The manifest as the action plugin sends it: JSON, compressed, in base64."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def hash_path(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def below(path: str, folders: list[str]) -> bool:
    """Whether a path is one of the folders (or files) or lies in one."""
    return any(path == f.strip("/") or path.startswith(f"{f.strip('/')}/") for f in folders)


def compare(root: Path, files: Manifest, exclusive: list[str], keep: list[str], owner: Owner) -> Difference:
    """Compare a folder with a manifest.

    Parameters:
        root: the folder, which may be missing.
        files: the manifest, by path: ``{sha256, size, mode}`` or ``{link}``.
        exclusive: folders in which nothing else may be.
        keep: files and folders of which only what is missing counts.
        owner: user and group number that files must have.
    Raises:
        TreeError: a folder stands where a file belongs, or the other way round.
    """
    found = Difference()
    for path, wanted in sorted(files.items()):
        check_folders(root, path)
        target = root / path
        try:
            info = target.lstat()
        except FileNotFoundError:
            found.missing.append(path)
            continue
        if below(path, keep):
            continue
        if stat.S_ISDIR(info.st_mode):
            raise TreeError(f"{target} is a folder where a file of the product belongs: move it away and run again")
        if "link" in wanted:
            if not stat.S_ISLNK(info.st_mode) or str(target.readlink()) != wanted["link"]:
                found.changed.append(path)
        elif not stat.S_ISREG(info.st_mode) or info.st_size != wanted["size"] or hash_path(target) != wanted["sha256"]:
            found.changed.append(path)
        elif (info.st_uid, info.st_gid) != owner:
            # Replaced, not given back: whoever owned it may have it open for writing.
            found.changed.append(path)
        elif stat.S_IMODE(info.st_mode) != int(wanted["mode"], 8):
            found.modes.append(path)
    found.folders = foreign_folders(root, files, owner[0])
    for folder in exclusive:
        for base, _folders, names in os.walk(root / folder.strip("/")):
            inside = (str((Path(base) / name).relative_to(root)) for name in names)
            found.extra += [path for path in inside if path not in files]
            # os.walk lists a link to a folder as a folder and does not enter it.
            linked = (Path(base) / name for name in _folders if (Path(base) / name).is_symlink())
            found.extra += [str(path.relative_to(root)) for path in linked if str(path.relative_to(root)) not in files]
    found.extra = sorted(set(found.extra))
    return found


def check_folders(root: Path, path: str) -> None:
    """See that the folders above a file are folders, not links that lead somewhere else.

    Raises:
        TreeError: one of them is something else.
    """
    pieces = path.split("/")
    if path.startswith("/") or ".." in pieces:
        raise TreeError(f"'{path}' of the manifest leaves the product's folder")
    for depth in range(len(pieces)):
        folder = root.joinpath(*pieces[:depth])
        try:
            if not stat.S_ISDIR(folder.lstat().st_mode):
                raise TreeError(f"{folder} is not a folder (a link or a file): move it away and run again")
        except FileNotFoundError:
            return


def foreign_folders(root: Path, files: Manifest, user: int) -> list[str]:
    """Folders of the product, below its own, that someone else owns: who may write in the product's folder can put
    one in the place of `bin`, and would go on owning what is repaired in it."""
    folders = {str(parent) for path in files for parent in Path(path).parents if str(parent) != "."}
    return [path for path in sorted(folders) if (root / path).is_dir() and (root / path).lstat().st_uid != user]


def install(root: Path, files: Manifest, wanted: set[str], archive: str, owner: Owner) -> None:
    """Take files out of the archive, each by a temporary name and a rename.

    Parameters:
        root: the product's folder.
        files: the manifest.
        wanted: paths to install.
        archive: the tar on this host, whose own hash was checked.
        owner: user and group number the files get.
    Raises:
        TreeError: the archive does not hold what the manifest says.
    """
    left = set(wanted)
    with tarfile.open(archive, "r:") as tar:
        for member in tar:
            if member.name not in left:
                continue
            left.discard(member.name)
            entry = files[member.name]
            with inside(root, str(Path(member.name).parent), make_for=owner) as folder:
                target = folder / Path(member.name).name
                if "link" in entry:
                    place_link(target, entry["link"])
                else:
                    stream = tar.extractfile(member)
                    if stream is None:
                        raise TreeError(f"{member.name} is no file in the archive")
                    place_file(target, stream, entry, member.mtime, owner)
    if left:
        raise TreeError(f"the archive lacks {', '.join(sorted(left)[:3])}: remove it from the cache and run again")


def place_file(target: Path, stream: Any, entry: dict[str, Any], mtime: float, owner: Owner) -> None:
    """Write one file beside its place, see that its bytes are right, and rename it into place.

    Raises:
        TreeError: the bytes are not those of the manifest.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as output:
            shutil.copyfileobj(stream, output, 1 << 20)
        if hash_path(temporary) != entry["sha256"]:
            raise TreeError(f"{target.name} in the archive is not what the manifest says: nothing was replaced by it")
        os.chown(temporary, *owner)
        # After the chown, and also where a default access list widened or narrowed the mode.
        temporary.chmod(int(entry["mode"], 8))
        os.utime(temporary, (mtime, mtime))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def place_link(target: Path, to: str) -> None:
    """Make a symbolic link, replacing what is there in one step."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(to)
    temporary.replace(target)


def restore(root: Path, files: Manifest, paths: list[str]) -> None:
    """Give files their mode back."""
    for path in paths:
        with inside(root, str(Path(path).parent)) as folder:
            handle = os.open(folder / Path(path).name, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fchmod(handle, int(files[path]["mode"], 8))
            finally:
                os.close(handle)


def take_back(root: Path, folders: list[str], owner: Owner) -> None:
    """Make folders that someone else put there the owner's, closed to others, before anything is put in them."""
    for path in folders:
        with inside(root, path) as folder:
            os.chown(folder, *owner)
            folder.chmod(0o755)


def remove(root: Path, paths: list[str]) -> None:
    """Remove files, and the folders that they leave empty."""
    for path in paths:
        with inside(root, str(Path(path).parent)) as folder:
            (folder / Path(path).name).unlink(missing_ok=True)
        for parent in list(Path(path).parents)[:-1]:
            with inside(root, str(parent.parent)) as folder:
                try:
                    (folder / parent.name).rmdir()
                except OSError:
                    break


def shorten(verb: str, paths: list[str]) -> list[str]:
    """Lines for the diff: the first few paths and how many more there are."""
    lines = [f"{verb} {path}" for path in paths[:SHOWN]]
    return lines + ([f"{verb} ... and {len(paths) - SHOWN} more"] if len(paths) > SHOWN else [])


def describe(found: Difference, dest: str) -> dict[str, str]:
    """The difference as Ansible's diff output."""
    lines = (
        shorten("take back folder", found.folders)
        + shorten("install", found.missing)
        + shorten("repair", found.changed)
        + shorten("set mode of", found.modes)
        + shorten("remove", found.extra)
    )
    return {
        "before_header": dest,
        "after_header": dest,
        "before": "",
        "after": "".join(f"{line}\n" for line in lines),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, no_log=True)
    options = module.params
    root, owner = Path(options["dest"]), (os.geteuid(), os.getegid())
    try:
        files = decode_manifest(options["manifest"])
        found = compare(root, files, options["exclusive"], options["keep"], owner)
        result = {
            "changed": bool(found),
            "installed": len(found.missing),
            "repaired": found.changed,
            "removed": found.extra,
            "restored": found.modes,
            "taken_back": found.folders,
            "diff": describe(found, str(root)),
            # Check mode of the official archive on a fresh machine: its content is known once it is fetched.
            "msg": "" if files else "the product's content is known once its archive is fetched",
        }
        if not files:
            result["changed"] = True
        if module.check_mode or not found:
            module.exit_json(**result)
        if found.wanted and not options["archive"]:
            module.exit_json(needs_archive=True, **result)
        take_back(root, found.folders, owner)
        if found.wanted:
            sha256 = hash_path(Path(options["archive"]))
            if sha256 != options["archive_sha256"]:
                raise TreeError(
                    f"the archive arrived damaged (expected {options['archive_sha256']}, found {sha256}): "
                    "nothing was changed; run again"
                )
            install(root, files, set(found.wanted), options["archive"], owner)
        restore(root, files, found.modes)
        remove(root, found.extra)
        module.exit_json(**result)
    except FolderError as error:
        module.fail_json(msg=f"{root}: {error}")
    except OSError as error:
        module.fail_json(msg=f"{root} cannot be installed: {error}")


if __name__ == "__main__":
    main()
