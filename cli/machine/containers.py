"""What the containers of a lab are made of, and how they are kept apart from this machine."""

from __future__ import annotations

import json
from typing import Any

from cli.lab import Lab

NOTE = "containers.json"
"""Written by the role containers into the lab's folder of state."""


def lines(lab: Lab, added: bool = False) -> list[str]:
    """The lines that `up` and `status` show of them; none for real machines.

    Args:
        lab: which.
        added: whether to say what the last `up` added to files of this machine.
    """
    try:
        noted: dict[str, Any] = json.loads((lab.state / NOTE).read_text(encoding="utf-8")) if lab.is_containers else {}
    except (OSError, ValueError):
        return []
    if not noted:
        return []
    found = [f"  containers of {noted['origin']}"]
    if noted["mapped"]:
        found.append("  root in a container is an ordinary account of this machine (user namespace)")
    else:
        found.append(f"  WARNING: root in a container is root of this machine: {noted['reason']}")
    # A lab of an earlier release has no such key.
    if warning := noted.get("network_warning"):
        found.append(f"  WARNING: {warning}")
    return found + [f"  on this machine: {line}" for line in noted["added"] if added]
