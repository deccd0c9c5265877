"""The report: one row a case, as a table, as JSON, with one rule for what a row's result is."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cli.ui.printable import printable

RESULTS = ("refused", "down", "failed", "interrupted", "not run", "passed", "skipped")
"""A row shows the first of these that its tests came to. A case is skipped where all its tests are."""
MOST_NAMES = 8
"""The line of counts names this many cases of one result at most."""


@dataclass
class Row:
    """What came of one case on one lab. `seconds` is wall time, setting up and cleaning included."""

    case: str
    lab: str
    engine: str = "-"
    result: str = "skipped"
    seconds: float = 0.0
    evidence: list[str] = field(default_factory=list)

    def add(self, result: str) -> None:
        """Note one more result."""
        if RESULTS.index(result) < RESULTS.index(self.result):
            self.result = result


class Report:
    """Rows in the order in which cases ran."""

    def __init__(self, labs: int = 1) -> None:
        self.labs = labs
        self.seconds: float | None = None
        """Wall time where cases run side by side; None: the sum of the rows."""
        self._rows: dict[tuple[str, str], Row] = {}

    def has(self, case: str, lab: str) -> bool:
        """Whether a case has begun on a lab."""
        return (case, lab) in self._rows

    def row(self, case: str, lab: str) -> Row:
        """Return the row of a case on a lab; a new one the first time."""
        return self._rows.setdefault((case, lab), Row(case, lab))

    def put(self, row: Row) -> None:
        """Add a row that another process made."""
        self._rows[row.case, row.lab] = row

    @property
    def rows(self) -> list[Row]:
        """All rows."""
        return list(self._rows.values())

    def counts(self) -> str:
        """Count the rows by their result in one line, and name the cases that did not pass."""
        parts = []
        for result in ("passed", *reversed([result for result in RESULTS if result != "passed"])):
            rows = [row for row in self.rows if row.result == result]
            names = [f"{row.lab} {row.case}" if self.labs > 1 else row.case for row in rows]
            more = f" and {len(names) - MOST_NAMES} more" * (len(names) > MOST_NAMES)
            named = "" if result == "passed" else f" ({', '.join(names[:MOST_NAMES])}{more})"
            parts += [f"{len(rows)} {result}{named}"] * bool(rows)
        seconds = self.seconds if self.seconds is not None else sum(row.seconds for row in self.rows)
        return f"{', '.join(parts) or 'no case ran'} in {seconds:.0f} s"

    def as_json(self) -> list[dict[str, Any]]:
        """Rows as results.json has them: case, engine, result, seconds, evidence; lab where there are several."""
        kept = ("case", "lab", "engine", "result", "seconds", "evidence") if self.labs > 1 else (
            "case", "engine", "result", "seconds", "evidence")  # fmt: skip
        rows = []
        for row in self.rows:
            values = asdict(row) | {"seconds": round(row.seconds, 1), "evidence": "; ".join(row.evidence)}
            rows.append({name: values[name] for name in kept})
        return rows

    def write(self, folder: Path) -> Path:
        """Write results.json by an atomic rename and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "results.json"
        new = path.with_suffix(".json.new")
        new.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(path)
        return path


class Table:
    """Text of the table, row by row, so that it can grow on the screen while cases run."""

    def __init__(self, labs: Sequence[str], cases: Sequence[str], width: int = 120) -> None:
        widths = {"case": max(map(len, [*cases, "case"]))}
        if len(labs) > 1:
            widths = {"lab": max(map(len, [*labs, "lab"])), **widths}
        self.widths = widths | {"engine": 15, "result": max(map(len, RESULTS)), "seconds": 7}
        self.width = max(width, sum(self.widths.values()) + 3 * len(self.widths) + 30)

    def head(self) -> list[str]:
        """The header and the line below it."""
        names = [name.ljust(size) for name, size in self.widths.items()]
        rule = "-+-".join("-" * size for size in self.widths.values())
        left = self.width - len(rule) - 3
        return [" | ".join([*names, "evidence"]), f"{rule}-+-{'-' * left}"]

    def lines(self, row: Row) -> list[str]:
        """A row; evidence goes on below itself where it is long."""
        cells = {"case": row.case, "lab": row.lab, "engine": row.engine, "result": row.result}
        cells["seconds"] = f"{row.seconds:.1f}".rjust(self.widths["seconds"])
        first = [cells[name].ljust(size) for name, size in self.widths.items()]
        blank = [" " * size for size in self.widths.values()]
        left = self.width - sum(self.widths.values()) - 3 * len(self.widths)
        said = textwrap.wrap(printable("; ".join(row.evidence)), left, break_on_hyphens=False) or [""]
        return [" | ".join([*(first if not number else blank), part]).rstrip() for number, part in enumerate(said)]
