"""The connection point as it stands in the site file: meter, circuits, the operator's signals."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_agent.site.terms import Finite, Id, NotNegative, PointKey, Positive, Strict


class CircuitAsset(Strict):
    """A circuit behind the connection point with a meter of its own, import positive."""

    name: Id
    meter: PointKey
    import_limit_kw: Positive
    export_limit_kw: NotNegative
    max_current_a: Positive | None = None


class OperatorSignal(Strict):
    """A relay or register by which the grid operator sets a limit; kW >= 0, null = no limit."""

    id: Id
    point: PointKey
    limit_on: Literal["consumption", "site_import", "feed_in"]
    full_kw: Positive
    """What the site can take or feed in at most: a limit there is none."""
    default_kw: NotNegative | None
    """Holds when the signal has been missing for `hold_s`; no default of ours fits every site."""
    levels: tuple[tuple[Finite, NotNegative | None], ...] = ()
    """Value of the point and the limit it stands for."""
    scale_kw: Positive | None = None
    """Where the point tells the limit itself: kW per unit."""
    hold_s: Annotated[float, Field(ge=0, le=86_400)] = 900.0
    restore_kw_per_s: Positive | None = None
    """How fast a limit is lifted; None = at once."""


class FrequencyResponse(Strict):
    """Droop support: a battery answers deviations of the grid's frequency out of a reserve."""

    point: PointKey
    """Hz; needs steps of 10 mHz or finer, every 0.5 s or faster."""
    battery: Id
    reserve_kw: Positive
    """Kept by the plan both ways, given in full at `full_at_hz`."""
    reserve_kwh: Positive
    """Spent for deviations at most, and given back afterwards."""
    dead_band_hz: Annotated[float, Field(ge=0.01, le=0.1)] = 0.02
    full_at_hz: Annotated[float, Field(ge=0.15, le=2)] = 0.2


class GridAsset(Strict):
    """The connection point and its meter."""

    meter: PointKey
    import_limit_kw: Positive
    export_limit_kw: NotNegative
    max_current_a: Positive | None = None
    silent_s: Annotated[float, Field(ge=1, le=60)] = 5.0
    """So long after a poll without an answer the static fallback holds."""
    tariff: str
    """Tariff file, relative to the site file."""
    circuits: tuple[CircuitAsset, ...] = ()
    operator_signals: tuple[OperatorSignal, ...] = ()
    nominal_v: Annotated[float, Field(ge=50, le=70_000)] = 230.0
    """Of the meter's phase voltages; more than 10 % off is a disturbance."""
    nominal_hz: Literal[50, 60] = 50
    frequency_response: FrequencyResponse | None = None
