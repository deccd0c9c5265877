"""Which tests run, in which order, and to which case and lab each belongs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from verify.lanes import ORDER
from verify.plugin.stash import LABS


def case_of(path: Path) -> str:
    """Name the case that a file belongs to."""
    if path.parent.name == "faults":
        return path.stem.removeprefix("test_").removesuffix("_faults").replace("_", "-")
    return "host" if path.parent.name == "hosts" else path.stem.removeprefix("test_").replace("_", "-")


def lab_of(item: pytest.Item) -> str:
    """Name the lab that a test runs on."""
    return item.callspec.params["lab"] if hasattr(item, "callspec") else "-"


def is_asked_for(item: pytest.Item) -> bool:
    """Whether a test may run: one that restarts or breaks something, or goes beyond the notes, has to be asked for."""
    asked = [name for name in ("restarts", "faults") if item.config.getoption(f"--{name}")]
    if item.get_closest_marker("extra") and not (item.config.getoption("case") or "restarts" in asked):
        return False
    marks = [name for name in ("restarts", "faults") if item.get_closest_marker(name)]
    return not marks or any(name in asked for name in marks)


def place(item: pytest.Item, labs: Sequence[str]) -> tuple:
    """Return a test's place: lab by lab, in the order of the notes, restarts last within their case."""
    case = case_of(item.path)
    number = ORDER.index(case) if case in ORDER else len(ORDER)
    folder, file = item.path.parent.name, item.path.name
    return labs.index(lab_of(item)), number, folder, file, bool(item.get_closest_marker("restarts"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what was asked for, lab by lab, in the order of the notes; restarts last within their case."""
    wanted = {name.replace("_", "-") for names in config.getoption("--case") for name in names.split(",")}
    dropped = [item for item in items if (wanted and case_of(item.path) not in wanted) or not is_asked_for(item)]
    config.hook.pytest_deselected(items=dropped)
    labs = list(config.stash[LABS])
    items[:] = sorted((item for item in items if item not in dropped), key=lambda item: place(item, labs))
