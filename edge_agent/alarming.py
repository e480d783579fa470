"""The alarms of one gateway: rules, book, acknowledgements and messages, kept over a restart."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from drivers.types import Clock
from edge_agent.alarms.certificate import CertificateWatch
from edge_agent.alarms.desk import AlarmDesk
from edge_agent.alarms.sight import Beside, FeedSight
from edge_agent.alarms.sight_of import sight_of
from edge_agent.health import Alert, AlertBook
from edge_agent.notify.channel import Channel
from edge_agent.notify.from_site import notify_settings
from edge_agent.notify.notifier import Notifier, channels_of
from edge_agent.notify.settings import NotifySettings
from edge_agent.site.schema import Site
from edge_agent.status import StatusView
from edge_agent.store.types import StoreError

log = logging.getLogger(__name__)

BOOK_KEY = "alarms"
TOLD_KEY = "alarms_told"


class Notes(Protocol):
    """Where alarms are kept, and who reads of them."""

    async def state(self, key: str) -> str | None:
        """A small named value as JSON; raises StoreError."""
        ...

    async def state_put(self, key: str, json_text: str) -> bool:
        """Keep it; whether the disk took it."""
        ...

    async def audit(self, kind: str, text: str, at: datetime) -> None:
        """One line for the operator."""
        ...


class Alarming:
    """`start` once, `beat` in the health loop, `run` as a supervised task."""

    def __init__(
        self,
        site: Site,
        clock: Clock,
        notes: Notes,
        settings: NotifySettings,
        channels: Iterable[Channel] = (),
    ) -> None:
        self.book = AlertBook()
        self._site = site
        self._clock = clock
        self._notes = notes
        self._desk = AlarmDesk()
        self._certificate = CertificateWatch(site.cloud.cert_file)
        self._notifier = Notifier(settings, clock, channels)
        self._kept_told: str | None = None
        self._book_due = False
        """Whether the disk has still to take the book."""

    async def start(self) -> None:
        """Take up the alarms of the last run."""
        try:
            self.book.load(await self._notes.state(BOOK_KEY), self._clock.now())
            self._notifier.load(await self._notes.state(TOLD_KEY))
        except StoreError as error:
            log.warning("the alarms of the last run cannot be read: %s", error)

    async def beat(
        self,
        status: StatusView,
        *,
        worker_faults: int,
        store_error: str,
        feeds: tuple[FeedSight, ...] = (),
    ) -> list[Alert]:
        """Raise and clear, note it, and tell people; returns what changed."""
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        beside = Beside(
            monotonic_s=now_s,
            certificate_days=self._certificate.days(now, now_s),
            feeds=feeds,
            worker_faults=worker_faults,
            store_error=store_error,
            channels=self._notifier.channels,
        )
        found = self._desk.look(sight_of(self._site, status, beside))
        changed = self.book.update(found, now)
        for alert in changed:
            word = "cleared" if alert.cleared else "raised"
            text = f"{alert.code} {alert.subject} {word}: {alert.text}"
            await self._notes.audit("alert", text, now)
        standing = (*self.book.standing, *self.book.carried)
        self._notifier.post(standing, [alert for alert in changed if alert.cleared])
        await self._keep(book=bool(changed))
        return changed

    async def acknowledge(self, code: str, subject: str, person: str, note: str = "") -> Alert:
        """A named person has seen it: KeyError for no such alarm, ValueError without a name."""
        now = self._clock.now()
        alert = self.book.acknowledge(code, subject, person, now, note)
        if alert.acknowledged is not None:
            seen = alert.acknowledged
            said = f": {seen.note}" if seen.note else ""
            text = f"{code} {subject} acknowledged by {seen.person}{said}"
            await self._notes.audit("alert", text, now)
        await self._keep(book=True)
        return alert

    async def run(self) -> None:
        """Deliver messages for ever."""
        await self._notifier.run()

    async def _keep(self, *, book: bool) -> None:
        """Only what changed: texts of standing alarms move at every beat."""
        self._book_due |= book
        if self._book_due:
            self._book_due = not await self._notes.state_put(BOOK_KEY, self.book.dump())
        told = self._notifier.dump()
        if told != self._kept_told and await self._notes.state_put(TOLD_KEY, told):
            self._kept_told = told


def alarming_of(site: Site, clock: Clock, notes: Notes) -> Alarming:
    """The alarms of a site, sent as its file says."""
    settings = notify_settings(site)
    return Alarming(site, clock, notes, settings, channels_of(settings))
