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
  - Existing folders keep their mode and access lists. A folder of the product that someone else put in its place, the
    product's own folder too, becomes the product's again, closed to others, before anything is changed in it.
  - Every folder is held open while it is worked in, and every file is hashed, given its owner and its mode by the
    descriptor that it was written to. Nothing is read, written, removed or changed through a link.
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
  streaming.lab.product_tree:
    product: "{{ artifacts_index.kafka }}"
    dest: /opt/kafka_2.13-3.8.1
    exclusive: [bin, libs]
    keep: [config]
"""

RETURN = r"""
installed: {description: Number of files that were missing., type: int, returned: success}
repaired: {description: Files with other content than the product's., type: list, returned: success}
removed: {description: Files that were removed from exclusive folders., type: list, returned: success}
restored: {description: Files with another mode than the product's., type: list, returned: success}
taken_back: {description: Folders that belonged to someone else., type: list, returned: success}
"""

import base64
import contextlib
import hashlib
import json
import os
import tarfile
import zlib
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.held_folder import (
    FolderError,
    Held,
    hold,
    inside,
    open_file,
    own,
    place,
)
from ansible_collections.streaming.lab.plugins.module_utils.products.difference import (
    Manifest,
    Owner,
    TreeError,
    compare,
    describe,
)

ARGUMENTS = {
    "dest": {"type": "path", "required": True},
    "manifest": {"type": "str", "required": True},
    "exclusive": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "list", "elements": "str", "default": []},
    "archive": {"type": "path"},
    "archive_sha256": {"type": "str"},
}


def decode_manifest(text: str) -> Manifest:
    """The manifest as the action plugin sends it: JSON, compressed, in base64."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def install(root: Held, files: Manifest, wanted: set[str], archive: str, owner: Owner) -> None:
    """Take files out of the archive, each by a temporary name and a rename.

    Args:
        root: the product's folder.
        files: the manifest.
        wanted: paths to install.
        archive: the tar on this host; each file is hashed while it is taken out.
        owner: user and group number the files get.
    Raises:
        FolderError: the archive does not hold what the manifest says, or somebody is at work in the folder.
    """
    left = set(wanted)
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            if member.name not in left:
                continue
            left.discard(member.name)
            entry = files[member.name]
            with inside(root, str(Path(member.name).parent), make_for=owner) as folder:
                name = Path(member.name).name
                if "link" in entry:
                    place_link(folder, name, entry["link"])
                else:
                    stream = tar.extractfile(member)
                    if stream is None:
                        raise TreeError(f"{member.name} is no file in the archive")
                    place(folder, name, stream, entry["sha256"], int(entry["mode"], 8), owner, member.mtime)
    if left:
        raise TreeError(f"the archive lacks {', '.join(sorted(left)[:3])}: remove it from the cache and run again")


def place_link(folder: Held, name: str, to: str) -> None:
    """Make a symbolic link in a held folder, replacing what is there in one step."""
    temporary = f".{name}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder.descriptor)
    os.symlink(to, temporary, dir_fd=folder.descriptor)
    os.replace(temporary, name, src_dir_fd=folder.descriptor, dst_dir_fd=folder.descriptor)


def restore(root: Held, files: Manifest, paths: list[str]) -> None:
    """Give files their mode back; one that is not the product's any more is left to the next run."""
    for path in paths:
        with inside(root, str(Path(path).parent)) as folder:
            handle = open_file(folder, Path(path).name)
            if handle is None:
                continue
            with handle:
                if hashlib.file_digest(handle, "sha256").hexdigest() == files[path]["sha256"]:
                    os.fchmod(handle.fileno(), int(files[path]["mode"], 8))


def take_back(root: Held, folders: list[str], owner: Owner) -> None:
    """Make folders that someone else put there the owner's, closed to others, before anything is put in them."""
    for path in folders:
        with inside(root, path) as folder:
            own(folder, owner, 0o755)


def remove(root: Held, paths: list[str]) -> None:
    """Remove files, and the folders that they leave empty."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError), inside(root, str(Path(path).parent)) as folder:
            os.unlink(Path(path).name, dir_fd=folder.descriptor)
        for parent in list(Path(path).parents)[:-1]:
            try:
                with inside(root, str(parent.parent)) as folder:
                    os.rmdir(parent.name, dir_fd=folder.descriptor)
            except OSError:
                break


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, no_log=True)
    options = module.params
    root, owner = Path(options["dest"]), (os.geteuid(), os.getegid())
    try:
        files = decode_manifest(options["manifest"])
        with contextlib.ExitStack() as stack:
            held = None
            with contextlib.suppress(FileNotFoundError):
                held = stack.enter_context(hold(root))
            found = compare(held, files, options["exclusive"], options["keep"], owner)
            result = {
                "changed": bool(found) or not files,
                "installed": len(found.missing),
                "repaired": found.changed,
                "removed": found.extra,
                "restored": found.modes,
                "taken_back": found.folders,
                "diff": describe(found, str(root)),
                # Check mode of the official archive on a fresh machine: its content is known once it is fetched.
                "msg": "" if files else "the product's content is known once its archive is fetched",
            }
            if module.check_mode or not found:
                module.exit_json(**result)
            if found.wanted and not options["archive"]:
                module.exit_json(needs_archive=True, **result)
            if found.wanted:
                check_archive(options["archive"], options["archive_sha256"])
            held = held or stack.enter_context(hold(root, make_for=owner))
            if found.folders:
                take_back(held, found.folders, owner)
                # Compared again, now that nobody else can change anything in them.
                found = compare(held, files, options["exclusive"], options["keep"], owner)
            if found.wanted:
                if not options["archive"]:
                    module.exit_json(needs_archive=True, **result)
                install(held, files, set(found.wanted), options["archive"], owner)
            restore(held, files, found.modes)
            remove(held, found.extra)
            module.exit_json(**result)
    except FolderError as error:
        module.fail_json(msg=f"{root}: {error}")
    except OSError as error:
        module.fail_json(msg=f"{root} cannot be installed: {error}")


def check_archive(archive: str, expected: str) -> None:
    """See that the archive arrived whole, before anything is changed; each file is hashed again when it is taken out.

    Raises:
        TreeError: it did not.
    """
    with Path(archive).open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    if sha256 != expected:
        raise TreeError(
            f"the archive arrived damaged (expected {expected}, found {sha256}): nothing was changed; run again"
        )


if __name__ == "__main__":
    main()
