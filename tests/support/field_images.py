"""Snapshots for tests: readings as they stand on the board."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from drivers.types import Quality, Reading
from edge_agent.snapshot import Board, Snapshot

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def reading(
    key: str,
    value: float | None,
    *,
    unit: str = "kW",
    at: datetime = NOW,
    quality: Quality = Quality.GOOD,
    reason: str = "",
) -> Reading:
    device, point = key.split(".")
    return Reading(
        device=device, point=point, value=value, unit=unit, at=at, quality=quality, reason=reason
    )


def snapshot(
    values: Mapping[str, float | None], *, age_s: float = 0.0, now: datetime = NOW
) -> Snapshot:
    """Fresh good readings; a None is a point that answers nothing."""
    board = Board()
    at = now - timedelta(seconds=age_s)
    for key, value in values.items():
        quality = Quality.MISSING if value is None else Quality.GOOD
        board.post([reading(key, value, at=at, quality=quality)], stale_s=30.0)
    return board.freeze(now)
