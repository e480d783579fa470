"""What connection point, phases and circuits leave to batteries, tick by tick."""

from __future__ import annotations

import dataclasses

import pytest
from cycle_table import Story, play

from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope

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


PHASES = {
    f"meter.{name}_l{line}": cell
    for line in (1, 2, 3)
    for name, cell in (("voltage", "230"), ("current", "50"))
} | {"meter.power": "34.5"}
FUSED = dataclasses.replace(
    CONNECTION,
    currents=tuple(f"meter.current_l{line}" for line in (1, 2, 3)),
    voltages=tuple(f"meter.voltage_l{line}" for line in (1, 2, 3)),
    max_current_a=100.0,
)
SUB = ConnectionEnvelope(
    meter="sub.power", import_limit_kw=40.0, export_limit_kw=20.0, name="annex"
)

STORIES = [
    Story(
        title="the import limit pulls the battery and gives way again",
        envelopes=[BATTERY],
        seen=SEEN,
        table="""
        at | wish | meter.power | bat.power | ->  | cut
        0  | 80   | 260         | 0         | 40  | connection point
        5  | 80   | 340         | 40        | 0   | connection point
        10 | 0    | 340         | 0         | -40 | connection point
        15 | 0    | 500         | 0         | -80 | connection point
        20 | 0    | 100         | -80       | 0   |
        """,
    ),
    Story(
        title="the export limit holds a discharge back",
        envelopes=[BATTERY],
        seen=SEEN,
        table="""
        at | wish | meter.power | bat.power | ->
        0  | -60  | -30         | 0         | -20
        5  | -60  | -70         | -20       | 0
        10 | 0    | -90         | 0         | 40
        """,
    ),
    Story(
        title="one phase overloads while the sum is fine",
        envelopes=[but(connection=FUSED)],
        seen=SEEN | PHASES,
        table="""
        at | wish | meter.current_l2 | ->   | cut
        0  | 30   | 50               | 30   |
        5  |      | 99               | 0.69 | connection point
        10 |      | 120              | -13.8 | connection point
        15 |      | -                | -    | meter.current_l2
        """,
    ),
    Story(
        title="the measured voltage turns amperes into kW",
        envelopes=[but(connection=FUSED)],
        seen=SEEN | PHASES,
        table="""
        at | wish | meter.current_l1 | meter.voltage_l1 | ->
        0  | 90   | 90               | 220              | 6.6
        5  |      | 90               | -                | 6.21
        10 |      | 110              | -                | -7.59
        15 |      | 90               | 0                | 6.21
        """,
    ),
    Story(
        title="a single-phase battery answers for its own phase alone",
        envelopes=[but(connection=FUSED, phase=1)],
        seen=SEEN | PHASES,
        table="""
        at | wish | meter.current_l1 | meter.current_l2 | meter.power | ->
        0  | 30   | 50               | 99               | 45.8        | 11.5
        5  |      | 110              | 99               | 59.6        | -2.3
        """,
    ),
    Story(
        title="a phase that exports on its own is known by its own power",
        envelopes=[
            but(
                connection=dataclasses.replace(
                    FUSED, phase_powers=("meter.power_l1", "meter.power_l2")
                )
            )
        ],
        seen=SEEN | PHASES | {"meter.power_l2": "10"},
        table="""
        at | wish | meter.current_l1 | meter.power_l1 | meter.power | ->
        0  | -60  | 90               | -20            | 1.5         | -6.9
        5  |      | 90               | 20             | 41.5        | -60
        10 |      | 90               | -              | 41.5        | -60
        15 |      | 90               | -              | 1.5         | -6.9
        """,
    ),
    Story(
        title="a phase may import though the sum is exported: only what is sure is room",
        envelopes=[but(connection=FUSED)],
        seen=SEEN | PHASES,
        table="""
        at | wish | meter.power | meter.current_l1 | meter.current_l2 | ->
        0  | 90   | -3          | 40               | 95               | 3.45
        5  |      | -3          | 40               | 120              | 0
        """,
    ),
    Story(
        title="where nothing tells a phase's direction only what is sure is room",
        envelopes=[
            but(
                connection=dataclasses.replace(FUSED, phase_powers=("meter.power_l1",)),
                phase=1,
            )
        ],
        seen=SEEN | PHASES,
        table="""
        at | wish | meter.power | meter.current_l1 | meter.power_l1 | ->   | cut
        0  | -60  | 1           | 90               | -              | -2.3 |
        5  |      | 1           | 90               | 20             | -43.7 |
        10 |      | 1           | 90               | -20            | -2.3 |
        15 |      | 1           | 110              | -              | 0    | connection point
        20 | 60   | 1           | 110              | -              | 0    | connection point
        25 |      | -1          | 90               | -              | 2.3  |
        30 | -60  | -1          | 90               | -              | -2.3 |
        """,
    ),
    Story(
        title="a fuse whose currents nobody measures",
        envelopes=[but(connection=dataclasses.replace(CONNECTION, max_current_a=100.0))],
        seen=SEEN,
        table="""
        at | wish | -> | cut
        0  | 30   | -  | no phase current
        """,
    ),
    Story(
        title="a circuit with its own meter binds too",
        envelopes=[but(circuits=(SUB,))],
        seen=SEEN,
        table="""
        at | wish | sub.power | bat.power | ->
        0  | 90   | 10        | 0         | 30
        5  | 90   | 45        | 30        | 25
        10 | -60  | 0         | 0         | -20
        15 | -60  | -         | 0         | -
        """,
    ),
    Story(
        title="the meter falls silent: 0 kW, then release",
        envelopes=[BATTERY],
        seen=SEEN,
        table="""
        at | wish | meter.power | -> | cut
        0  | 40   | 100@5       | 40 |
        5  | 40   | 100@5.1     | 0  | silent
        10 | 40   | 100@14      | 0  | static limit
        15 | 40   | 100@31      | -  | stale
        20 | -    | 100         | -  |
        """,
    ),
    Story(
        title="a configured fallback holds for as long as the meter is silent",
        envelopes=[but(fallback_kw=(-10.0, 20.0), charge_limit="bat.limit")],
        seen=SEEN | {"bat.limit": "100"},
        table="""
        at | wish | meter.power | bat.limit | ->  | cut
        0  | 40   | 100         |           | 40  |
        5  | 40   | 100@6       |           | 20  | static limit
        10 | -60  | -           |           | -10 | static limit
        15 | 40   | -           | 10        | 7   | its BMS
        20 | -5   | -           |           | -5  |
        """,
    ),
    Story(
        title="meter and battery read apart say nothing about each other",
        envelopes=[but(connection=dataclasses.replace(CONNECTION, silent_after_s=None))],
        seen=SEEN,
        table="""
        at | wish | meter.power | -> | cut
        0  | 40   | 100@20      | -  | not read at the same time
        5  | 40   | 100@15      | 40 |
        """,
    ),
]
TWIN = {
    name: dataclasses.replace(
        BATTERY, point=f"{name}.set", soc=f"{name}.soc", power=f"{name}.power"
    )
    for name in ("a", "b")
}
BOTH = {"a.soc": "50", "b.soc": "50", "a.power": "0", "b.power": "0", "meter.power": "100"}
SHARED = [
    Story(
        title="two batteries share the room in turn",
        envelopes=list(TWIN.values()),
        seen=BOTH,
        table="""
        at | wish a.set | wish b.set | meter.power | -> a.set | -> b.set
        0  | 100 | 100 | 100 | 100 | 100
        5  | 100 | 100 | 150 | 100 | 50
        10 | 0   | 0   | 400 | -80 | -20
        15 | -40 | -40 | -30 | -20 | 0
        """,
    ),
    Story(
        title="room that another is only about to make is not given out yet",
        envelopes=list(TWIN.values()),
        seen=BOTH,
        table="""
        at | wish a.set | wish b.set | a.power | b.power | meter.power | -> a.set | -> b.set
        0  | 0   | 100 | 100 | 0 | 300 | 0   | 0
        5  | 0   | 100 | 0   | 0 | 200 | 0   | 100
        """,
    ),
    Story(
        title="a battery that must stop is counted as stopping",
        envelopes=list(TWIN.values()),
        seen=BOTH,
        table="""
        at | wish a.set | wish b.set | b.power | b.soc | meter.power | -> a.set | -> b.set
        0  | 80 | -80 | -80 | 50 | 220 | 80 | -80
        5  | 80 | -80 | -80 | 9  | 220 | 0  | 0
        10 | 80 | -   | -80 | 9  | 220 | 80 | -
        """,
    ),
    Story(
        title="a twin that goes dark goes to its static limit, and is counted so",
        envelopes=[
            TWIN["a"],
            dataclasses.replace(TWIN["b"], circuits=(SUB,), fallback_kw=(-10.0, 5.0)),
        ],
        seen=BOTH,
        table="""
        at | wish a.set | wish b.set | b.power | sub.power | meter.power | -> a.set | -> b.set
        0  | 80 | -20 | -20 | 0 | 220 | 80 | -20
        5  | 80 | -20 | -20 | - | 220 | 70 | -10
        """,
    ),
    Story(
        title="a twin released for want of its circuit's meter stays where it is",
        envelopes=[TWIN["a"], dataclasses.replace(TWIN["b"], circuits=(SUB,))],
        seen=BOTH,
        table="""
        at | wish a.set | wish b.set | b.power | sub.power | meter.power | -> a.set | -> b.set
        0  | 80 | -20 | -20 | - | 220 | 80 | -
        5  | 80 | -20 + operator:-80..10 | -20 | - | 220 | 60 | 0
        """,
    ),
    Story(
        title="a phase that may import pulls no further than the export surely allows",
        envelopes=[
            dataclasses.replace(TWIN["a"], connection=FUSED),
            dataclasses.replace(TWIN["b"], connection=FUSED, phase=1),
        ],
        seen=BOTH | PHASES | {"meter.current_l1": "90", "a.power": "-20", "b.power": "-20"},
        table="""
        at | wish a.set | wish b.set | b.soc | meter.power | -> a.set | -> b.set
        0  | -60 | -20 | 9 | -80 | -20 | 0
        5  | -20 | -20 | 9 | -1  | -26.9 | 0
        7  | -20 | -20 | 9 | -40 | -20   | 0
        10 | -20 | -20 | 9 | 40  | -73.1 | 0
        """,
    ),
    Story(
        title="a phase that may export pushes no further than the import surely allows",
        envelopes=[dataclasses.replace(one, connection=FUSED, phase=1) for one in TWIN.values()],
        seen=BOTH | PHASES | {"meter.current_l1": "90", "b.power": "20", "b.soc": "95"},
        table="""
        at | wish a.set | wish b.set | meter.power | -> a.set | -> b.set
        0  | 0          | 20         | 1           | 2.3      | 0
        5  | 0          | 20         | 41          | 0        | 0
        """,
    ),
]


@pytest.mark.parametrize("story", STORIES + SHARED, ids=lambda story: story.title)
def test_cycle_table(story: Story) -> None:
    play(story)
