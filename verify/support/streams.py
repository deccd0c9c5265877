"""Input for programs that process streams, and the results that they must have, computed in plain Python."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

HOUR = 3_600_000
DAY = 24 * HOUR
GRACE = HOUR
MIDNIGHT = 1_739_232_000_000
"""2025-02-11 00:00:00 UTC, in milliseconds since 1970."""
POISON = (
    "això no és JSON",
    '{"id": 9}',
    json.dumps({"schema": {}, "payload": {"id": 9}}),
    json.dumps({"id": 9, "sensor_id": 101, "temperatura": "vint", "ingest_time": MIDNIGHT, "origen": "MySQL"}),
)
"""Records that no program can use."""


def row(number: int, sensor: int, temperature: float | None, time: int) -> dict[str, Any]:
    """A row of temperatures2 as Kafka Connect writes it."""
    return {"id": number, "sensor_id": sensor, "temperatura": temperature, "ingest_time": time, "origen": "MySQL"}


def three_days(count: int) -> list[dict[str, Any]]:
    """Rows of three sensors from noon of the first day to noon of the third, in almost this order.

    A tenth is up to half an hour late. In the first and in the last third every 20th row is 30 hours late: the windows
    of its time have ended.
    """
    rng = random.Random(14)
    step = 2 * DAY // count
    rows = []
    for number in range(count):
        time = MIDNIGHT - DAY // 2 + number * step
        if number % 20 == 15 and not count // 3 <= number < 2 * count // 3 + 10:
            time -= 30 * HOUR
        elif rng.random() < 0.1:
            time -= rng.randrange(HOUR // 2)
        temperature = None if number % 37 == 5 else round(rng.gauss(20, 5), 2)
        rows.append(row(number, 101 + rng.randrange(3), temperature, time))
    return rows


def means_of_the_day(rows: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], int]:
    """Mean of each sensor in windows of 24 hours that begin each hour; a window ends an hour after its day.

    Args:
        rows: in the order of the topic, which has one partition.

    Returns:
        the last update of each key, as DailyMean.java writes it, and how many rows came too late for a window.
    """
    sums: dict[tuple[int, int], tuple[int, float]] = {}
    now = late = 0
    for fields in rows:
        if fields["temperatura"] is None:
            continue
        now = max(now, fields["ingest_time"])
        start = fields["ingest_time"] // HOUR * HOUR
        starts = [first for first in range(start - DAY + HOUR, start + 1, HOUR) if first + DAY > now - GRACE]
        late += len(starts) < DAY // HOUR
        for first in starts:
            n, total = sums.get((fields["sensor_id"], first), (0, 0.0))
            sums[fields["sensor_id"], first] = (n + 1, total + fields["temperatura"])
    found = {
        f"{sensor} {iso(first)}": {
            "sensor_id": sensor,
            "inici": iso(first),
            "fi": iso(first + DAY),
            "n": n,
            "mitjana": total / n,
        }
        for (sensor, first), (n, total) in sums.items()
    }
    return found, late


def means_of_the_hour(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What faust_mean.py writes for each row: the mean of its sensor in its hour so far."""
    sums: dict[tuple[int, int], tuple[int, float]] = {}
    found = []
    for fields in rows:
        if fields["temperatura"] is None:
            continue
        key = (fields["sensor_id"], fields["ingest_time"] // HOUR * HOUR)
        n, total = sums.get(key, (0, 0.0))
        sums[key] = n, total = n + 1, total + fields["temperatura"]
        found.append({"sensor_id": key[0], "inici": key[1], "n": n, "mitjana": total / n})
    return found


def words(lines: Iterable[str]) -> dict[str, int]:
    """Count words: letters and digits, and the middle dot of Catalan."""
    return dict(Counter(word for line in lines for word in re.findall(r"[^\W_]+(?:·[^\W_]+)*", line.lower())))


def iso(time: int) -> str:
    """A time in milliseconds as Java prints an Instant of whole seconds."""
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
