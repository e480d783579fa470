"""The course of a commissioning: look at every device, try every actuator, ask, keep the report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from drivers.types import Clock, Driver, DriverError
from edge_agent.commissioning.acceptance import write_whole
from edge_agent.commissioning.fieldwork import opened
from edge_agent.commissioning.look import look_at
from edge_agent.commissioning.page import page
from edge_agent.commissioning.person import Person
from edge_agent.commissioning.report import Report, Said, open_matters
from edge_agent.commissioning.site_hash import site_hash
from edge_agent.commissioning.steps import actuators_of
from edge_agent.commissioning.tenure import Journal, Tenure
from edge_agent.commissioning.trial import Field, Trial
from edge_agent.commissioning.watch import Pace
from edge_agent.envelopes_of import envelopes
from edge_agent.site.load import LoadedSite

POWER_OFF = (
    "Gateway power-off: with a value held, was the gateway's power pulled, and did every device "
    "return to its own control by itself?"
)
Drivers = Mapping[str, Driver]
TOLD_TO_STOP = "a person or the system ended it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person asked for."""

    by: str
    report_dir: Path
    only: str | None = None
    without_person: str = ""
    pace: Pace = field(default_factory=Pace)


class Walk:
    """One commissioning; its report is on the disk after each part, whatever ends it."""

    def __init__(
        self,
        loaded: LoadedSite,
        clock: Clock,
        wishes: Wishes,
        person: Person,
        tell: Callable[[str], None],
    ) -> None:
        self._site = loaded.site
        self._clock = clock
        self._wishes = wishes
        self._person = person
        self._tell = tell
        self.report = Report(
            site=loaded.site.site.id,
            site_file=loaded.path.name,
            site_hash=site_hash(loaded.site),
            program=version("semdr-edge"),
            by=wishes.by,
            started=clock.now(),
            actuators_expected=tuple(one.point for one in actuators_of(loaded.site)),
            devices_expected=tuple(device.id for device in loaded.site.devices),
            answered_by=person.name,
            without_person=wishes.without_person,
        )
        stem = f"{self.report.site}-{self.report.started:%Y%m%dT%H%M%SZ}"
        self.json_file = wishes.report_dir / f"{stem}.json"
        self.html_file = wishes.report_dir / f"{stem}.html"

    async def run(self, journal: Journal) -> Report:
        """The whole course; on cancellation everything is given back before this ends."""
        self._note()
        try:
            async with opened(self._site, self._clock) as drivers:
                await self._look(drivers)
                tenure = Tenure(
                    drivers, journal, self._clock, f"commissioning by {self._wishes.by}"
                )
                try:
                    async with tenure:
                        await self._try(drivers, tenure)
                finally:
                    self._note(still_held=tuple(tenure.kept))
            power_off = Said.NOT_TRIED
            if self.report.actuators_expected:
                power_off = await self._person.ask(POWER_OFF)
            self._note(power_off=power_off, broken_off="")
        except asyncio.CancelledError:
            self._note(broken_off=TOLD_TO_STOP)
            raise
        except DriverError as error:
            self._note(broken_off=str(error))
        finally:
            self._note(ended=self._clock.now())
        return self.report

    async def _look(self, drivers: Drivers) -> None:
        """Read every device once."""
        for number, device in enumerate(self._site.devices, start=1):
            row, points = await look_at(self._site, device, drivers[device.id])
            good = sum(point.good for point in points)
            told = row.problem or f"{row.identity}, {good} of {len(points)} points good"
            self._tell(f"{number}/{len(self._site.devices)} {device.id}: {told}")
            devices, before = (*self.report.devices, row), self.report.points
            self._note(devices=devices, points=(*before, *points))

    async def _try(self, drivers: Drivers, tenure: Tenure) -> None:
        """Step every actuator."""
        for key, outcome in (await tenure.clear_left_over()).items():
            self._tell(f"{key} was left over from before: {outcome.result} {outcome.reason}")
        points = {point.key: point for driver in drivers.values() for point in driver.points}
        bench = Field(
            site=self._site,
            drivers=drivers,
            envelopes=envelopes(self._site, points),
            tenure=tenure,
            clock=self._clock,
            pace=self._wishes.pace,
            person=self._person,
            tell=self._tell,
        )
        chosen = [
            one
            for one in actuators_of(self._site)
            if self._wishes.only in (None, one.point.split(".")[0])
        ]
        for number, actuator in enumerate(chosen, start=1):
            self._tell(f"{number}/{len(chosen)} {actuator.kind} {actuator.point}")
            row = await Trial(bench, actuator).run()
            self._tell(f"  {row.finding.replace('_', ' ')}: {row.says}")
            self._note(actuators=(*self.report.actuators, row))

    def _note(self, **news: object) -> None:
        """Take up what is new and keep the report on the disk."""
        report = self.report.model_copy(update=news)
        self.report = report.model_copy(update={"open_matters": open_matters(report)})
        self.keep()

    def keep(self) -> None:
        """Write the report as it stands, JSON and HTML."""
        write_whole(self.json_file, self.report.model_dump_json(indent=2))
        write_whole(self.html_file, page(self.report))

    def accepted(self) -> Report:
        """The report, accepted now."""
        self._note(accepted_at=self._clock.now())
        return self.report
