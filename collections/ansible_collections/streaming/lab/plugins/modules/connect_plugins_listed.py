"""Ansible module: see that a worker lists the connectors of every plugin that was installed for it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: connect_plugins_listed
short_description: Checks over REST that a worker has found its plugins
description:
  - Asks the worker for its connector plugins and fails by name for a connector class that it does not list. It changes
    nothing.
options:
  url:
    description: The worker's REST interface.
    type: str
    required: true
  plugins:
    description: Installed plugins by name of folder, each with its connectors as C(artifacts_index) has them.
    type: dict
    required: true
  folder:
    description: Where they are installed, for messages.
    type: path
    required: true
  discovery:
    description: The worker's plugin.discovery, for messages.
    type: str
    required: true
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: See that the worker lists its plugins
  streaming.lab.connect_plugins_listed:
    url: http://127.0.0.1:8083
    plugins: {debezium-mysql: "{{ artifacts_index['debezium-mysql'].connectors }}"}
    folder: /opt/kafka/plugins
    discovery: service_load
"""

RETURN = r"""
listed: {description: Connector classes that the worker lists, with their versions., type: dict, returned: success}
"""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from ansible.module_utils.basic import AnsibleModule

ARGUMENTS = {
    "url": {"type": "str", "required": True},
    "plugins": {"type": "dict", "required": True},
    "folder": {"type": "path", "required": True},
    "discovery": {"type": "str", "required": True},
}


def ask(url: str) -> dict[str, str]:
    """Connector classes that a worker lists and their versions.

    Raises:
        OSError, HTTPException: it does not answer, or not by HTTP.
        ValueError: its answer is not what Connect's REST interface gives (GET /connector-plugins).
    """
    # A proxy for the Internet has no part in what is asked of the lab's own hosts.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/connector-plugins", timeout=30) as answer:
        return {plugin["class"]: str(plugin.get("version", "")) for plugin in json.load(answer)}


def missing(plugins: dict[str, list[dict[str, Any]]], listed: dict[str, str], folder: str, discovery: str) -> list[str]:
    """A sentence for each plugin that the worker does not list whole, saying what to do."""
    sentences = []
    for name, connectors in sorted(plugins.items()):
        lost = [one for one in connectors if one["name"] not in listed]
        if not lost:
            continue
        where = f"{folder}/{name} is installed, but the worker does not list {', '.join(one['name'] for one in lost)}: "
        if discovery == "service_load" and not all(one["listed"] for one in lost):
            sentences.append(
                f"{where}it has no manifest, which plugin.discovery=service_load needs; "
                "set kafka_connect_plugin_discovery to auto"
            )
        else:
            sentences.append(f"{where}it could not be loaded; see journalctl -u kafka-connect, and search for {name}")
    return sentences


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    try:
        listed = ask(options["url"])
    except urllib.error.HTTPError as error:
        module.fail_json(msg=f"{options['url']} answers {error.code}; see journalctl -u kafka-connect")
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        said = " ".join(str(error).split())
        module.fail_json(msg=f"the worker at {options['url']} cannot be asked for its plugins: {said}")
    lost = missing(options["plugins"], listed, options["folder"], options["discovery"])
    if lost:
        module.fail_json(msg="; ".join(lost), listed=listed)
    module.exit_json(changed=False, listed=listed)


if __name__ == "__main__":
    main()
