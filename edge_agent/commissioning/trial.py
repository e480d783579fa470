"""Moving one commanded point by a step and watching the meter at the connection point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drivers.types import Clock, Driver, Point, WriteOutcome, WriteResult
from edge_agent.commissioning.bounds import refusal
from edge_agent.commissioning.person import Person
from edge_agent.commissioning.report import ActuatorRow, Finding, Said, Stage
from edge_agent.commissioning.steps import Actuator, Move, Steps, keys_of, steps_for
from edge_agent.commissioning.tenure import Tenure
from edge_agent.commissioning.watch import Moment, Pace, Watch, centre, near, steady
from edge_agent.commissioning.weigh import UNREAD, Seen, in_words, slack_kw, stage, weighed
from edge_agent.envelope import Envelope
from edge_agent.site.asset_schema import BatteryAsset, PvAsset
from edge_agent.site.schema import Site

REASON = "commissioning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What a trial works with."""

    site: Site
    drivers: Mapping[str, Driver]
    envelopes: Mapping[str, Envelope]
    tenure: Tenure
    clock: Clock
    pace: Pace
    person: Person
    tell: Callable[[str], None]


class Trial:
    """One actuator of the site, tried once."""

    def __init__(self, field: Field, actuator: Actuator) -> None:
        self._field = field
        self._actuator = actuator
        self._meter = field.site.assets.grid.meter
        match actuator.asset:
            case BatteryAsset(power=power) | PvAsset(power=power):
                own = power
            case _:
                own = ""
        self._watch = Watch(field.drivers, field.clock, field.pace, self._meter, own)

    async def run(self) -> ActuatorRow:
        """The whole trial; the point is given back at its end."""
        point = self._point()
        if point is None or not point.writable:
            return self._row("", Finding.NOT_TRIED, "the device has no such writable point")
        seen = await self._watch.values((*keys_of(self._actuator), point.key, self._meter))
        point = self._point() or point
        steps = steps_for(self._actuator, point, self._field.site, seen)
        if isinstance(steps, str):
            return self._row(point.unit, Finding.NOT_TRIED, steps)
        stages = await self._moves(point, steps)
        local, local_says = Said.NOT_TRIED, ""
        if all(one.finding is Finding.PASSED for one in stages):
            local, local_says = await self._override(point, steps)
        released = await self._give_back(point)
        row = self._summed_up(point, steps, stages, released)
        return row.model_copy(update={"local_override": local, "local_says": local_says})

    def _point(self) -> Point | None:
        """The point as the device describes it now: its limits may move."""
        device, name = self._actuator.point.split(".")
        driver = self._field.drivers.get(device)
        points = () if driver is None else driver.points
        return next((point for point in points if point.name == name), None)

    async def _moves(self, point: Point, steps: Steps) -> list[Stage]:
        """Every move in turn; stops at the first that fails."""
        stages: list[Stage] = []
        for move in steps.moves:
            done = await self._move(point, steps, move)
            self._field.tell(f"  {point.key} {move.value:g} {point.unit}: {done.says}")
            stages.append(done)
            if done.finding is not Finding.PASSED:
                break
        return stages

    async def _move(self, point: Point, steps: Steps, move: Move) -> Stage:
        why = refusal(point, move.value, self._field.envelopes)
        if why:
            return stage(move, None, Finding.NOT_TRIED, why)
        if move.meter_kw is None:
            outcome = await self._field.tenure.hold(point, move.value, REASON)
            fine = outcome.result is WriteResult.VERIFIED
            finding = Finding.PASSED if fine else Finding.NOT_HELD
            return stage(move, outcome, finding, "read back" if fine else in_words(outcome))
        return await self._watched(point, steps, move)

    async def _watched(self, point: Point, steps: Steps, move: Move) -> Stage:
        """A move that the meter must see, between two rests."""
        slack = slack_kw(move)
        refused = await self._rest(point, steps)
        if refused is not None:
            return stage(move, refused, Finding.NOT_HELD, f"no rest before it: {in_words(refused)}")
        before = await self._watch.moments(steady(steps.rest, slack))
        if not before:
            return stage(move, None, Finding.NOT_TRIED, UNREAD)
        outcome = await self._field.tenure.hold(point, move.value, REASON)
        if not outcome.result.holds:
            return stage(move, outcome, Finding.NOT_HELD, in_words(outcome))
        meter_kw, own_kw = centre(before)
        there = near(meter_kw + (move.meter_kw or 0.0), own_kw + (move.own_kw or 0.0), slack)
        during = await self._watch.moments(there)
        refused = await self._rest(point, steps)
        if refused is not None:
            return stage(move, refused, Finding.NOT_HELD, f"no rest after it: {in_words(refused)}")
        after = await self._watch.moments(near(meter_kw, own_kw, slack))
        if not during or not after:
            return stage(move, outcome, Finding.NOT_TRIED, UNREAD)
        return weighed(move, outcome, Seen(before=before, during=during, after=after))

    async def _rest(self, point: Point, steps: Steps) -> WriteOutcome | None:
        """Take the rest between two moves; what went wrong, None when nothing did."""
        tenure = self._field.tenure
        if steps.rest is not None:
            outcome = await tenure.hold(point, steps.rest, REASON)
        elif point.key in tenure.held:
            outcome = await tenure.release(point.key)
        else:
            return None
        return None if outcome.result.holds else outcome

    async def _override(self, point: Point, steps: Steps) -> tuple[Said, str]:
        """A person takes the device over while we hold it: we must notice and yield."""
        person, tenure = self._field.person, self._field.tenure
        question = f"Local override: take {point.key} over at the device now. Done?"
        if not person.present:
            answer = await person.ask(question)
            return answer, f"answered by {person.name}" if answer is Said.YES else ""
        value = steps.rest if steps.rest is not None else steps.moves[0].value
        outcome = await tenure.hold(point, value, REASON)
        if not outcome.result.holds:
            return Said.NO, f"could not be held: {in_words(outcome)}"
        answer = await person.ask(question)
        if answer is not Said.YES:
            return answer, ""
        if not tenure.overridden(point.key):
            await tenure.refresh(point)
        outcome = tenure.outcomes[point.key]
        if tenure.overridden(point.key):
            return Said.YES, f"noticed: {outcome.reason}"
        if outcome.result is WriteResult.REJECTED:
            return Said.YES, f"the device refuses us: {outcome.reason}"
        return Said.NO, f"not noticed: the next write came to {in_words(outcome)}"

    async def _give_back(self, point: Point) -> WriteOutcome | None:
        tenure = self._field.tenure
        if point.key in tenure.held:
            return await tenure.release(point.key)
        return tenure.outcomes.get(point.key)

    def _summed_up(
        self, point: Point, steps: Steps, stages: Sequence[Stage], released: WriteOutcome | None
    ) -> ActuatorRow:
        worst = next((one for one in stages if one.finding is not Finding.PASSED), None)
        finding = Finding.PASSED if worst is None else worst.finding
        says = "; ".join(dict.fromkeys(one.says for one in stages)) if worst is None else worst.says
        told = "" if released is None else in_words(released)
        if released is not None and not released.result.holds:
            finding, says = Finding.NOT_RELEASED, f"not given back: {told}"
        if steps.left_out:
            says = f"{says} (left out: {'; '.join(steps.left_out)})"
        row = self._row(point.unit, finding, says)
        return row.model_copy(update={"stages": tuple(stages), "released": told})

    def _row(self, unit: str, finding: Finding, says: str) -> ActuatorRow:
        return ActuatorRow(
            asset=self._actuator.asset.id,
            kind=self._actuator.kind.value,
            point=self._actuator.point,
            unit=unit,
            finding=finding,
            says=says,
        )


__all__ = ["Field", "Moment", "Pace", "Trial"]
