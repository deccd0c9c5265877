"""Certificates that hosts should trust: one that has ended is refused in one line, before anything is changed."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.playbooks import ansible_playbook

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: host, tasks_from: check}
"""


def certificate(path: Path, days: int) -> str:
    """A certificate of an authority that ends in some days.

    Parameters: path, of the file; days, from now, negative for one that has ended.
    """
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "School")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - datetime.timedelta(days=900))
    signed = made.not_valid_after(now + datetime.timedelta(days=days)).sign(key, hashes.SHA256())
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return str(path)


def check(folder: Path, **files: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the check with the files of some hosts."""
    (folder / "play.yml").write_text(PLAY, encoding="utf-8")
    extra = {
        "host_ca_certificates": "{{ files_of[inventory_hostname] }}",
        "files_of": files,
        "ansible_python_interpreter": sys.executable,
    }
    inventory = "".join(f"{host}," for host in files)
    return ansible_playbook("-i", inventory, str(folder / "play.yml"), "-e", json.dumps(extra))


def test_a_valid_certificate_passes(tmp_path: Path) -> None:
    done = check(tmp_path, one=[certificate(tmp_path / "school.pem", 30)])
    assert done.returncode == 0, done.stdout + done.stderr


def test_others_are_named(tmp_path: Path) -> None:
    ended, text, missing = (tmp_path / name for name in ("ended.pem", "text.pem", "missing.pem"))
    certificate(ended, -1)
    text.write_text("hello")
    fine = certificate(tmp_path / "fine.pem", 30)
    done = check(tmp_path, one=[fine], two=[fine, *map(str, (ended, text, missing))])
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert f"{ended} ended on 20" in said, said
    assert f"{text} cannot be read as a PEM certificate" in said
    assert f"{missing} cannot be read as a PEM certificate" in said
    assert "fatal: [two" in said and "fatal: [one" not in said, said
    assert "fine.pem" not in said.partition("host_ca_certificates: ")[2]
