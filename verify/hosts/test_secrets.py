"""Who can read the lab's secrets: their owners, and nobody else."""

import pytest

from verify.support.secrets import in_logs, on_host

SECRETS = "/etc/kafka-connect/secrets"


def test_secrets_are_private(lab, evidence):
    """No secret is in a command line, the journal, what Connect answers, a file for all, or a log of ./lab."""
    count = 0
    for machine in lab.machines:
        number, found = on_host(machine, lab)
        assert found == [], f"secrets of {machine.name} are {found}"
        count += number
    assert count, "no secret was found to look for"
    assert in_logs(lab) == [], "logs in build/log hold a secret"
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


def test_blueskys_password_is_kept_where_the_connector_reads_it(lab):
    """And on no other host: the student reads the worker's secrets."""
    there = lab.part("connect").root(f"ls {SECRETS}").split()
    assert ("bluesky_password" in there) is (lab.bluesky_engine == "connector"), there


def test_student_is_no_administrator(lab):
    """A student whom the lab made cannot become root without a password; others keep the rights that they have."""
    if lab.student("id --user", "/tmp").strip() != str(lab.values["course_uid"]):
        pytest.skip(f"{lab.student_name} was here before the lab")
    said = lab.student("sudo -n true 2>&1; echo $?", "/tmp", check=False).split()
    assert said[-1] != "0"
