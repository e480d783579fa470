"""Learning inside a running gateway: a supervised task, the real child, the view kept."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from measured_days import FURNISHED, measure
from small_house import furnished, write_site

from edge_agent.clock import ManualClock
from edge_agent.cloud_link import build_cloud
from edge_agent.forecasting.daily import FIRST
from edge_agent.forecasting.keys import LEARNT_KEY
from edge_agent.forecasting.view import ForesightView
from edge_agent.forecasting.words import read_learnt
from edge_agent.foresight import Foresight
from edge_agent.notes import Notebook
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.kept import kept_text
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store
from edge_agent.supervise import Supervisor, TaskState


async def started(
    loaded: LoadedSite, state: Path, clock: ManualClock, store: Store
) -> tuple[Foresight, Supervisor]:
    supervisor = Supervisor(clock)
    cloud = build_cloud(loaded.site, store, clock)
    foresight = Foresight(loaded, state, Notebook(store), clock, cloud)
    await foresight.start(supervisor)
    return foresight, supervisor


async def learnt_at(foresight: Foresight, clock: ManualClock) -> datetime:
    """Let the plant's time go on until something was learnt."""
    async with asyncio.timeout(120):
        while foresight.view.made_at is None:
            await clock.advance(FIRST.total_seconds() / 4)
            await asyncio.sleep(0.05)
    return foresight.view.made_at


async def test_a_running_gateway_learns_and_says_so_after_a_restart(tmp_path: Path) -> None:
    loaded = load_site(write_site(tmp_path, change=furnished))
    at = await measure(tmp_path / DATABASE, FURNISHED, days=6)
    clock = ManualClock(at)
    store = await Store.open(tmp_path / DATABASE, clock)
    foresight, supervisor = await started(loaded, tmp_path, clock, store)
    assert foresight.view == ForesightView()
    assert (foresight.feeds, foresight.sights) == ((), ())
    made_at = await learnt_at(foresight, clock)
    assert made_at >= at + FIRST
    assert (foresight.view.load, foresight.view.error) == (True, "")
    learnt = read_learnt(kept_text(tmp_path / DATABASE, LEARNT_KEY))
    assert learnt is not None
    assert learnt.made_at == made_at
    assert supervisor.statuses["learn"].state is TaskState.RUNNING
    await supervisor.stop_all()
    again, supervisor = await started(loaded, tmp_path, clock, store)
    assert again.view == foresight.view
    await supervisor.stop_all()
    await store.close()
