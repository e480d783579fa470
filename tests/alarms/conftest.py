"""A small site on paper, and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from field_images import NOW
from small_house import write_site

from edge_agent.clock import ManualClock
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.store import Store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def paper(tmp_path: Path) -> LoadedSite:
    return load_site(write_site(tmp_path))


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "edge.db", clock)
    yield opened
    await opened.close()
