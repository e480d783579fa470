"""Where small named values are kept over a restart."""

from __future__ import annotations

from typing import Protocol


class Drawer(Protocol):
    """A small value of JSON by its name."""

    async def state(self, key: str) -> str | None:
        """The value, None when there is none."""
        ...

    async def state_put(self, key: str, json_text: str) -> bool:
        """Keep it; whether the disk took it."""
        ...
