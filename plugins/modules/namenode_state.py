"""Ansible module: the state of the NameNode on this host, and a wait until it can do without the others."""

from __future__ import annotations

DOCUMENTATION = r"""
module: namenode_state
short_description: State of the NameNode on this host
description:
  - Asks the NameNode's web server (C(/jmx)) for its state, and waits until it is C(active) or C(standby) and has left
    safe mode. Before that, restarting another NameNode of the same name service would leave HDFS without one.
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
attributes:
  check_mode: {support: full}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Wait until the restarted NameNode is ready
  namenode_state: {urls: ["http://master1:9870", "http://master2:9870"], timeout: 300}
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

import http.client  # noqa: E402
import json  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402
import urllib.parse  # noqa: E402
import urllib.request  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

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

    Parameters:
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


def look(url: str) -> tuple[str, int, str]:
    """State of a NameNode, when it started (ms since 1970), and why it is not ready; empty where it is.

    Parameters:
        url: its web address.
    """
    try:
        state = str(bean(url, "Hadoop:service=NameNode,name=NameNodeStatus").get("State", ""))
        safe_mode = bean(url, "Hadoop:service=NameNode,name=NameNodeInfo").get("Safemode")
        started = int(bean(url, "java.lang:type=Runtime").get("StartTime", 0))
    except (OSError, ValueError) as error:
        return "", 0, f"it does not answer ({getattr(error, 'reason', error)})"
    if state not in READY:
        return state, started, f"its state is {state or 'unknown'}"
    # Empty outside safe mode; the bean is missing while the NameNode reads its image.
    if safe_mode is None or safe_mode:
        return state, started, " ".join(str(safe_mode or "it is still starting").split())
    return state, started, ""


def wait(urls: list[str], seconds: float) -> tuple[str, int, str]:
    """Wait until all of these NameNodes are ready.

    Parameters:
        urls: web addresses.
        seconds: to wait at most; 0 asks once.
    Returns:
        state and start of the first, and the reason why one is not ready; empty where all are.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = [(url, *look(url)) for url in urls]
        late = [f"NameNode {url}: {reason}" for url, _, _, reason in found if reason]
        if not late or time.monotonic() >= deadline:
            return found[0][1], found[0][2], "; ".join(late)
        time.sleep(PAUSE_SECONDS)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "urls": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    seconds = module.params["timeout"]
    state, started, reason = wait(own_urls(module.params["urls"]), seconds)
    if reason and seconds:
        module.fail_json(
            msg=f"{reason}; not ready after {seconds} s, so no other NameNode is restarted. Look at its log, wait "
            "until it has left safe mode (hdfs dfsadmin -safemode get), then run this again"
        )
    module.exit_json(changed=False, state=state, started=started)


if __name__ == "__main__":
    main()
