"""Waits for conditions, never for time: long enough for the slowest machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

WITHIN_S = 30.0


async def until(condition: Callable[[], bool], what: str = "it") -> None:
    """Return when the condition holds; TimeoutError that says `what` did not come about."""
    try:
        async with asyncio.timeout(WITHIN_S):
            while not condition():  # noqa: ASYNC110 - what is waited for is on the wire
                await asyncio.sleep(0.002)
    except TimeoutError as error:
        msg = f"{what} did not come about within {WITHIN_S:.0f} s"
        raise TimeoutError(msg) from error
