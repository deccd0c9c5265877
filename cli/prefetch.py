"""Download the locked artifacts into an empty cache before .venv exists.

./lab starts this program with the system's Python, beside everything else, and it ends with ./lab. The playbooks wait
for it at the cache's lock, fetch what is still missing, and report why something cannot be fetched.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from argparse import Namespace

from cli.lab import DEFAULT_INVENTORY, ROOT, Lab
from cli.machine.caches import default_cache, has_products

LOCKS = ROOT / "roles" / "artifacts" / "files" / "locks"
SETTINGS = ("artifacts_", "kafka_connect_plugins", "lab_mysql_source")
"""In the names of settings that choose another cache, source or set of products."""


def is_useful(lab: Lab, arguments: Namespace) -> bool:
    """Whether a command will fetch the locked artifacts into the default cache: on the default lab with an empty cache.

    Args:
        lab: the lab.
        arguments: the command line.
    """
    test = arguments.command == "test" and not arguments.suite
    up = arguments.command == "up" and lab.inventory == lab.root / DEFAULT_INVENTORY and not arguments.check
    if not (up or test) or has_products(default_cache()):
        return False
    return not any(lab.mentions(setting) for setting in SETTINGS)


def end_with(parent: int) -> None:
    """End this process group when its parent has ended.

    Args:
        parent: id of the process that started this one.
    """
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(0, signal.SIGTERM)


def main() -> None:
    """Fetch the artifacts of all lock files."""
    # The collection's modules need no Ansible.
    sys.path.append(str(ROOT / "collections"))
    from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import read_lock
    from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
    from ansible_collections.streaming.lab.plugins.module_utils.artifacts.transfer import Transfer

    os.setpgid(0, 0)
    threading.Thread(target=end_with, args=(int(sys.argv[1]),), daemon=True).start()
    cache = Cache(str(default_cache()))
    entries = [entry for lock in sorted(LOCKS.glob("*.lock")) for entry in read_lock(str(LOCKS), lock.stem)]
    with cache.exclusive():
        Transfer(cache).fetch_locked(entries)


if __name__ == "__main__":
    main()
