"""What is wrong with the way to the cloud, as codes a program can go by. Times are wall seconds."""

from __future__ import annotations

from enum import StrEnum

from edge_agent.cloud.transport import Down, FilterRefused, LinkEvent, TakenOver, Up

QUIET_S = 300.0
"""A take-over counts as over when none was seen for so long."""


class Trouble(StrEnum):
    """In the order of what to say first."""

    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    """Somebody else connects under our name, and we throw each other out."""
    FILTER_REFUSED = "filter_refused"
    """The broker will not deliver what the cloud says: a policy lacks iot:Subscribe."""
    NO_WATERMARK = "no_watermark"
    """The cloud does not say how far it has come; a new store waits for that word."""
    DAMAGED_COMMIT = "damaged_commit"
    """Commits of the store did not decode: their numbers went out without their readings."""
    OVERSIZED_COMMIT = "oversized_commit"
    """A reading fits into no message: the commit's number went out without its readings."""


class Troubles:
    """Keeps what stands."""

    def __init__(self) -> None:
        self._taken_over_s: float | None = None
        self._refused: set[str] = set()
        self._refused_before: set[str] = set()
        self.no_watermark = False
        self.damaged: set[int] = set()
        """Numbers of damaged commits passed over since the start."""
        self.oversized: set[int] = set()
        """Numbers of commits too large for any message since the start."""

    def note(self, event: LinkEvent, now_s: float) -> None:
        """The link has changed."""
        match event:
            case TakenOver():
                self._taken_over_s = now_s
            case FilterRefused(topic_filter):
                self._refused.add(topic_filter)
                self._refused_before.discard(topic_filter)
            case Down():
                self._refused_before = set(self._refused)
            case Up(rejoined):
                # A broker that has kept the session is not asked again, and refuses what it did.
                self._refused -= set() if rejoined else self._refused_before

    @property
    def refused(self) -> tuple[str, ...]:
        """Filters the broker does not grant."""
        return tuple(sorted(self._refused))

    def first(self, now_s: float) -> Trouble | None:
        """The worst that stands."""
        over = self._taken_over_s is None or now_s - self._taken_over_s > QUIET_S
        standing = {
            Trouble.DUPLICATE_CLIENT_ID: not over,
            Trouble.FILTER_REFUSED: bool(self._refused),
            Trouble.NO_WATERMARK: self.no_watermark,
            Trouble.DAMAGED_COMMIT: bool(self.damaged),
            Trouble.OVERSIZED_COMMIT: bool(self.oversized),
        }
        return next((trouble for trouble in Trouble if standing[trouble]), None)
