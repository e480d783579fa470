"""The hard limits of everything this gateway may command."""

from __future__ import annotations

from dataclasses import dataclass

Band = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast and how often a commanded value may move; None and 0 set no limit."""

    ramp_per_s: float | None = None
    """In the unit of the point; hard limits may pull faster."""
    hold_s: float = 0.0
    """A changed value stands at least so long."""
    writes_per_day: int | None = None
    """Changed values in any 24 h that the device's memory stands; hard limits may need more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEnvelope:
    """The connection point or a circuit behind it: meter import positive, limits in kW >= 0."""

    meter: str
    import_limit_kw: float
    export_limit_kw: float
    currents: tuple[str, ...] = ()
    """Phase currents of the meter, A; needed where `max_current_a` is given."""
    max_current_a: float | None = None
    voltages: tuple[str, ...] = ()
    """Phase voltages of the meter to neutral, V, in the order of `currents`; else nominal."""
    phase_powers: tuple[str, ...] = ()
    """Phase powers, kW, import positive, in the same order; else the sum tells, where it can."""
    silent_after_s: float | None = None
    """Without a usable reading for longer the static fallback holds; None: the stale limit."""
    name: str = "connection point"


@dataclass(frozen=True, slots=True, kw_only=True)
class BmsInputs:
    """Points of the battery's own management; None = it does not tell. What tells, must answer."""

    charge_limit_a: str | None = None
    """Allowed charging current now, A at the DC side; needs `voltage`."""
    discharge_limit_a: str | None = None
    voltage: str | None = None
    current: str | None = None
    """A at the DC side, charging positive; needs `rated_current_a`."""
    rated_current_a: float | None = None
    temperature: str | None = None
    """degC, the hottest cell where it is known."""
    alarms: str | None = None
    """Alarm bits: 0 = none."""
    alarm_mask: int | None = None
    """Bits that stop the battery; None = all of them."""
    contactor: str | None = None
    contactor_closed: tuple[float, ...] = (1.0,)
    """Values of `contactor` that mean connected (3 and 4 for `State` of SunSpec 802)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureWindow:
    """Full power between `full_low_c` and `full_high_c`, none beyond the outer ones, degC."""

    stop_low_c: float
    full_low_c: float
    full_high_c: float
    stop_high_c: float


CHARGE_WINDOW = TemperatureWindow(
    stop_low_c=0.0, full_low_c=10.0, full_high_c=40.0, stop_high_c=45.0
)
DISCHARGE_WINDOW = TemperatureWindow(
    stop_low_c=-10.0, full_low_c=0.0, full_high_c=40.0, stop_high_c=45.0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryEnvelope:
    """A battery's setpoint (charging positive) and what bounds it."""

    point: str
    soc: str
    power: str
    charge_kw: float
    discharge_kw: float
    soc_min_percent: float
    soc_max_percent: float
    charge_limit: str | None
    discharge_limit: str | None
    connection: ConnectionEnvelope
    band_kw: Band | None = None
    """What the point itself takes, where that is narrower than the rating."""
    bms: BmsInputs = BmsInputs()
    charge_window: TemperatureWindow = CHARGE_WINDOW
    discharge_window: TemperatureWindow = DISCHARGE_WINDOW
    derate_soc_percent: float = 0.0
    """Power falls to 0 over so many percent before the SOC window ends."""
    reserve_percent: float = 0.0
    """Kept for a power cut: no discharging below."""
    low_soc_percent: float = 20.0
    """An alarm, no limit."""
    circuits: tuple[ConnectionEnvelope, ...] = ()
    """Circuits with a meter of their own between the battery and the connection point."""
    phase: int | None = None
    """1 to 3 for a single-phase battery, in the order of `currents`; None = three, balanced."""
    fallback_kw: Band | None = None
    """What is safe whatever else the site does, while a meter is silent; None = 0 kW."""
    pace: Pace = Pace()

    @property
    def nodes(self) -> tuple[ConnectionEnvelope, ...]:
        """Everything its power flows through, outermost first."""
        return (self.connection, *self.circuits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Humidity:
    """When a cooling setback must end."""

    humidity: str
    """Relative humidity of the zone, percent."""
    surface: str | None = None
    """Coldest surface or chilled water, degC; None = the zone's air."""
    cooling_c: float = 25.0
    """Highest setpoint while the air is humid."""
    max_percent: float = 65.0
    dew_margin_k: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneEnvelope:
    """A zone's setpoint and the band that may stand for ever, degC."""

    point: str
    temperature: str
    low_c: float
    high_c: float
    frost_c: float = 8.0
    comfort_c: Band | None = None
    """While the zone is outside, the setpoint may not lead further away from it."""
    humidity: Humidity | None = None
    pace: Pace = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class LegionellaCycle:
    """Heat that a hot-water store must have had, degC."""

    every_days: float = 7.0
    temperature_c: float = 70.0
    hold_min: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TankEnvelope:
    """A tank's setpoint, degC: hot water with its hygiene, or a buffer with frost alone."""

    point: str
    temperature: str
    high_c: float = 75.0
    hygiene_c: float | None = 60.0
    """Lowest setpoint of hot water unless a person sets another; None = no drinking water."""
    frost_c: float = 10.0
    circulation_return: str | None = None
    return_c: float = 55.0
    cycle: LegionellaCycle | None = None
    """Seen to by this gateway."""
    cycle_running: str | None = None
    """Not 0 while the device runs a cycle of its own: it is then left alone."""
    pace: Pace = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchEnvelope:
    """Equipment that is on or off."""

    point: str
    on_value: float = 1.0
    off_value: float = 0.0
    state: str | None = None
    """Where its state is measured: above the middle of both values is on."""
    min_on_s: float = 0.0
    min_off_s: float = 0.0
    power_kw: float = 0.0
    """What it takes while on; counts under a limit of the grid operator."""
    keep_on_below: tuple[str, float] | None = None
    """A temperature and degC: never off while it is lower (frost, circulation return)."""
    keep_off_above: tuple[str, float] | None = None
    """A temperature and degC: never on while it is higher."""
    writes_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadEnvelope:
    """A cap on what a heat pump or another load may take, kW."""

    point: str
    rated_kw: float
    power: str | None = None
    floor_kw: float = 0.0
    """It is never capped below."""
    may_stop: bool = False
    """It has work of the plan's own: a cap of 0 stops it, and nothing between 0 and `floor_kw`."""
    seldom: bool = False
    """Its power is read too seldom to be held against the meter."""
    pace: Pace = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class PvEnvelope:
    """An inverter's power limit, kW."""

    point: str
    power: str
    peak_kw: float
    connection: ConnectionEnvelope | None = None
    """Where its export counts; None leaves the limit to the plan alone."""
    pace: Pace = Pace()


Envelope = (
    BatteryEnvelope | ZoneEnvelope | TankEnvelope | SwitchEnvelope | LoadEnvelope | PvEnvelope
)
