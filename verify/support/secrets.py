"""Looks for the lab's secrets where nobody may find them."""

from __future__ import annotations

from cli.lab import ROOT
from verify.support.lab import Lab
from verify.support.machine import Machine

# Where files that everybody can read are looked for. (Below, in KiB: find rounds a size up, and -1M means empty files.)
FOLDERS = "/etc KAFKA/config /usr/local /home /opt/course-venv/bin /tmp /var/tmp /var/lib/streaming-lab"
# The worker's secrets, one a line; an inventory may bring some that this machine keeps no file of (by ansible-vault).
KEPT = """for file in /etc/kafka-connect/secrets/*; do [ -s "$file" ] && { cat "$file"; echo; }; done"""
# One pattern a line; passed by file, so that the search itself shows no secret in a command line.
SEARCH = r"""
set -u
patterns=$(mktemp); trap 'rm -f "$patterns"' EXIT
{ KEPT; } >"$patterns"
sed -n 's/^password=//p' HOME/.my.cnf 2>/dev/null >>"$patterns"
sed -i '/^$/d' "$patterns"
echo "secrets: $(wc -l <"$patterns")"
[ -s "$patterns" ] || exit 0
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -qFf "$patterns" && echo "in a command line"
journalctl --no-pager --output=cat --boot 2>/dev/null | grep -qFf "$patterns" && echo "in the journal"
if [ -d /etc/kafka-connect ]; then
  names=$(curl --noproxy '*' -sS localhost:PORT/connectors | tr -d '[]"' | tr , '\n')
  { curl --noproxy '*' -sS 'localhost:PORT/connectors?expand=info&expand=status'
    for name in $names; do curl --noproxy '*' -sS "localhost:PORT/connectors/$name/tasks"; done
  } 2>/dev/null | grep -qFf "$patterns" && echo "in an answer of Kafka Connect"
fi
find FOLDERS -xdev -type f -perm /o+r -size -1024k -exec grep -lFf "$patterns" {} + 2>/dev/null |
  sed 's/^/readable by all: /'
exit 0
"""


def on_host(machine: Machine, lab: Lab) -> tuple[int, list[str]]:
    """Look on a host: command lines, journal, Kafka Connect's answers, files that everybody can read.

    Returns:
        How many secrets the host has, and where one was found.
    """
    script = SEARCH.replace("KEPT", KEPT).replace("FOLDERS", FOLDERS).replace("HOME", str(lab.values["course_home"]))
    script = script.replace("KAFKA", lab.home).replace("PORT", str(lab.values["kafka_connect_port"]))
    first, *found = machine.root(script, seconds=180).splitlines()
    return int(first.removeprefix("secrets: ")), found


def in_logs(lab: Lab) -> list[str]:
    """Name the logs of ./lab on this machine that hold a secret of the lab, or one that its worker was given."""
    kept = ROOT / ".lab" / str(lab.values["lab_name"]) / "secrets"
    secrets = [path.read_text(encoding="utf-8").split()[0] for path in kept.glob("*") if path.stat().st_size]
    # An error would show what was printed.
    secrets += [line for line in lab.part("connect").root(KEPT, check=False).splitlines() if line]
    logs = sorted((ROOT / "build/log").glob("*.log"))
    texts = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in logs}
    return [name for name, text in texts.items() if any(secret in text for secret in secrets)]
