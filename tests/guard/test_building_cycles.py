"""What rooms, tanks, switches, loads and inverters are allowed, tick by tick."""

from __future__ import annotations

import dataclasses

import pytest
from cycle_table import Story, play

from edge_agent.envelope import (
    Humidity,
    LegionellaCycle,
    LoadEnvelope,
    Pace,
    PvEnvelope,
    SwitchEnvelope,
    TankEnvelope,
    ZoneEnvelope,
)
from edge_agent.guarding.humidity import dew_point_c

ROOM = ZoneEnvelope(point="fcu.setpoint", temperature="room.t", low_c=19.0, high_c=27.0)
HUMID = Humidity(humidity="room.rh", cooling_c=24.0)
TANK = TankEnvelope(point="tank.setpoint", temperature="tank.t")
CYCLE = LegionellaCycle(every_days=7.0, temperature_c=70.0, hold_min=30.0)
PUMP = SwitchEnvelope(point="pump.on", min_on_s=60.0, min_off_s=120.0)
HEAT = LoadEnvelope(point="heat.cap", rated_kw=40.0, power="heat.power", floor_kw=4.2)
PV = PvEnvelope(point="pv.limit", power="pv.power", peak_kw=200.0)

STORIES = [
    Story(
        title="a room's setpoint stays in its safe band, whoever asks",
        envelopes=[ROOM],
        seen={"room.t": "21"},
        table="""
        at | wish      | ->  | cut
        0  | 22        | 22  |
        5  | 5         | 19  | safe band
        10 | manual:40 | 27  | safe band
        15 | safety:-inf | - | no number
        """,
    ),
    Story(
        title="the frost floor holds where the safe band goes lower",
        envelopes=[dataclasses.replace(ROOM, low_c=3.0)],
        seen={"room.t": "10"},
        table="""
        at | wish      | -> | cut
        0  | 4         | 8  | 8..27 degC
        5  | manual:-5 | 8  |
        10 | 9         | 9  |
        """,
    ),
    Story(
        title="a frost floor above the safe band yields to the band",
        envelopes=[dataclasses.replace(ROOM, low_c=3.0, high_c=6.0)],
        seen={"room.t": "10"},
        table="""
        at | wish | ->
        0  | 4    | 6
        """,
    ),
    Story(
        title="outside the comfort band the setpoint does not lead further away",
        envelopes=[dataclasses.replace(ROOM, comfort_c=(20.0, 24.0))],
        table="""
        at | wish        | room.t | ->   | cut
        0  | 19          | 21     | 19   |
        5  | 19          | 19.9   | 20   | below its 20
        10 | 27          | 24.1   | 24   | above its 24
        15 | manual:27   | 24.1   | 27   |
        20 | local:19    | 19.9   | 19   |
        25 | operator:19 | 19.9   | 20   |
        """,
    ),
    Story(
        title="a cooling setback ends at 65 % relative humidity",
        envelopes=[dataclasses.replace(ROOM, humidity=HUMID)],
        seen={"room.t": "25"},
        table="""
        at | wish      | room.rh | -> | cut
        0  | 27        | 64.9    | 27 |
        5  | 27        | 65      | 24 | 65 % or more
        10 | manual:27 | 65      | 24 |
        15 | 22        | 65      | 22 |
        20 | 27        | -       | 24 | room.rh
        """,
    ),
    Story(
        title="a cooling setback ends 1 K above the dew point of the coldest surface",
        envelopes=[
            dataclasses.replace(ROOM, humidity=dataclasses.replace(HUMID, surface="room.panel"))
        ],
        seen={"room.t": "25", "room.rh": "60"},
        table="""
        at | wish | room.panel | -> | cut
        0  | 27   | 17.8       | 27 |
        5  | 27   | 17.6       | 24 | dew point
        10 | 27   | -          | 24 | room.panel
        """,
    ),
    Story(
        title="in air near saturation the air itself is near its dew point",
        envelopes=[
            dataclasses.replace(ROOM, humidity=dataclasses.replace(HUMID, max_percent=99.0))
        ],
        seen={"room.t": "25"},
        table="""
        at | wish | room.rh | -> | cut
        0  | 27   | 93      | 27 |
        5  | 27   | 95      | 24 | dew point
        """,
    ),
    Story(
        title="a room without a thermometer, or with a broken one, is given back",
        envelopes=[ROOM],
        table="""
        at | wish | room.t | ->
        0  | 22   | -      | -
        5  | 22   | 21@31  | -
        10 | 22   | 400    | -
        15 | 22   | inf    | -
        20 | 22   | 21     | 22
        """,
    ),
    Story(
        title="a setpoint is not moved more often than its hold",
        envelopes=[dataclasses.replace(ROOM, pace=Pace(hold_s=300.0))],
        seen={"room.t": "21"},
        table="""
        at  | wish | ->
        0   | 21   | 21
        5   | 22   | 21
        299 | 23   | 21
        300 | 23   | 23
        """,
    ),
    Story(
        title="a setpoint's ramp starts with its first value",
        envelopes=[dataclasses.replace(ROOM, pace=Pace(ramp_per_s=0.1))],
        seen={"room.t": "21"},
        table="""
        at | wish | -> | cut
        0  | 21   | 21   |
        5  | 23   | 21.5 | ramp
        """,
    ),
    Story(
        title="hot water stays at 60 degC unless a person wants less, and never below frost",
        envelopes=[TANK],
        seen={"tank.t": "58"},
        table="""
        at | wish      | -> | cut
        0  | 45        | 60 | 60 degC or more
        5  | 65        | 65 |
        10 | manual:45 | 45 |
        15 | manual:5  | 10 | 10 degC or more
        20 | event:45  | 60 |
        25 | 99        | 75 | 75 degC at most
        30 | -         | -  |
        """,
    ),
    Story(
        title="a buffer without drinking water has frost alone",
        envelopes=[dataclasses.replace(TANK, hygiene_c=None)],
        seen={"tank.t": "30"},
        table="""
        at | wish | ->
        0  | 35   | 35
        5  | 2    | 10
        """,
    ),
    Story(
        title="a cold circulation raises the store",
        envelopes=[dataclasses.replace(TANK, circulation_return="tank.return")],
        seen={"tank.t": "60"},
        table="""
        at | wish      | tank.return | -> | cut
        0  | 50        | 55          | 60 |
        5  | 50        | 52          | 63 | 3.0 K below
        10 | 50        | 20          | 75 |
        15 | 50        | -           | 60 |
        20 | manual:50 | 52          | 50 |
        """,
    ),
    Story(
        title="a due anti-legionella cycle is run to its end, whatever the plan wants",
        envelopes=[dataclasses.replace(TANK, cycle=CYCLE)],
        table="""
        at     | wish      | tank.t | -> | cut
        0      | 60        | 60     | 71 | cycle is due
        5      | -         | 60     | 71 | cycle is due
        10     | manual:45 | 60     | 71 | cycle is due
        15     | local:-   | 60     | -  |
        600    | 60        | 70     | 71 |
        1200   | 60        | 69     | 71 |
        1800   | 60        | 70     | 71 |
        3599   | 60        | 71     | 71 |
        3600   | 60        | 71     | 60 |
        3605   | -         | 65     | -  |
        600000 | 60        | 60     | 60 |
        608400 | 60        | 60     | 71 | cycle is due
        """,
    ),
    Story(
        title="a clock that steps back makes the cycle due once more, not for ever",
        envelopes=[dataclasses.replace(TANK, cycle=CYCLE)],
        table="""
        at   | wish | tank.t | ->
        9000 | 60   | 71     | 71
        9999 | 60   | 71     | 71
        5000 | 60   | 71     | 71
        6800 | 60   | 71     | 60
        """,
    ),
    Story(
        title="a cycle the device runs itself is not touched",
        envelopes=[dataclasses.replace(TANK, cycle_running="tank.cycle")],
        seen={"tank.t": "60"},
        table="""
        at | wish | tank.cycle | -> | cut
        0  | 62   | 0          | 62 |
        5  | 62   | 1          | -  | cycle runs
        10 | 62   | -          | -  | tank.cycle
        15 | 62   | 0          | 62 |
        """,
    ),
    Story(
        title="a tank that shows nonsense is given back",
        envelopes=[TANK],
        table="""
        at | wish | tank.t | ->
        0  | 62   | -      | -
        5  | 62   | 500    | -
        10 | nan  | 60     | -
        """,
    ),
    Story(
        title="no short-cycling: on for 60 s, off for 120 s",
        envelopes=[PUMP],
        table="""
        at  | wish       | -> | cut
        0   | 1          | 1  |
        5   | 0          | 1  | on for 60 s
        59  | 0          | 1  |
        60  | 0          | 0  |
        65  | 1          | 0  | off for 120 s
        179 | manual:1   | 0  |
        180 | 1          | 1  |
        185 | operator:0 | 0  |
        190 | safety:1   | 0  | off for 120 s
        """,
    ),
    Story(
        title="a release counts as off",
        envelopes=[PUMP],
        table="""
        at  | wish | ->
        0   | 1    | 1
        70  | -    | -
        80  | 1    | -
        190 | 1    | 1
        """,
    ),
    Story(
        title="between on and off there is nothing, also when on is the smaller number",
        envelopes=[
            dataclasses.replace(PUMP, on_value=0.0, off_value=10.0, min_on_s=0, min_off_s=0)
        ],
        table="""
        at | wish | ->
        0  | 4.9  | 0
        5  | 5.1  | 10
        10 | -99  | 0
        15 | 1e9  | 10
        """,
    ),
    Story(
        title="a pump stays on while the circulation returns cold, off while the store is too hot",
        envelopes=[
            dataclasses.replace(
                PUMP, keep_on_below=("tank.return", 55.0), keep_off_above=("tank.t", 80.0)
            )
        ],
        seen={"tank.t": "60"},
        table="""
        at  | wish | tank.return | tank.t | -> | cut
        0   | 0    | 54          |        | 1  | it stays on
        5   | 1    | 54          | 81     | 0  | it stays off
        10  | 1    | 54          | 60     | 0  | off for 120 s
        200 | 1    | 56          | 60     | 1  |
        300 | 0    | 56          | 60     | 0  |
        305 | 0    | -           | 60     | -  | tank.return
        310 | 1 + operator:0..0 | - | 60  | 0  |
        """,
    ),
    Story(
        title="a relay's life: two changes saved up, law goes on",
        envelopes=[SwitchEnvelope(point="pump.on", writes_per_day=4)],
        table="""
        at | wish             | -> | cut
        0  | 1                | 1  |
        5  | 0                | 0  |
        10 | 1                | 0  | writes a day
        15 | -                | -  |
        20 | 1                | 1  |
        25 | 0 + operator:0..0 | 0 |
        30 | 1 + operator:0..0 | 0 |
        """,
    ),
    Story(
        title="a heat pump is capped between its floor and its rating",
        envelopes=[HEAT],
        seen={"heat.power": "20"},
        table="""
        at | wish                 | heat.power | ->  | cut
        0  | 25                   |            | 25  |
        5  | 0                    |            | 4.2 | capped at
        10 | 99                   |            | 40  | capped at
        15 | 25 + operator:0..10  |            | 10  | operator
        20 | 5 + operator:0..10   |            | 5   |
        25 | operator:0..10       |            | 10  |
        30 | manual:30 + operator:0..10 |      | 10  |
        35 | local:- + operator:0..10 |        | 10  |
        40 | operator:0..1        |            | 4.2 |
        45 | 25 + operator:0..10  | -          | 10  | heat.power
        50 | 25                   | -          | -   |
        """,
    ),
    Story(
        title="a load that is not metered can still be capped",
        envelopes=[dataclasses.replace(HEAT, power=None)],
        table="""
        at | wish | ->
        0  | 25   | 25
        """,
    ),
    Story(
        title="an inverter's limit: the lowest of all who may say",
        envelopes=[PV],
        seen={"pv.power": "60"},
        table="""
        at | wish                               | pv.power | ->
        0  | 50                                 |          | 50
        5  | 50 + safety:0..90                  |          | 50
        10 | 150 + safety:0..90                 |          | 90
        15 | safety:0..90                       |          | 90
        20 | 150 + safety:0..90 + operator:0..60 |         | 60
        25 | 900                                |          | 200
        30 | -5                                 |          | 0
        35 | 150 + operator:0..60               | -        | 60
        40 | 150                                | -        | -
        """,
    ),
    Story(
        title="a plain claim of safety is above the operator's bounds",
        envelopes=[PV],
        seen={"pv.power": "60"},
        table="""
        at | wish                       | ->
        0  | safety:120 + operator:0..60 | 120
        """,
    ),
    Story(
        title="a bad sensor degrades only what depends on it",
        envelopes=[
            dataclasses.replace(ROOM, point="fcu.set"),
            dataclasses.replace(TANK, point="tank.set"),
        ],
        table="""
        at | wish fcu.set | wish tank.set | room.t | tank.t | -> fcu.set | -> tank.set
        0  | 22 | 65 | 21 | 60 | 22 | 65
        5  | 22 | 65 | -  | 60 | -  | 65
        10 | 22 | 65 | 21 | -  | 22 | -
        """,
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_cycle_table(story: Story) -> None:
    play(story)


def test_a_table_that_is_wrong_is_seen() -> None:
    wrong = dataclasses.replace(STORIES[0], table="at | wish | ->\n0 | 22 | 23")
    with pytest.raises(AssertionError, match="22"):
        play(wrong)


@pytest.mark.parametrize(
    ("air_c", "percent", "dew_c"), [(20.0, 50.0, 9.3), (25.0, 60.0, 16.7), (30.0, 100.0, 30.0)]
)
def test_dew_point_against_published_tables(air_c: float, percent: float, dew_c: float) -> None:
    assert dew_point_c(air_c, percent) == pytest.approx(dew_c, abs=0.06)


def test_dew_point_of_bone_dry_air_is_a_number() -> None:
    assert dew_point_c(20.0, 0.0) < -50
