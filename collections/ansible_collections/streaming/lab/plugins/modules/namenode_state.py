"""Ansible module: the state of the NameNode on this host, and a wait until it is ready."""

from __future__ import annotations

DOCUMENTATION = r"""
module: namenode_state
short_description: State of the NameNode on this host
description:
  - Asks the NameNode's web server (C(/jmx)) for its state, and waits until it is C(active) or C(standby). With
    O(safe_mode) it also waits until the NameNode has left safe mode, for which it needs DataNodes.
  - Changes nothing.
options:
  urls:
    description:
      - Web addresses of all NameNodes. Of several, those with a name that leads to this host are asked; all of them,
        where none does.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds to wait. 0 asks once and never fails.
    type: int
    default: 0
  safe_mode:
    description:
      - Whether to wait for the end of safe mode. Set it to false between two hosts of a rolling restart, while
        DataNodes wait for their turn; the message then says that the remaining hosts were not restarted.
    type: bool
    default: true
attributes:
  check_mode: {support: full}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Wait until the restarted NameNode is ready
  streaming.lab.namenode_state: {urls: ["http://master1:9870", "http://master2:9870"], timeout: 300}
"""

RETURN = r"""
state:
  description: C(active), C(standby), or what Hadoop calls it otherwise; empty where it does not answer.
  returned: success
  type: str
started:
  description: When the server started, in ms since 1970; 0 where it does not answer.
  returned: success
  type: int
"""

import http.client
import json
import socket
import time
import urllib.parse
import urllib.request
from typing import Any

from ansible.module_utils.basic import AnsibleModule

REQUEST_SECONDS = 10
PAUSE_SECONDS = 1.0
READY = ("active", "standby", "observer")


def is_here(host: str) -> bool:
    """Whether a name or an address leads to this host: only its own addresses can be bound."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError:
        return False
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as trial:
                trial.bind(address)
                return True
        except OSError:
            continue
    return False


def own_urls(urls: list[str]) -> list[str]:
    """The web addresses that lead to this host; all of them where none does, or where there is one only."""
    own = [url for url in urls if is_here(urllib.parse.urlsplit(url).hostname or "")]
    return own if own and len(urls) > 1 else urls


def bean(url: str, name: str) -> dict[str, Any]:
    """One bean of a NameNode; empty where it does not have it yet.

    Args:
        url: web address of the NameNode.
        name: of the bean, as `Hadoop:service=NameNode,name=NameNodeStatus`.
    Raises:
        OSError: the NameNode does not answer. ValueError: it answers something else than JSON.
    """
    # Neither a proxy of the environment nor one of the machine: the cluster is near.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/jmx?qry={name}", timeout=REQUEST_SECONDS) as answer:
            beans = json.loads(answer.read()).get("beans")
    except http.client.HTTPException as error:
        raise OSError(f"no valid answer: {error}") from error
    return beans[0] if beans else {}


def look(url: str, safe_mode: bool = True) -> tuple[str, int, str]:
    """State of a NameNode, when it started (ms since 1970), and why it is not ready; empty where it is.

    Args:
        url: its web address.
        safe_mode: whether a NameNode in safe mode is not ready.
    """
    try:
        state = str(bean(url, "Hadoop:service=NameNode,name=NameNodeStatus").get("State", ""))
        reason = bean(url, "Hadoop:service=NameNode,name=NameNodeInfo").get("Safemode")
        started = int(bean(url, "java.lang:type=Runtime").get("StartTime", 0))
    except (OSError, ValueError) as error:
        return "", 0, f"it does not answer: {getattr(error, 'reason', error)}"
    if state not in READY:
        return state, started, f"its state is {state or 'unknown'}"
    # Empty outside safe mode; the bean is missing while the NameNode reads its image.
    if reason is None:
        return state, started, "it is still starting"
    return state, started, " ".join(str(reason).split()) if safe_mode else ""


def wait(urls: list[str], seconds: float, safe_mode: bool = True) -> tuple[str, int, str]:
    """Wait until all of these NameNodes are ready.

    Args:
        urls: web addresses.
        seconds: to wait at most; 0 asks once.
        safe_mode: whether to wait for the end of safe mode.
    Returns:
        state and start of the first, and which NameNodes are not ready, with the reason; empty where all are.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = [(url, *look(url, safe_mode)) for url in urls]
        late = [f"NameNode {url} is not ready after {seconds:g} s ({reason})" for url, _, _, reason in found if reason]
        if not late or time.monotonic() >= deadline:
            return found[0][1], found[0][2], "; ".join(late)
        time.sleep(PAUSE_SECONDS)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "urls": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "int", "default": 0},
            "safe_mode": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    seconds, safe_mode = module.params["timeout"], module.params["safe_mode"]
    state, started, reason = wait(own_urls(module.params["urls"]), seconds, safe_mode)
    if reason and seconds:
        left = "" if safe_mode else "HDFS on the remaining hosts was not restarted; "
        module.fail_json(msg=f"{reason}; {left}read its log, correct the cause, then run this again")
    module.exit_json(changed=False, state=state, started=started)


if __name__ == "__main__":
    main()
