from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.store.store import Store, StoreOptions

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

Sweep = Callable[[int], list[Reading]]
OpenStore = Callable[..., Awaitable[Store]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "readings.db"


@pytest.fixture
def in_ram(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: for long lives that do not look at durability."""
    shared = Path("/dev/shm")  # noqa: S108 - a file system in memory, the folder within is ours
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def sweep() -> Sweep:
    """Three points at second `s`: a power, an uncertain temperature and one that is missing."""
    power = Reading(
        device="meter", point="power", value=0.0, unit="kW", at=START, quality=Quality.GOOD
    )
    temp = replace(
        power, device="room", point="temp", unit="degC", quality=Quality.UNCERTAIN, reason="late"
    )
    co2 = replace(temp, point="co2", value=None, unit="ppm", quality=Quality.MISSING)

    def readings(second: int) -> list[Reading]:
        at = START + timedelta(seconds=second)
        return [
            replace(power, value=100.5 + second, at=at),
            replace(temp, value=21.3, at=at),
            replace(co2, at=at),
        ]

    return readings


@pytest.fixture
async def open_store(path: Path, clock: ManualClock) -> AsyncIterator[OpenStore]:
    """Opens stores on `path` with bounds as given and closes whatever is left open."""
    opened: list[Store] = []

    async def open_one(**options: object) -> Store:
        store = await Store.open(path, clock, StoreOptions(**options))  # type: ignore[arg-type]  # forwarded as given
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()
