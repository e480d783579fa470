"""Figures of store, cloud, certificate, feeds, worker, plan and alarm channels. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from edge_agent.alarms.rule import Figure
from edge_agent.alarms.sight import Sight

SET_ASIDE = "damaged file set aside"
"""How the store's note of a damaged file begins."""
BROKEN = ("failing", "in_memory")
SIGNS = {
    "read_only": ("readonly", "read-only"),
    "full": ("is full", "no space"),
    "corrupt": ("malformed", "not a database", "corrupt"),
}
"""What the database says, by fault."""


def store_fault(state: str, error: str) -> str:
    """`read_only`, `full`, `corrupt`, or empty when it is none of them; `error` as SQLite says."""
    if state not in BROKEN:
        return ""
    said = error.lower()
    return next((fault for fault, signs in SIGNS.items() if any(s in said for s in signs)), "")


def _store(fault: str) -> Callable[[Sight], Iterator[Figure]]:
    def figures(sight: Sight) -> Iterator[Figure]:
        error = sight.beside.store_error
        if store_fault(sight.status.buffer.state, error) == fault:
            yield Figure(subject="store", value=1.0, text=error)

    return figures


store_read_only = _store("read_only")
store_full = _store("full")


def store_corrupt(sight: Sight) -> Iterator[Figure]:
    """The file is damaged now, or was at the start and has been set aside."""
    aside = [note for note in sight.status.buffer.notes if note.startswith(SET_ASIDE)]
    if aside:
        yield Figure(subject="store", value=1.0, text=aside[0])
        return
    yield from _store("corrupt")(sight)


def buffer_share(sight: Sight) -> Iterator[Figure]:
    """Share of the storage budget in use, 0..1."""
    buffer = sight.status.buffer
    if buffer.budget_bytes > 0:
        share = buffer.bytes_used / buffer.budget_bytes
        text = f"{buffer.bytes_used / 1e6:.0f} of {buffer.budget_bytes / 1e6:.0f} MB in use"
        yield Figure(subject="store", value=share, text=text)


def backlog_h(sight: Sight) -> Iterator[Figure]:
    """Hours of readings the cloud has not confirmed."""
    if sight.status.cloud.transport != "none":
        hours = sight.status.cloud.backlog_commits * sight.commit_s / 3600
        text = f"{hours:.1f} hours of readings wait for the cloud"
        yield Figure(subject="cloud", value=hours, text=text)


def cloud_offline(sight: Sight) -> Iterator[Figure]:
    """Whether there is no link to a cloud that should be there."""
    cloud = sight.status.cloud
    if cloud.transport != "none":
        text = cloud.last_error or "no link"
        yield Figure(subject="cloud", value=float(not cloud.connected), text=text)


def certificate_days(sight: Sight) -> Iterator[Figure]:
    """Days until the certificate ends; negative when it has ended."""
    days = sight.beside.certificate_days
    if days is not None:
        ends = f"ends in {days:.1f} days" if days >= 0 else f"ended {-days:.1f} days ago"
        yield Figure(subject="certificate", value=days, text=ends)


def feed_ahead_h(sight: Sight) -> Iterator[Figure]:
    """Hours that a feed's data still cover; a feed that never came covers none."""
    for feed in sight.beside.feeds:
        ahead_h = 0.0 if feed.ahead_h is None else feed.ahead_h
        said = f": {feed.error}" if feed.error else ""
        yield Figure(subject=feed.name, value=ahead_h, text=f"covers {ahead_h:.1f} hours{said}")


def feed_refused(sight: Sight) -> Iterator[Figure]:
    """Whether the last document that was handed over for a feed could not be used."""
    for feed in sight.beside.feeds:
        if feed.handed_over:
            yield Figure(subject=feed.name, value=float(bool(feed.error)), text=feed.error)


def worker_faults(sight: Sight) -> Iterator[Figure]:
    """Times in a row that the worker broke off or was late."""
    faults = sight.beside.worker_faults
    yield Figure(subject="worker", value=float(faults), text=f"{faults} times in a row no answer")


def plan_run_out(sight: Sight) -> Iterator[Figure]:
    """Whether no plan covers this moment."""
    ends_at = sight.status.plan.ends_at
    if ends_at is None:
        yield Figure(subject="planner", value=1.0, text="there is no plan")
        return
    text = f"the plan ended at {ends_at:%H:%M}Z"
    yield Figure(subject="planner", value=float(ends_at <= sight.status.now), text=text)


def undelivered(sight: Sight) -> Iterator[Figure]:
    """Whether a channel takes no messages."""
    for channel in sight.beside.channels:
        lost = f"; {channel.given_up} messages given up" if channel.given_up else ""
        text = f"{channel.error}{lost}"
        yield Figure(subject=channel.name, value=float(bool(channel.error)), text=text)
