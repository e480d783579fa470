"""A small house on real wires, its drivers, and a real store whose disk can be filled."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import waiting
from leases import build
from small_house import SmallHouse, write_site
from wishes import NOW

from drivers.types import Driver
from edge_agent.clock import ManualClock
from edge_agent.dispatch import Dispatch
from edge_agent.fields import build_drivers
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.store import Store, StoreOptions

Until = Callable[[Callable[[], bool]], Awaitable[None]]


class Disk:
    """The seam below the store: while `full`, every write fails as SQLite says it."""

    def __init__(self) -> None:
        self.full = False
        self.writes = 0

    def before_write(self, _db: sqlite3.Connection) -> None:
        self.writes += 1
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def house(clock: ManualClock) -> AsyncIterator[SmallHouse]:
    async with SmallHouse(clock) as opened:
        yield opened


@pytest.fixture
def loaded(house: SmallHouse, tmp_path: Path) -> LoadedSite:
    return load_site(house.site_file(tmp_path))


@pytest.fixture
async def devices(loaded: LoadedSite, clock: ManualClock) -> AsyncIterator[dict[str, Driver]]:
    drivers = build_drivers(loaded.site, clock)
    for driver in drivers.values():
        await driver.open()
    yield drivers
    for driver in drivers.values():
        await driver.close()


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock, disk: Disk) -> AsyncIterator[Store]:
    options = StoreOptions(before_write=disk.before_write)
    opened = await Store.open(tmp_path / "edge.db", clock, options)
    yield opened
    await opened.close()


@pytest.fixture
def until() -> Until:
    """Wait for a condition."""
    return waiting.until


@pytest.fixture
def paper(tmp_path: Path) -> LoadedSite:
    """The small site without its devices."""
    return load_site(write_site(tmp_path))


@pytest.fixture
def dispatch(devices: dict[str, Driver], store: Store, clock: ManualClock) -> Dispatch:
    return build(devices, store, clock)
