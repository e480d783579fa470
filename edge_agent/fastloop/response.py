"""Droop support from tick to tick: whether the meter is good enough, the answer, the log."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.arbiter import Entry
from edge_agent.envelope import BatteryEnvelope, Envelope
from edge_agent.fastloop.droop import (
    LONGEST_HOLD_S,
    Deviation,
    DroopSettings,
    DroopState,
    answer,
)
from edge_agent.fastloop.frequency_meter import FrequencyMeter, observed, refusal
from edge_agent.snapshot import Snapshot

SAMPLES = 240
"""Readings by which the meter is judged."""
STEPS_KW = 0.1
"""What is added to a power is a multiple of this."""
FARTHEST_HZ = 2.5
"""Farther off no plant stays on the grid: the meter lies, or the site is an island."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSettings:
    """Which point shows the frequency, and which setpoint answers it."""

    point: str
    setpoint: str
    droop: DroopSettings


class FrequencyResponse:
    """The fast loop's claims with the answer added; `lines` are for the audit trail."""

    def __init__(self, settings: ResponseSettings) -> None:
        self._settings = settings
        self._samples: deque[tuple[datetime, float]] = deque(maxlen=SAMPLES)
        self._state = DroopState()
        self._meter: FrequencyMeter | None = None
        self._told: str | None = None
        self.lines: tuple[str, ...] = ()
        """Of the last tick that was answered; `told` takes them."""
        self.refused: str | None = refusal(None)
        """Why nothing is answered; None while droop support runs."""

    def add(
        self, entries: Sequence[Entry], envelopes: Mapping[str, Envelope], snapshot: Snapshot
    ) -> list[Entry]:
        """The claims of the plan, with the answer added to that of the battery."""
        frequency_hz = self._read(snapshot)
        # A frequency that stands still for long says nothing new of the meter.
        self._meter = observed(tuple(self._samples)) or self._meter
        self.refused = refusal(self._meter)
        lines = [*self._verdict()]
        envelope = envelopes.get(self._settings.setpoint)
        own = next((one for one in entries if one.point == self._settings.setpoint), None)
        if own is None or own.value is None or not isinstance(envelope, BatteryEnvelope):
            frequency_hz, room_kw = None, (0.0, 0.0)
        else:
            room_kw = (-envelope.discharge_kw - own.value, envelope.charge_kw - own.value)
        if self.refused is not None:
            frequency_hz, room_kw = None, (0.0, 0.0)
        settings, now = self._settings.droop, snapshot.at
        self._state, given = answer(settings, self._state, frequency_hz, now, room_kw)
        if given.ended is not None:
            lines.append(_logged(given.ended))
        self.lines = tuple(lines)
        power_kw = round(given.power_kw / STEPS_KW) * STEPS_KW
        if own is None or own.value is None or power_kw == 0.0:
            return list(entries)
        hz = f"{frequency_hz:.3f} Hz" if frequency_hz is not None else "frequency"
        reason = f"{own.reason}; {hz}: {power_kw:+.1f} kW for the grid's frequency"
        answered = replace(own, value=round(own.value + power_kw, 6), reason=reason)
        return [answered if one is own else one for one in entries]

    def told(self) -> tuple[str, ...]:
        """The lines since the last time, once each."""
        lines, self.lines = self.lines, ()
        return lines

    def _read(self, snapshot: Snapshot) -> float | None:
        """The frequency of now; a reading that is not new is no sample, an old one no answer."""
        frequency_hz = snapshot.value(self._settings.point)
        if frequency_hz is None:
            return None
        usable = snapshot.seen[self._settings.point].usable
        if usable is None or abs(frequency_hz - self._settings.droop.nominal_hz) > FARTHEST_HZ:
            return None
        if self._samples and usable.at < self._samples[-1][0]:
            # The clock stepped back: what was seen before says nothing of the pace.
            self._samples.clear()
        if not self._samples or usable.at > self._samples[-1][0]:
            self._samples.append((usable.at, frequency_hz))
        age_s = (snapshot.at - usable.at).total_seconds()
        return frequency_hz if age_s <= LONGEST_HOLD_S else None

    def _verdict(self) -> Sequence[str]:
        """One line when it begins or ends to be refused, or for another reason than before."""
        verdict = self.refused or ""
        if verdict == self._told:
            return ()
        self._told = verdict
        return ("droop support refused: " + verdict if verdict else "droop support runs",)


def _logged(one: Deviation) -> str:
    """One deviation as a line."""
    lasted_s = (one.end - one.start).total_seconds()
    spent = "; the reserve ran out, or the battery could not give what was due"
    return (
        f"frequency went to {one.worst_hz:.3f} Hz for {lasted_s:.1f} s from "
        f"{one.start:%H:%M:%S}Z: {one.largest_kw:+.1f} kW at most, {one.energy_kwh:+.3f} kWh"
        f"{spent if one.spent else ''}"
    )
