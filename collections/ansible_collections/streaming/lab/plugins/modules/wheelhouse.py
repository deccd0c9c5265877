#!/usr/bin/python
"""Resolve Python wheels on this machine for another machine's Python, as one cached tar."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wheelhouse
short_description: Resolve wheels for a host's Python on the control machine
description:
  - Runs on the control machine, because a host may trust no package index (intercepted TLS) or reach none.
  - Makes one tar of wheels for a set of pinned requirements, the host's Python version, C library and architecture, and
    keeps it in a cache. A tar in the cache with another sha256 than the recorded one is made again.
  - The lock decides which file of each distribution is taken. A file that the lock does not name is never taken.
  - A distribution without a wheel for the host is built here from the locked source; the wheel must be pure Python and
    hold the code that the lock names.
options:
  requirements: {type: path, required: true, description: File of pinned requirements.}
  lock: {type: path, required: true, description: "File with the hashes of every file (./lab lock wheels)."}
  python_version: {type: str, required: true, description: "The host's Python, such as 3.13."}
  machine: {type: str, required: true, description: "The host's architecture, as uname -m says it."}
  glibc: {type: str, required: true, description: "Version of the host's C library, such as 2.39."}
  build_requirements: {type: path, required: true, description: "Requirements with hashes of what builds sources."}
  cache: {type: path, required: true, description: Folder of the artifact cache.}
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Resolve the wheels
  streaming.lab.wheelhouse:
    requirements: requirements.txt
    lock: wheels.lock
    python_version: "3.13"
    machine: x86_64
    glibc: "2.41"
    build_requirements: build-requirements.txt
    cache: ~/.cache/streaming-lab
  delegate_to: localhost
"""

RETURN = r"""
archive: {type: str, returned: always, description: Path of the tar on the control machine.}
sha256: {type: str, returned: always, description: Its sha256; empty in check mode when there is none yet.}
"""

import fcntl
import json
import os
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.wheels import fetch as wheel_fetch
from ansible_collections.streaming.lab.plugins.module_utils.wheels import files as wheel_files
from ansible_collections.streaming.lab.plugins.module_utils.wheels import lock as wheels


def cached(archive: Path) -> dict | None:
    """Return what is recorded about an archive if the archive still is what was recorded, else None."""
    record = archive.with_suffix(".json")
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        return known if wheels.sha256(archive) == known["sha256"] else None
    except (OSError, ValueError, KeyError):
        return None


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "requirements": {"type": "path", "required": True},
            "lock": {"type": "path", "required": True},
            "python_version": {"type": "str", "required": True},
            "machine": {"type": "str", "required": True},
            "glibc": {"type": "str", "required": True},
            "build_requirements": {"type": "path", "required": True},
            "cache": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    options = module.params
    try:
        host = options["python_version"], options["machine"], options["glibc"]
        wanted = wheels.pins(Path(options["requirements"]).read_text(encoding="utf-8"))
        lock_text = Path(options["lock"]).read_text(encoding="utf-8")
        chosen = wheels.select(wanted, wheels.read_lock(lock_text), *host)
        tools = Path(options["build_requirements"])
        key = wheels.stamp(chosen, *host[:2], tools.read_text(encoding="utf-8"))
        folder = Path(options["cache"]) / "wheelhouse"
        archive = folder / f"py{options['python_version']}-{options['machine']}-{key[:16]}.tar"
        if module.check_mode:
            known = cached(archive)
            module.exit_json(
                changed=known is None,
                archive=str(archive),
                sha256=(known or {}).get("sha256", ""),
            )
        folder.mkdir(parents=True, exist_ok=True)
        # A classroom's hosts ask at the same moment: the first one resolves, the others wait and find it.
        with (folder / f".{archive.stem}.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = cached(archive)
            if known:
                # Tells the sweeper of the cache that it is in use.
                os.utime(archive.with_suffix(".json"))
                module.exit_json(changed=False, archive=str(archive), **known)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".resolving-") as work:
                wheel_fetch.collect(Path(work), chosen, host, tools)
                wheel_files.pack(Path(work), archive)
            known = {"sha256": wheels.sha256(archive)}
            record = archive.with_suffix(".json")
            record.with_suffix(".json.new").write_text(json.dumps(known), encoding="utf-8")
            record.with_suffix(".json.new").replace(record)
        module.exit_json(changed=True, archive=str(archive), **known)
    except (wheels.WheelError, OSError) as error:
        module.fail_json(msg=f"wheelhouse for Python {options['python_version']} on {options['machine']}: {error}")


if __name__ == "__main__":
    main()
