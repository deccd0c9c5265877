"""Resident memory of the lab's hosts, read from /proc on each of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from measure import on_host

# VmRSS counts a page that two processes share twice; Pss of smaps_rollup splits it (proc(5)). Left out: what asks,
# with its parents, and processes of Ansible that wait for a next task.
PROBE = r"""
import json, os
own, pid = set(), os.getpid()
while pid:
    own.add(pid)
    pid = int(open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()[1])
found = []
for name in filter(str.isdigit, os.listdir("/proc")):
    if name != "1" and int(name) in own:
        continue
    try:
        status = dict(line.split(":", 1) for line in open("/proc/%s/status" % name))
        words = open("/proc/%s/cmdline" % name).read().split("\0")
        rollup = open("/proc/%s/smaps_rollup" % name).read()
    except (OSError, ValueError):
        continue
    if "VmRSS" not in status or any("mitogen" in word or "ansible" in word for word in words[:3]):
        continue
    pss = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    main = next((word.split(".")[-1] for word in words if word.startswith(("org.apache.", "kafka."))), "")
    rss = int(status["VmRSS"].split()[0]) // 1024
    found.append({"name": main or status["Name"].strip(), "rss": rss, "pss": pss // 1024})
print(json.dumps(found))
"""
# Who is named in the table; smaller ones are summed.
NAMED_MB = 50


def of_hosts(lab: Sequence[str], hosts: Sequence[str], login: str = "ubuntu") -> list[dict[str, Any]]:
    """Resident memory in MB, a row a server and one a host, then the sum.

    Args:
        lab: options of ./lab that say which lab.
        hosts: names in the inventory.
        login: a user with sudo on them.
    Raises:
        measure.BenchmarkError: a host does not answer.
    """
    rows, total = [], {"rss_mb": 0, "pss_mb": 0}
    for host in hosts:
        found = json.loads(on_host(lab, host, "sudo -n python3 -", PROBE, login))
        large = sorted((one for one in found if one["rss"] >= NAMED_MB), key=lambda one: -one["rss"])
        small = [one for one in found if one["rss"] < NAMED_MB]
        rows += [{"host": host, "process": one["name"], "rss_mb": one["rss"], "pss_mb": one["pss"]} for one in large]
        rows.append({"host": host, "process": f"{len(small)} smaller ones", **_sums(small)})
        sums = _sums(found)
        rows.append({"host": host, "process": "all", **sums})
        total = {key: total[key] + sums[key] for key in total}
    return [*rows, {"host": "together", "process": "all", **total}]


def _sums(processes: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Their memory together."""
    return {"rss_mb": sum(one["rss"] for one in processes), "pss_mb": sum(one["pss"] for one in processes)}
