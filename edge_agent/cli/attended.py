"""Shared course of the verbs with which a person works at the devices himself."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.types import Clock, DriverError
from edge_agent.clock import SystemClock
from edge_agent.commissioning.fieldwork import GatewayRunsError, alone
from edge_agent.commissioning.interrupt import ToldToStopError, until_told
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.store.types import StoreError

STOPPED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The site, its clock, and the state directory whose lock is ours."""

    loaded: LoadedSite
    clock: Clock
    state_dir: Path


def tell(text: str) -> None:
    """Progress, for the person and not for what reads the result."""
    print(text, file=sys.stderr, flush=True)


def work_there(
    options: Namespace, instead: str, work: Callable[[Place], Coroutine[Any, Any, int]]
) -> int:
    """Run `work` with the lock held; its exit code, or 1 and why on stderr.

    Raises GatewayRunsError when the gateway runs.
    """
    try:
        loaded = load_site(options.site)
        state_dir = Path(options.state_dir or loaded.site.agent.state_dir)
        with alone(state_dir, instead):
            place = Place(loaded=loaded, clock=SystemClock(), state_dir=state_dir)
            return asyncio.run(until_told(work(place)))
    except GatewayRunsError:
        raise
    except ToldToStopError as error:
        tell(f"semdr-edge: ended by {error}")
        return STOPPED
    except (SiteError, StoreError, DriverError) as error:
        tell(f"semdr-edge: {error}")
        return 1
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        tell(f"semdr-edge: {error.filename or ''}: {error.strerror or error}")
        return 1
