"""A load that has work of the plan's own, tick by tick: it runs from its floor on, or stops."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cycle_table import Story, play

from edge_agent.envelope import LoadEnvelope, Pace

CAR = LoadEnvelope(point="heat.cap", rated_kw=40.0, power="heat.power", floor_kw=4.2, may_stop=True)

STORIES = [
    Story(
        title="a load with work of the plan's own runs from its floor on, or not at all",
        envelopes=[CAR],
        seen={"heat.power": "20"},
        table="""
        at | wish                | heat.power | ->  | cut
        0  | 25                  |            | 25  |
        5  | 0                   |            | 0   |
        10 | 3                   |            | 0   | it stops
        15 | 5                   |            | 5   |
        20 | -9                  |            | 0   | capped at
        25 | 25 + operator:0..10 |            | 10  | operator
        30 | 25 + operator:0..3  |            | 0   | it stops
        35 | operator:0..1       | -          | 0   | it stops
        40 | 25 + operator:0..10 | -          | 10  | heat.power
        45 | 0                   | -          | -   |
        """,
    ),
    Story(
        title="a floor that is no round tenth is met all the same",
        envelopes=[replace(CAR, floor_kw=4.14, rated_kw=4.14)],
        seen={"heat.power": "0"},
        table="""
        at | wish                 | ->   | cut
        0  | 4.1                  | 4.14 | no less
        5  | 4.08                 | 0    | it stops
        10 | 4.1 + operator:0..4  | 0    | it stops
        15 | 0                    | 0    |
        """,
    ),
    Story(
        title="a ramp steps over what such a load does not run with, a hold does not",
        envelopes=[replace(CAR, pace=Pace(ramp_per_s=1.0, hold_s=30.0))],
        seen={"heat.power": "20"},
        table="""
        at | wish | ->  | cut
        0  | 0    | 0   |
        10 | 6    | 0   | stands at least
        31 | 6    | 6   |
        32 | 0    | 6   | stands at least
        62 | 0    | 0   |
        93 | 6    | 6   |
        """,
    ),
    Story(
        title="one that ramps up from a stop begins with its floor",
        envelopes=[replace(CAR, pace=Pace(ramp_per_s=1.0))],
        seen={"heat.power": "20"},
        table="""
        at | wish | ->  | cut
        0  | 0    | 0   |
        2  | 6    | 4.2 | no less
        4  | 6    | 6   |
        6  | 0    | 0   | it stops
        """,
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_cycle_table(story: Story) -> None:
    play(story)
