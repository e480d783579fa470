"""Which filters are wanted, who handles them, and which of them the broker has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.cloud.limits import (
    FILTERS_PER_SUBSCRIBE,
    MAX_SUBSCRIPTIONS,
    check_filter,
    topic_matches,
)
from edge_agent.cloud.transport import CloudLimitError, MessageHandler


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler of one filter."""

    topic_filter: str
    handler: MessageHandler
    manual_ack: bool


class Subscriptions:
    """The wanted filters, kept over every reconnect because the broker may forget them."""

    def __init__(self) -> None:
        self._wanted: dict[str, Subscription] = {}
        self._confirmed: set[str] = set()
        self.refused: dict[str, int] = {}

    def add(self, filters: Sequence[str], handler: MessageHandler, *, manual_ack: bool) -> None:
        """Want these filters; CloudLimitError beyond the 50 of one connection."""
        for topic_filter in filters:
            check_filter(topic_filter)
        if len(self._wanted.keys() | set(filters)) > MAX_SUBSCRIPTIONS:
            msg = f"more than {MAX_SUBSCRIPTIONS} subscriptions on one connection"
            raise CloudLimitError(msg)
        for topic_filter in filters:
            self._wanted[topic_filter] = Subscription(topic_filter, handler, manual_ack)
            self._confirmed.discard(topic_filter)
            self.refused.pop(topic_filter, None)

    def forget(self) -> None:
        """The broker has lost the session: nothing is confirmed any more."""
        self._confirmed.clear()
        self.refused.clear()

    def missing(self) -> list[list[str]]:
        """Filters the broker does not have, in portions it takes."""
        open_filters = [f for f in self._wanted if f not in self._confirmed | self.refused.keys()]
        step = FILTERS_PER_SUBSCRIBE
        return [open_filters[at : at + step] for at in range(0, len(open_filters), step)]

    def settle(self, topic_filter: str, reason_code: int, *, granted: bool) -> None:
        """Keep the broker's answer."""
        if granted:
            self._confirmed.add(topic_filter)
        else:
            self.refused[topic_filter] = reason_code

    def matching(self, topic: str) -> list[Subscription]:
        """Who wants this message."""
        return [s for s in self._wanted.values() if topic_matches(s.topic_filter, topic)]
