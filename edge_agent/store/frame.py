"""Readings and roll-ups as a pandas table, read-only and beside a running agent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.types import Quality
from edge_agent.store.block import PointName
from edge_agent.store.schema import open_readonly
from edge_agent.store.series import Step, Stretch, names_of, raw_slices, rolled_slices

if TYPE_CHECKING:
    import pandas as pd

Cells = dict[str, dict[int, float]]
"""Values by `device.point` and UTC ms since 1970."""


def frame(
    path: Path, points: Sequence[str], since: datetime, until: datetime, step: Step | None = None
) -> pd.DataFrame:
    """A column for each `device.point`, in its unit, over UTC times from `since` before `until`.

    With `step` the means of its spans, by their start, as far as they are rolled up; without it
    the readings. What is not good or uncertain is NaN, and a time appears when any of the points
    was read then. `attrs["units"]` has the units; of a point read in several the newest counts.
    Raises UnknownPointError, StoreUnavailableError, and ImportError without pandas.
    """
    import pandas as pd

    with open_readonly(path) as db:
        names = _newest(names_of(db, points))
        cells: Cells = {key: {} for key in dict.fromkeys(points)}
        for key, at_ms, value in _values(db, names, Stretch(since, until), step):
            cells[key][at_ms] = value
    times = sorted({at_ms for column in cells.values() for at_ms in column})
    index = pd.DatetimeIndex(pd.to_datetime(times, unit="ms", utc=True), name="time")
    nan = float("nan")
    columns = {key: [found.get(at_ms, nan) for at_ms in times] for key, found in cells.items()}
    table = pd.DataFrame(columns, index=index, dtype=float)
    table.attrs["units"] = {name.key: name.unit for name in names.values()}
    return table


def _newest(names: Mapping[int, PointName]) -> dict[int, PointName]:
    """One number for each point: the highest is that of its newest unit."""
    numbers = {name.key: number for number, name in sorted(names.items())}
    return {number: names[number] for number in numbers.values()}


def _values(
    db: sqlite3.Connection, names: Mapping[int, PointName], stretch: Stretch, step: Step | None
) -> Iterator[tuple[str, int, float]]:
    """Point, time and value, NaN where there is none to rest on."""
    nan = float("nan")
    if step is not None:
        for part in rolled_slices(db, names, stretch, step):
            for row in part:
                mean = nan if row.mean is None else row.mean
                yield f"{row.device}.{row.point}", row.at_ms, mean
        return
    for readings in raw_slices(db, names, stretch):
        for reading in readings:
            usable = reading.value if Quality(reading.quality).usable else None
            key = f"{reading.device}.{reading.point}"
            yield key, reading.at_ms, nan if usable is None else usable
