"""Loads with work to do by a time of day, and loads that may be shed: both name their switches."""

from __future__ import annotations

from datetime import time
from typing import Annotated

from pydantic import Field

from edge_agent.site.tariff_schema import ClockTime
from edge_agent.site.terms import Id, NotNegative, Positive, Share, Strict

Minutes = Annotated[float, Field(gt=0, le=1440)]
DAY_MIN = 1440


class ShiftableAsset(Strict):
    """Work for every local day: a pool pump, a laundry, a car to charge."""

    id: Id
    switch: Id | None = None
    """The switch that turns it on and off; else `cap`."""
    cap: Id | None = None
    """The load of `heat_pumps` whose power may be set."""
    run_h_per_day: Annotated[float | None, Field(gt=0, le=24)] = None
    """At full power; else `energy_kwh_per_day`."""
    energy_kwh_per_day: Positive | None = None
    earliest: ClockTime = "00:00"
    """Local time."""
    deadline: ClockTime = "00:00"
    """Local time; not later than `earliest` = on the next day."""
    min_block_min: Annotated[float, Field(ge=0, le=1440)] = 0.0
    """Once started it runs at least so long."""
    weight: Positive = 1.0
    """Scales the price of work left undone."""

    @property
    def window_h(self) -> float:
        """Hours between the earliest start and the deadline on an ordinary day."""
        opens, closes = time.fromisoformat(self.earliest), time.fromisoformat(self.deadline)
        minutes = 60 * (closes.hour - opens.hour) + closes.minute - opens.minute
        return (minutes % DAY_MIN or DAY_MIN) / 60


class ShedAsset(Strict):
    """A part of the consumption that may be switched off for a while."""

    id: Id
    switches: Annotated[tuple[Id, ...], Field(min_length=1)]
    share: Share
    """Part of the site's consumption it is."""
    price_threshold_per_kwh: NotNegative | None = None
    """Import price from which it may be shed; None = not for the price."""
    penalty_per_mwh: NotNegative = 150.0
    """Money per MWh shed: what the discomfort is worth."""
    guest: bool = False
    """Discomfort of guests counts twice."""
    priority: Annotated[int, Field(ge=1, le=99)] = 1
    """1 is shed first among equals."""
    least_min: Minutes = 15.0
    most_min: Minutes = 240.0
    cool_down_min: Minutes = 60.0
    """Rest after it was shed."""
    rebound_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Part of the shed energy that is consumed afterwards."""
    rebound_min: Minutes = 60.0
    """Time constant of that."""
