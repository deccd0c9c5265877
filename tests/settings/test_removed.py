"""A setting of an earlier release is one still, or is refused by name with what replaces it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.action import settings_check

ROOT = Path(__file__).resolve().parents[2]

RELEASES = sorted((Path(__file__).parents[1] / "data/settings").glob("*.txt"))
REMOVED = settings_check.read_yaml(ROOT / "roles" / settings_check.REMOVED)["preflight_removed_settings"]


def known() -> set[str]:
    """All settings of this release."""
    wiring = settings_check.read_yaml(ROOT / "playbooks/group_vars/all.yml")
    return {*settings_check.role_settings(ROOT / "roles"), *wiring}


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_every_setting_of_a_release_is_known_or_removed_by_name(release: Path) -> None:
    lost = set(release.read_text(encoding="utf-8").split()) - known() - set(REMOVED)
    assert not lost, f"add to roles/preflight/vars/removed.yml what replaces {sorted(lost)}"


def test_a_removed_setting_is_no_setting() -> None:
    assert not known() & set(REMOVED)


def test_a_removed_setting_is_refused_with_what_replaces_it() -> None:
    lines = settings_check.removed_settings(["kafka_memory", "kafka_port"], {"kafka_memory": "use kafka_heap"})
    assert lines == ["kafka_memory was removed: use kafka_heap"]
