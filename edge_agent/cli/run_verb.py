"""`semdr-edge run SITE`: the gateway, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from argparse import Namespace
from pathlib import Path

from drivers.types import Clock, DriverError
from edge_agent.agent import Agent
from edge_agent.clock import SystemClock, parse_origin
from edge_agent.cloud.transport import CloudError
from edge_agent.keeping import store_options
from edge_agent.logs import set_up_logs
from edge_agent.memory import no_line_editor, one_heap, settle
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.start_pages import give_back_code
from edge_agent.store.location import DATABASE
from edge_agent.store.lock import StateLock
from edge_agent.store.store import Store
from edge_agent.store.types import StoreError
from edge_agent.web.server import WebError

STATE_MODE = 0o700


def main(options: Namespace) -> int:
    """0 after an orderly stop; 1 when the site or the machine is not fit, and nothing starts."""
    one_heap()
    no_line_editor()
    try:
        loaded = load_site(options.site)
        clock: Clock = SystemClock() if options.clock is None else parse_origin(options.clock)
        state_dir = Path(options.state_dir or loaded.site.agent.state_dir)
        state_dir.mkdir(parents=True, exist_ok=True, mode=STATE_MODE)
        with StateLock.acquire(state_dir):
            why_not = _not_commissioned(loaded, state_dir)
            if why_not is not None:
                print(f"semdr-edge: {why_not}", file=sys.stderr)
                return 1
            set_up_logs(loaded.site.agent.log, state_dir)
            return asyncio.run(_run(loaded, clock, state_dir, tied=options.tied))
    except (SiteError, StoreError, DriverError, CloudError, WebError, ValueError) as error:
        print(f"semdr-edge: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"semdr-edge: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 1


def _not_commissioned(loaded: LoadedSite, state_dir: Path) -> str | None:
    """Why the site may not be controlled yet; reports are only read where a link is real."""
    if all(link.simulated for link in loaded.site.links.values()):
        return None
    from edge_agent.commissioning.gate import objection

    return objection(loaded.site, state_dir)


async def _run(loaded: LoadedSite, clock: Clock, state_dir: Path, *, tied: bool) -> int:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    if tied:
        loop.add_reader(sys.stdin.fileno(), _read_on, over)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    store = await Store.open(state_dir / DATABASE, clock, store_options(loaded.site))
    try:
        agent = Agent(loaded, clock, store, state_dir)
        try:
            await agent.start()
            settle()
            give_back_code()
            await over.wait()
        finally:
            await agent.stop()
    finally:
        await store.close()
    return 0


def _read_on(over: asyncio.Event) -> None:
    """Whoever started us has gone when nothing more can come."""
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        over.set()
