"""Ansible module: have the catalog's products in the cache of the control machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: artifacts_fetch
short_description: Fetches products once, verifies every byte, and packs one archive each
description:
  - Runs on the control machine. What is missing in the cache is fetched, checked against the lock or the
    pinned checksum, and packed into one tar and one manifest a product, which product_tree installs on hosts.
  - A file with a wrong checksum is deleted and fetched again once; if it is wrong again the module fails.
  - With everything in the cache no network is needed and mvn is not run.
options:
  catalog:
    description: Versions, coordinates and checksums by product (roles/artifacts/vars/main.yml).
    type: dict
    required: true
  products:
    description: Names of the catalog to have.
    type: list
    elements: str
    required: true
  distribution:
    description: Where products with both parts come from.
    type: str
    choices: [maven, archive]
    default: maven
  cache:
    description: The cache folder; several runs may share it.
    type: path
    required: true
  locks:
    description: Folder of the lock files.
    type: path
    required: true
  root:
    description: Folder that the catalog's overlays are relative to.
    type: path
    required: true
  plugins:
    description: Folder where users drop connector plugins, as zip, tar.gz or jar files, or as folders.
    type: path
    required: true
  connect_plugins:
    description:
      - Plugins of Kafka Connect to have beside O(products), each the name of a plugin of the catalog or a dictionary
        (role kafka_connect, C(kafka_connect_plugins)).
    type: list
    elements: raw
    default: []
  insisted:
    description: Plugins that a setting insists on, and what the setting says; one that is not available is an error.
    type: dict
    default: {}
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Have Kafka in the cache
  streaming.lab.artifacts_fetch:
    catalog: "{{ artifacts_catalog }}"
    products: [kafka]
    cache: ~/.cache/streaming-lab
    locks: "{{ role_path }}/files/locks"
    root: "{{ playbook_dir }}/.."
    plugins: "{{ playbook_dir }}/../files/plugins"
"""

RETURN = r"""
index:
  description: >-
    By product: version, distribution (maven, archive or plugin), key, archive, manifest, available and
    reason; for plugins also origin, connectors and paths, their files. In check mode also files, the manifest's
    content, where the manifest is not in the cache yet.
  type: dict
  returned: success
fetched:
  description: What was fetched (in check mode, would be).
  type: list
  returned: success
built:
  description: Products that were packed (in check mode, would be).
  type: list
  returned: success
plugins:
  description: A sentence for each plugin, on where it came from or why it is not available.
  type: list
  returned: success
bytes:
  description: Size of what was fetched, in bytes.
  type: int
  returned: success
seconds:
  description: Time it took, in seconds.
  type: float
  returned: success
"""

import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.products import Fetcher
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache

ARGUMENTS = {
    "catalog": {"type": "dict", "required": True},
    "products": {"type": "list", "elements": "str", "required": True},
    "distribution": {"type": "str", "choices": ["maven", "archive"], "default": "maven"},
    "cache": {"type": "path", "required": True},
    "locks": {"type": "path", "required": True},
    "root": {"type": "path", "required": True},
    "plugins": {"type": "path", "required": True},
    "connect_plugins": {"type": "list", "elements": "raw", "default": []},
    "insisted": {"type": "dict", "default": {}},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    started = time.monotonic()
    fetcher = Fetcher(
        options["catalog"],
        options["distribution"],
        Cache(options["cache"]),
        options["locks"],
        options["root"],
        str(Path(options["plugins"]).resolve()),
        module.check_mode,
        options["connect_plugins"],
        options["insisted"],
    )
    failure = ""
    index: dict[str, Any] = {}
    try:
        index = fetcher.run(options["products"])
    except ArtifactError as error:
        failure = str(error)
    except OSError as error:
        failure = f"the artifact cache {fetcher.cache.root} cannot be used: {error}"
    for warning in fetcher.transfer.warnings:
        module.warn(warning)
    if failure:
        module.fail_json(msg=failure)
    verb = "would fetch" if module.check_mode else "fetched"
    module.exit_json(
        changed=bool(fetcher.transfer.fetched or fetcher.built),
        index=index,
        fetched=fetcher.transfer.fetched,
        built=fetcher.built,
        plugins=[
            f"{name} {entry['version']}: {entry['origin']}" if entry["available"] else f"{name}: no, {entry['reason']}"
            for name, entry in index.items()
            if "connectors" in entry
        ],
        bytes=fetcher.transfer.fetched_bytes,
        seconds=round(time.monotonic() - started, 3),
        msg=f"{verb} {len(fetcher.transfer.fetched)} files ({fetcher.transfer.fetched_bytes / 1e6:.1f} MB), "
        f"packed {', '.join(fetcher.built) or 'nothing'}",
    )


if __name__ == "__main__":
    main()
