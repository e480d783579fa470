"""A site, a field and claims as bad as chance makes them, tick after tick."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from drivers.types import Quality, Reading
from edge_agent.arbiter import Entry, Priority
from edge_agent.envelope import (
    BatteryEnvelope,
    BmsInputs,
    ConnectionEnvelope,
    Envelope,
    Humidity,
    LegionellaCycle,
    LoadEnvelope,
    Pace,
    PvEnvelope,
    SwitchEnvelope,
    TankEnvelope,
    ZoneEnvelope,
)
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Board, Snapshot

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
STALE_S = 30.0
BATTERIES = ("one", "two")
WILD = (math.nan, math.inf, -math.inf, 1e308, -1e308, 1e6, -1e6, 0.0, -0.0)
AGES_S = (4.0, 7.0, 20.0, 31.0, -4.0, -3600.0)
TROUBLE = (0.0, 0.01, 0.03, 0.1)
"""Share of the readings of a tick that are missing, and of those that are wild, or of any age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What the guard is given once."""

    snapshot: Snapshot
    entries: tuple[Entry, ...]


def site(chance: Random) -> dict[str, Envelope]:
    """One of everything, with what a site may configure or not."""
    connection = _connection(chance, "meter")
    circuit = _connection(chance, "sub")
    found: list[Envelope] = [
        _battery(chance, name, connection, (circuit,) if chance.random() < 0.4 else ())
        for name in BATTERIES
    ]
    pace = Pace(hold_s=chance.choice((0.0, 30.0)), writes_per_day=chance.choice((None, 4)))
    humidity = Humidity(humidity="room.humidity") if chance.random() < 0.5 else None
    cycle = LegionellaCycle() if chance.random() < 0.5 else None
    found += [
        ZoneEnvelope(
            point="room.setpoint",
            temperature="room.temperature",
            low_c=chance.choice((5.0, 19.0)),
            high_c=25.0,
            comfort_c=chance.choice((None, (20.0, 24.0))),
            humidity=humidity,
            pace=pace,
        ),
        TankEnvelope(
            point="tank.setpoint",
            temperature="tank.temperature",
            hygiene_c=chance.choice((None, 60.0)),
            circulation_return=chance.choice((None, "tank.return")),
            cycle=cycle,
            pace=pace,
        ),
        SwitchEnvelope(
            point="pump.command",
            min_on_s=60.0,
            min_off_s=120.0,
            power_kw=6.0,
            keep_on_below=chance.choice((None, ("tank.return", 55.0))),
        ),
        LoadEnvelope(point="heat.cap", rated_kw=40.0, power="heat.power", floor_kw=4.2, pace=pace),
        PvEnvelope(
            point="pv.limit", power="pv.power", peak_kw=200.0, connection=connection, pace=pace
        ),
    ]
    return {one.point: one for one in _varied(found)}


def _varied(found: list[Envelope]) -> Iterator[Envelope]:
    """Meters tell the power of their phases or not, loads may stop or not; drawn apart."""
    chance = Random(repr(found[:3]))  # noqa: S311
    telling = {meter for meter in ("meter", "sub") if chance.random() < 0.5}
    nodes = {
        id(node): replace(node, phase_powers=tuple(f"{node.name}.power_l{i}" for i in (1, 2, 3)))
        for one in found
        if isinstance(one, BatteryEnvelope)
        for node in one.nodes
        if node.name in telling and node.currents
    }
    for one in found:
        if isinstance(one, BatteryEnvelope):
            yield replace(
                one,
                connection=nodes.get(id(one.connection), one.connection),
                circuits=tuple(nodes.get(id(node), node) for node in one.circuits),
            )
        elif isinstance(one, LoadEnvelope):
            yield replace(one, may_stop=chance.random() < 0.5)
        else:
            yield one


def _connection(chance: Random, meter: str) -> ConnectionEnvelope:
    fused = chance.random() < 0.5
    lines = (1, 2, 3)
    return ConnectionEnvelope(
        meter=f"{meter}.power",
        import_limit_kw=chance.choice((60.0, 300.0)),
        export_limit_kw=chance.choice((0.0, 50.0)),
        currents=tuple(f"{meter}.current_l{line}" for line in lines) if fused else (),
        max_current_a=100.0 if fused else None,
        voltages=tuple(f"{meter}.voltage_l{line}" for line in lines) if fused else (),
        silent_after_s=chance.choice((None, 5.0)),
        name=meter,
    )


def _battery(
    chance: Random,
    name: str,
    connection: ConnectionEnvelope,
    circuits: tuple[ConnectionEnvelope, ...],
) -> BatteryEnvelope:
    def maybe(point: str) -> str | None:
        return f"{name}.{point}" if chance.random() < 0.5 else None

    return BatteryEnvelope(
        point=f"{name}.setpoint",
        soc=f"{name}.soc",
        power=f"{name}.power",
        charge_kw=100.0,
        discharge_kw=80.0,
        soc_min_percent=10.0,
        soc_max_percent=90.0,
        charge_limit=maybe("charge_limit"),
        discharge_limit=maybe("discharge_limit"),
        connection=connection,
        band_kw=chance.choice((None, (-30.0, 25.0))),
        bms=BmsInputs(
            charge_limit_a=maybe("charge_a"),
            discharge_limit_a=maybe("discharge_a"),
            voltage=f"{name}.voltage",
            temperature=maybe("temperature"),
            alarms=maybe("alarms"),
            contactor=maybe("contactor"),
        ),
        derate_soc_percent=chance.choice((0.0, 5.0)),
        reserve_percent=chance.choice((0.0, 30.0)),
        circuits=circuits,
        phase=chance.choice((None, None, 1, 2)),
        fallback_kw=chance.choice((None, (-10.0, 5.0))),
        pace=Pace(ramp_per_s=chance.choice((None, 2.0))),
    )


SPANS = {
    "soc": (0.0, 100.0),
    "humidity": (20.0, 90.0),
    "temperature": (-5.0, 80.0),
    "return": (40.0, 65.0),
    "voltage": (600.0, 900.0),
}
"""What is usual of a point; of everything else -120..120."""


USUAL = 120.0
"""Beyond it a power or a current is wild."""
STATES = {"alarms": (0.0, 0.0, 0.0, 4.0), "contactor": (1.0, 1.0, 1.0, 0.0)}


def _value(chance: Random, point: str, trouble: float) -> float | None:
    odds = chance.random()
    if odds < trouble:
        return None
    if odds < 2 * trouble:
        return chance.choice(WILD)
    if point in STATES:
        return chance.choice(STATES[point])
    low, high = (210.0, 250.0) if "voltage_l" in point else SPANS.get(point, (-USUAL, USUAL))
    return chance.uniform(low, high)


def points() -> tuple[str, ...]:
    """Everything the guard may look at."""
    per_battery = (
        *("soc", "power", "voltage", "temperature", "alarms", "contactor"),
        *("charge_limit", "discharge_limit", "charge_a", "discharge_a"),
    )
    metered = [
        f"{meter}.{name}_l{line}"
        for meter in ("meter", "sub")
        for name in ("current", "voltage")
        for line in (1, 2, 3)
    ]
    return (
        *(f"{name}.{point}" for name in BATTERIES for point in per_battery),
        *metered,
        *("meter.power", "sub.power", "room.temperature", "room.humidity", "tank.temperature"),
        *("tank.return", "heat.power", "pv.power"),
    )


def tick(chance: Random, envelopes: dict[str, Envelope], now: datetime) -> Tick:
    """Readings of any value and age, and claims of any class and value."""
    board = Board()
    trouble = chance.choice(TROUBLE)
    readings = [_reading(chance, key, trouble, now) for key in points()]
    aside = Random(repr([one.value for one in readings]))  # noqa: S311 - leaves the draws of all else as they are
    directions = [f"{meter}.power_l{line}" for meter in ("meter", "sub") for line in (1, 2, 3)]
    readings += [_reading(aside, key, trouble, now) for key in directions]
    board.post(list(_added_up(aside, readings)), stale_s=STALE_S)
    entries = [entry for point in envelopes for entry in _claims(chance, point, now)]
    chance.shuffle(entries)
    return Tick(snapshot=board.freeze(now), entries=tuple(entries))


def _added_up(chance: Random, readings: list[Reading]) -> Iterator[Reading]:
    """The same with phases of some meters that make their sum, each flowing as it likes."""
    made: dict[tuple[str, str], float] = {}
    shown = {(one.device, one.point): one.value for one in readings}
    for meter in ("meter", "sub"):
        if chance.random() < 0.5:
            continue
        phases = [chance.uniform(-30.0, 30.0) for _ in (1, 2, 3)]
        made[meter, "power"] = sum(phases)
        for line, kw in enumerate(phases, start=1):
            volts = shown[meter, f"voltage_l{line}"] or math.nan
            amps = 1000 * abs(kw) / (volts if 200 < volts < 260 else 230.0)
            made[meter, f"power_l{line}"] = kw
            made[meter, f"current_l{line}"] = amps / chance.uniform(0.8, 1.0)
    for one in readings:
        usual = one.value is not None and abs(one.value) <= USUAL
        value = made.get((one.device, one.point)) if usual else None
        yield one if value is None else replace(one, value=value)


def _reading(chance: Random, key: str, trouble: float, now: datetime) -> Reading:
    device, point = key.split(".")
    value = _value(chance, point, trouble)
    age_s = chance.choice(AGES_S) if chance.random() < 2 * trouble else 0.0
    return Reading(
        device=device,
        point=point,
        value=value,
        unit="",
        at=now - timedelta(seconds=age_s),
        quality=Quality.MISSING if value is None else Quality.GOOD,
        reason="",
    )


def told_loads(chance: Random, snapshot: Snapshot) -> tuple[SeenLoad, ...]:
    """What the guard is told of loads behind late meters: nothing, nonsense, or what may be."""
    if chance.random() < 0.4:
        return ()
    meter = chance.choice(("meter.power", "meter.power", "meter.power", "sub.power"))
    usable = snapshot.seen[meter].usable
    members = ("one.setpoint", "two.setpoint", "none.setpoint")
    load = SeenLoad(
        meter=meter,
        at_s=0.0 if usable is None or chance.random() < 0.1 else usable.at.timestamp(),
        kw=chance.uniform(-150.0, 350.0),
        members=chance.choice((members[:1], members[:2], members[:2], members, ())),
    )
    return (load, *_told_phases(load, snapshot))


def _told_phases(load: SeenLoad, snapshot: Snapshot) -> Iterator[SeenLoad]:
    """Of some phases of the same meter, drawn apart from everything else."""
    chance = Random(load.kw)  # noqa: S311 - adversity, not a secret
    device = load.meter.split(".", maxsplit=1)[0]
    for line in (1, 2, 3):
        key = f"{device}.current_l{line}"
        usable = snapshot.seen[key].usable
        if usable is not None and chance.random() < 0.4:
            yield SeenLoad(
                meter=key,
                at_s=usable.at.timestamp(),
                kw=chance.uniform(-30.0, 60.0),
                members=load.members,
                shares=tuple(chance.choice((0.0, 1 / 3, 1.0)) for _ in load.members),
            )


def _claims(chance: Random, point: str, now: datetime) -> list[Entry]:
    found = []
    for _ in range(chance.randrange(3)):
        value = _value(chance, "wish", 0.06)
        bounds = None
        priority = chance.choice(list(Priority))
        if value is not None and math.isfinite(value) and chance.random() < 0.3:
            priority = Priority.GRID_OPERATOR
            bounds = (min(0.0, value), max(0.0, value))
        found.append(
            Entry(
                point=point,
                value=value,
                priority=priority,
                owner=f"owner {chance.randrange(3)}",
                reason="chance",
                since=now - timedelta(seconds=chance.randrange(100)),
                expires=now + timedelta(seconds=chance.randrange(-5, 60)),
                bounds=bounds,
            )
        )
    return found
