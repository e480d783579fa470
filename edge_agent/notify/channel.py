"""A way a message can go, and how it can fail: whether to try again is in the type."""

from __future__ import annotations

from typing import Protocol

from edge_agent.notify.message import Message


class DeliveryError(Exception):
    """Root of everything a channel raises."""


class NotNowError(DeliveryError):
    """It may work later: no network, a busy or broken server, a secret not yet there."""


class RefusedError(DeliveryError):
    """It will never work for this message: the receiver says no."""


class Channel(Protocol):
    """One way; `name` is what the operator reads."""

    @property
    def name(self) -> str:
        """Short, such as `smtp`."""
        ...

    async def deliver(self, message: Message) -> None:
        """Deliver once; raises DeliveryError."""
        ...
