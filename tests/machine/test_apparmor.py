"""A profile of the machine that would confine a program in containers is named with its remedy."""

from __future__ import annotations

from ansible_collections.streaming.lab.plugins.module_utils.machine.apparmor import enforced


def test_only_an_enforced_profile_of_the_very_program_counts(tmp_path):
    profiles = tmp_path / "profiles"
    profiles.write_text("/usr/sbin/mysqld (enforce)\n/usr/sbin/cupsd (enforce)\n/usr/bin/man (complain)\n")
    [said] = enforced(["/usr/sbin/mysqld", "/usr/bin/man", "/usr/sbin/sshd"], profiles)
    assert "confines /usr/sbin/mysqld in containers" in said
    assert "sudo apparmor_parser -R /etc/apparmor.d/usr.sbin.mysqld" in said


def test_a_machine_without_apparmor_has_no_problem(tmp_path):
    assert enforced(["/usr/sbin/mysqld"], tmp_path / "profiles") == []
