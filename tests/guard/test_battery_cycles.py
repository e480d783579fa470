"""What a battery is allowed, tick by tick."""

from __future__ import annotations

import dataclasses

import pytest
from cycle_table import Story, play

from edge_agent.envelope import BatteryEnvelope, BmsInputs, ConnectionEnvelope, Pace

CONNECTION = ConnectionEnvelope(
    meter="meter.power", import_limit_kw=300.0, export_limit_kw=50.0, silent_after_s=5.0
)
BATTERY = BatteryEnvelope(
    point="bat.setpoint",
    soc="bat.soc",
    power="bat.power",
    charge_kw=100.0,
    discharge_kw=80.0,
    soc_min_percent=10.0,
    soc_max_percent=90.0,
    charge_limit=None,
    discharge_limit=None,
    connection=CONNECTION,
)
SEEN = {"bat.soc": "50", "bat.power": "0", "meter.power": "100"}


def but(**changes: object) -> BatteryEnvelope:
    return dataclasses.replace(BATTERY, **changes)  # type: ignore[arg-type]


def bms(**inputs: object) -> BatteryEnvelope:
    return but(bms=BmsInputs(**inputs))  # type: ignore[arg-type]


STORIES = [
    Story(
        title="the BMS takes its limit to 0 in mid-discharge",
        envelopes=[but(discharge_limit="bat.limit")],
        seen=SEEN,
        table="""
        at | wish | bat.limit | ->  | cut
        0  | -60  | 80        | -60 | plan
        5  |      | 50        | -47.6 | its BMS
        10 |      | 0         | 0   | its BMS
        15 |      | -         | 0   | its BMS
        20 |      | 50@31     | 0   | its BMS
        25 |      | 900       | -60 | plan
        """,
    ),
    Story(
        title="software never widens the BMS",
        envelopes=[but(charge_limit="bat.limit")],
        seen=SEEN,
        table="""
        at | wish       | bat.limit | ->
        0  | 400        | 900       | 100
        5  | manual:400 | 20        | 17
        10 | operator:400 | -5      | 0
        15 | safety:400 | nan       | 0
        20 | safety:400 | inf       | 0
        """,
    ),
    Story(
        title="limits told in amperes count at the measured voltage",
        envelopes=[bms(charge_limit_a="bat.a", voltage="bat.v")],
        seen=SEEN,
        table="""
        at | wish | bat.a | bat.v | ->
        0  | 60   | 50    | 800   | 37
        5  |      | 500   | 800   | 60
        10 |      | 50    | -     | 0
        15 |      | -     | 800   | 0
        20 |      | 50    | -5    | 0
        25 | -60  |       |       | -60
        """,
    ),
    Story(
        title="the discharging current is limited by itself",
        envelopes=[bms(discharge_limit_a="bat.a", voltage="bat.v")],
        seen=SEEN,
        table="""
        at | wish | bat.a | bat.v | ->
        0  | -60  | 50    | 800   | -37.6
        5  | 60   |       |       | 60
        """,
    ),
    Story(
        title="any alarm bit stops it",
        envelopes=[bms(alarms="bat.alarms")],
        seen=SEEN,
        table="""
        at | wish | bat.alarms | -> | cut
        0  | 40   | 0          | 40 |
        5  |      | 4          | 0  | an alarm of its BMS (4)
        10 |      | -          | 0  | bat.alarms
        15 |      | 0          | 40 |
        """,
    ),
    Story(
        title="with a mask only the bits of the mask stop it",
        envelopes=[bms(alarms="bat.alarms", alarm_mask=6)],
        seen=SEEN,
        table="""
        at | wish | bat.alarms | ->
        0  | 40   | 1          | 40
        5  |      | 3          | 0
        """,
    ),
    Story(
        title="an open contactor stops it",
        envelopes=[bms(contactor="bat.state", contactor_closed=(3.0, 4.0))],
        seen=SEEN,
        table="""
        at | wish | bat.state | ->  | cut
        0  | -40  | 3         | -40 |
        5  |      | 1         | 0   | contactor is open
        10 |      | -         | 0   | bat.state
        15 |      | 4         | -40 |
        """,
    ),
    Story(
        title="heat derates linearly from 40 to 45 degC and stops beyond",
        envelopes=[bms(temperature="bat.t")],
        seen=SEEN,
        table="""
        at | wish | bat.t | ->
        0  | 100  | 40    | 100
        5  |      | 42.5  | 50
        10 |      | 44    | 20
        15 |      | 45    | 0
        20 |      | 45.1  | 0
        25 |      | -     | 0
        30 | -80  | 42.5  | -40
        """,
    ),
    Story(
        title="cold stops charging at 0 degC and discharging at -10 degC",
        envelopes=[bms(temperature="bat.t")],
        seen=SEEN,
        table="""
        at | wish | bat.t | ->
        0  | 100  | 5     | 50
        5  |      | 0     | 0
        10 | -80  | 0     | -80
        15 |      | -5    | -40
        20 |      | -10   | 0
        """,
    ),
    Story(
        title="an over-current stops it for a minute",
        envelopes=[BATTERY],
        seen=SEEN,
        table="""
        at | wish | bat.power | meter.power | ->
        0  | 100  | 110       | 210         | 100
        5  |      | 110.1     | 210         | 0
        10 |      | 0         | 100         | 0
        64 |      |           |             | 0
        65 |      |           |             | 100
        70 | -80  | -88.1     | 12          | 0
        """,
    ),
    Story(
        title="an over-current at the DC side counts too",
        envelopes=[bms(current="bat.i", rated_current_a=150.0)],
        seen=SEEN,
        table="""
        at | wish | bat.i | ->
        0  | 60   | 165   | 60
        5  |      | -     | 60
        10 |      | -166  | 0
        """,
    ),
    Story(
        title="the SOC window closes on both sides",
        envelopes=[BATTERY],
        seen=SEEN,
        table="""
        at | wish | bat.soc | ->
        0  | 60   | 89.9    | 60
        5  |      | 90      | 0
        10 | -60  | 90      | -60
        15 |      | 10.1    | -60
        20 |      | 10      | 0
        25 | 60   | 10      | 60
        30 |      | 101     | -
        35 |      | -1      | -
        """,
    ),
    Story(
        title="near the ends of the window the power tapers",
        envelopes=[but(derate_soc_percent=5.0)],
        seen=SEEN,
        table="""
        at | wish | bat.soc | ->
        0  | 100  | 85      | 100
        5  |      | 87.5    | 50
        10 | -80  | 12.5    | -40
        15 |      | 15      | -80
        """,
    ),
    Story(
        title="the reserve for a power cut is kept from everybody",
        envelopes=[but(reserve_percent=30.0)],
        seen=SEEN,
        table="""
        at | wish       | bat.soc | ->  | cut
        0  | -60        | 31      | -60 |
        5  | manual:-60 | 30      | 0   | its reserve
        10 | event:-60  | 29      | 0   | its reserve
        """,
    ),
    Story(
        title="a ramp holds the plan, not the law",
        envelopes=[but(pace=Pace(ramp_per_s=2.0), discharge_limit="bat.limit")],
        seen=SEEN,
        table="""
        at | wish | bat.limit | bat.power | ->  | cut
        0  | -60  | 80        | -10       | -10 | ramp
        5  |      |           |           | -20 | ramp
        10 |      |           |           | -30 | ramp
        25 |      |           |           | -60 |
        30 |      | 20        |           | -17.6 | its BMS
        31 |      | 80        |           | -19.6 | ramp
        400 |     |           | -18       | -18 | ramp
        """,
    ),
    Story(
        title="a clock that steps back stops the ramp and nothing else",
        envelopes=[but(pace=Pace(ramp_per_s=2.0))],
        seen=SEEN,
        table="""
        at  | wish | ->
        100 | 60   | 0
        105 |      | 10
        50  |      | 10
        55  |      | 20
        """,
    ),
    Story(
        title="a value stands for its time unless a person of law asks",
        envelopes=[but(pace=Pace(hold_s=60.0))],
        seen=SEEN,
        table="""
        at | wish        | -> | cut
        0  | 40          | 40 |
        5  | 50          | 40 | stands at least
        59 | 50          | 40 |
        60 | 50          | 50 |
        61 | operator:10 | 10 |
        62 | 50          | 10 |
        """,
    ),
    Story(
        title="four writes a day: two saved up, then one in half a day",
        envelopes=[but(pace=Pace(writes_per_day=4))],
        seen=SEEN,
        table="""
        at    | wish | -> | cut
        0     | 10   | 10 |
        5     | 20   | 20 |
        10    | 30   | 20 | writes a day
        43100 | 30   | 20 | writes a day
        43300 | 30   | 30 |
        """,
    ),
    Story(
        title="its own sensors gone: release, or 0 kW under a limit of the operator",
        envelopes=[BATTERY],
        seen=SEEN,
        table="""
        at | wish                 | bat.soc | bat.power | ->
        0  | 40                   | 50@31   | 0         | -
        5  | 40                   | 50      | -         | -
        10 | 40 + operator:-80..4 | -       | 0         | 0
        15 | 40 + operator:-80..4 | 50      | 0         | 4
        20 | 40 + operator:-80..4 | 50      | 0@31      | 0
        """,
    ),
    Story(
        title="under a limit of the operator a meter gone means 0 kW",
        envelopes=[BATTERY],
        seen=SEEN,
        table="""
        at | wish                  | meter.power | ->
        0  | -40 + operator:-80..4 | 100         | -40
        5  | -40 + operator:-80..4 | -           | 0
        """,
    ),
    Story(
        title="nonsense is not sent",
        envelopes=[BATTERY],
        seen=SEEN,
        table="""
        at | wish | bat.soc | bat.power | ->
        0  | nan  | 50      | 0         | -
        5  | inf  | 50      | 0         | -
        10 | 40   | inf     | 0         | -
        15 | 40   | 50      | 1e300     | -
        20 | nan + operator:-80..4 | 50 | 0 | 4
        """,
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_cycle_table(story: Story) -> None:
    play(story)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bat.t": "45"}, None),
        ({"bat.t": "45.1"}, "battery_hot"),
        ({"bat.soc": "20"}, None),
        ({"bat.soc": "19.9"}, "battery_low_soc"),
        ({"bat.power": "110"}, None),
        ({"bat.power": "110.1"}, "battery_over_current"),
        ({"bat.alarms": "1"}, "battery_fault"),
        ({"meter.power": "-"}, "meter_silent"),
    ],
)
@pytest.mark.parametrize("wish", ["40", "-"])
def test_alarms_do_not_depend_on_who_commands(
    changes: dict[str, str], code: str | None, wish: str
) -> None:
    story = Story(
        title="flags",
        envelopes=[bms(temperature="bat.t", alarms="bat.alarms")],
        seen=SEEN | {"bat.t": "25", "bat.alarms": "0"} | changes,
        table=f"at | wish\n0 | {wish}",
    )
    ((one,),) = play(story)
    # Without a claim the meter is not asked.
    expected = None if (code, wish) == ("meter_silent", "-") else code
    assert [flag.code for flag in one.flags] == ([] if expected is None else [expected])
    assert all(flag.subject and flag.text for flag in one.flags)
