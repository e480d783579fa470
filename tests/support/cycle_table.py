"""Stories of arbiter and guard as tables: what is seen and wanted per tick, and what leaves.

A column named `device.point` is a reading, `wish` a claim, `->` what must leave and `cut` a word of
the reason. An empty cell keeps what was before; `-` is nothing: no answer, no claim, a release.
`7@40` is a reading of 7 that is 40 s old. A claim is a number of the plan, or CLASS:VALUE, or
CLASS:LOW..HIGH for one that confines; several are joined with `+`. With more than one point, the
columns are `wish POINT` and `-> POINT`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from field_images import NOW, reading

from drivers.types import Quality
from edge_agent.arbiter import Entry, Priority, arbitrate
from edge_agent.envelope import Envelope
from edge_agent.guard import Guarded, guard_cycle
from edge_agent.guarding.recall import Recall, from_json, to_json
from edge_agent.snapshot import Board, Snapshot

STALE_S = 30.0
CLASSES = {
    "safety": Priority.SAFETY,
    "operator": Priority.GRID_OPERATOR,
    "local": Priority.LOCAL_OVERRIDE,
    "manual": Priority.MANUAL,
    "event": Priority.EVENT,
    "cloud": Priority.CLOUD,
    "plan": Priority.PLAN,
    "rules": Priority.RULES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One table over some envelopes."""

    title: str
    envelopes: Sequence[Envelope]
    table: str
    seen: dict[str, str] = field(default_factory=dict)
    """Readings that never change."""


def play(story: Story) -> list[tuple[Guarded, ...]]:
    """Play it row by row and check every expected cell; returns what left."""
    header, *rows = [
        [cell.strip() for cell in line.split("|")]
        for line in story.table.strip().splitlines()
        if line.strip()
    ]
    envelopes = {one.point: one for one in story.envelopes}
    cells, recall, played = dict(story.seen), Recall(), []
    for row in rows:
        new = dict(zip(header, row, strict=True))
        expected = {name: cell for name, cell in new.items() if name.split()[0] in ("->", "cut")}
        cells |= {name: cell for name, cell in new.items() if cell and name not in expected}
        snapshot = _snapshot(cells)
        entries = _entries(cells, tuple(envelopes), snapshot)
        decisions = arbitrate(envelopes, entries, snapshot.at)
        cycle = guard_cycle(decisions, envelopes, snapshot, recall)
        # A restart after every tick must change nothing.
        recall = from_json(to_json(cycle.recall))
        played.append(cycle.guarded)
        _check(story, cells["at"], expected, cycle.guarded)
    return played


def _snapshot(cells: dict[str, str]) -> Snapshot:
    now = NOW + timedelta(seconds=float(cells["at"]))
    board = Board()
    for key, cell in cells.items():
        if "." not in key or " " in key:
            continue
        text, _, age = cell.partition("@")
        value = None if text == "-" else float(text)
        quality = Quality.MISSING if value is None else Quality.GOOD
        at = now - timedelta(seconds=float(age or 0))
        board.post([reading(key, value, at=at, quality=quality)], stale_s=STALE_S)
    return board.freeze(now)


def _entries(cells: dict[str, str], points: tuple[str, ...], snapshot: Snapshot) -> list[Entry]:
    entries = []
    for name, cell in cells.items():
        if name.split()[0] != "wish":
            continue
        point = name.split()[1] if " " in name else points[0]
        entries += [_entry(point, text.strip(), snapshot) for text in cell.split("+")]
    return [entry for entry in entries if entry is not None]


def _entry(point: str, text: str, snapshot: Snapshot) -> Entry | None:
    if text == "-":
        return None
    name, _, wanted = text.rpartition(":")
    low, dots, high = wanted.partition("..")
    bounds = (float(low), float(high)) if dots else None
    value = None if wanted == "-" else (bounds[1] if bounds else float(wanted))
    return Entry(
        point=point,
        value=value,
        priority=CLASSES[name or "plan"],
        owner=name or "plan",
        reason="the table",
        since=NOW,
        expires=snapshot.at + timedelta(seconds=15),
        bounds=bounds,
    )


def _check(story: Story, at: str, expected: dict[str, str], guarded: tuple[Guarded, ...]) -> None:
    left = {one.point: one for one in guarded}
    for name, cell in expected.items():
        one = left[name.split()[1]] if " " in name else guarded[0]
        where = f"{story.title}, at {at} s: {one.value} left, cuts {one.cuts}"
        if name.startswith("cut"):
            assert cell in "; ".join((*one.cuts, one.decision.reason)), where
        elif cell == "-":
            assert one.value is None, where
        else:
            assert one.value == pytest.approx(float(cell), abs=0.01), where
