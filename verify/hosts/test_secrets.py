"""Who can read the lab's secrets: their owners, and nobody else."""

SECRETS = "/etc/kafka-connect/secrets"
# One pattern a line; passed by file, so that the search itself shows no secret in a command line.
SEARCH = r"""
set -u
patterns=$(mktemp); trap 'rm -f "$patterns"' EXIT
for file in /etc/kafka-connect/secrets/*; do [ -s "$file" ] && { cat "$file"; echo; }; done >"$patterns"
sed -n 's/^password=//p' HOME/.my.cnf 2>/dev/null >>"$patterns"
sed -i '/^$/d' "$patterns"
echo "secrets: $(wc -l <"$patterns")"
[ -s "$patterns" ] || exit 0
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -qFf "$patterns" && echo "in a command line"
journalctl --no-pager --output=cat --boot 2>/dev/null | grep -qFf "$patterns" && echo "in the journal"
find /etc KAFKA/config /usr/local /home /opt/course-venv/bin /tmp /var/tmp -xdev -type f -perm /o+r -size -1M \
  -exec grep -lFf "$patterns" {} + 2>/dev/null | sed 's/^/readable by all: /'
exit 0
"""


def test_secrets_are_private(lab, evidence):
    """No secret is in a command line, the journal, or a file that everybody can read."""
    count = 0
    for machine in lab.machines:
        script = SEARCH.replace("HOME", str(lab.values["course_home"])).replace("KAFKA", lab.home)
        first, *found = machine.root(script).splitlines()
        assert found == [], f"secrets of {machine.name} are {found}"
        count += int(first.removeprefix("secrets: "))
    assert count, "no secret was found to look for"
    evidence(f"{count} secrets private")


def test_permissions(lab):
    """Owners and modes of what holds secrets and of the student's folders."""
    student, home = lab.student_name, str(lab.values["course_home"])
    wanted = [
        (lab.part("connect"), SECRETS, "root", 0o750),
        (lab.workspace, f"{home}/.my.cnf", student, 0o600),
        (lab.workspace, f"{home}/.secrets", student, 0o700),
        (lab.workspace, str(lab.values["course_programs"]), student, 0o2775),
    ]
    for machine, path, owner, mode in wanted:
        seen = machine.root(f"stat --format='%U %a' {path}").split()
        assert seen == [owner, f"{mode:o}"], f"{machine.name}: {path} is {' '.join(seen)}, not {owner} {mode:o}"


def test_student_is_no_administrator(lab):
    """The student cannot become root without a password."""
    said = lab.student("sudo -n true 2>&1; echo $?", "/tmp", check=False).split()
    assert said[-1] != "0"
