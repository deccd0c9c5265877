"""What provisioning would change on a host, before and after."""

from __future__ import annotations

from collections.abc import Mapping

from verify.support.machine import Machine

# Where a provisioning would leave traces on a host. What Ansible itself needs to ask and systemd's clock write is none.
TRACES = r"""
find /etc /opt /usr /srv /root /home /var/lib /var/lib/kafka /var/lib/mysql /var/lib/zookeeper /var/lib/hadoop -xdev \
  \( -name '.ansible*' -o -path /var/lib/systemd -o -name __pycache__ -o -path /var/lib/private \) -prune \
  -o -type d -printf '%p %m %u\n' -o -printf '%p %y %s %m %u %T@\n' 2>/dev/null | sort -u
systemctl list-unit-files --no-legend --type=service | sort
getent passwd
"""


def traces(machines: Mapping[str, Machine]) -> dict[str, set[str]]:
    """What provisioning would change on each host: files with size, mode, owner and date; units; users."""
    return {name: set(machine.root(TRACES, seconds=120).splitlines()) for name, machine in machines.items()}


def differences(before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> list[str]:
    """What of `traces` came or went, a line each."""
    return [f"{host}: {line}" for host in before for line in sorted(before[host] ^ after[host])]
