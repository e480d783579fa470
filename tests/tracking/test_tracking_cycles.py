"""Stories of the fast loop, tick by tick: what is read, and what is asked of the battery.

Columns: second since noon, meter kW, battery kW, state of charge %, power asked for in kW, and a
word of the reason. `-` is a reading that is missing. Battery of 100 kW, ticks of 5 s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from dead_time_rig import METER, NOON, POWER, SETPOINT, SOC, envelope, flat_plan, picture

from edge_agent.arbiter import Entry
from edge_agent.billing import metered, open_block
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.tracker import Tracker
from edge_agent.tracking import Actuators


@dataclass(frozen=True, kw_only=True)
class Story:
    name: str
    table: str
    plan_kw: float = 0.0
    planned_peak_kw: float | None = 100.0
    peak_so_far_kw: float = 0.0
    limits_kw: tuple[float, float] = (1000.0, 1000.0)
    settings: LoopSettings = field(default_factory=LoopSettings)


STORIES = [
    Story(
        name="the plan is followed while the block has room",
        plan_kw=20,
        table="""
          0    50    0  50    20  plan
          5    70   20  50    20  plan
         10    70   20  50    20  plan
        """,
    ),
    Story(
        name="charging gives way to the load",
        plan_kw=40,
        table="""
          0    80    0  50    19.6  peak
          5    99.6 19.6 50   19.6  peak
         10    99.6 19.6 50   19.6  peak
        """,
    ),
    Story(
        name="a load above the target is shaved",
        table="""
          0    90    0  50     0    plan
          5   130    0  50   -30.9  peak
         30    99.1 -30.9 50   -30.9  peak
         60    99.1 -30.9 50   -30.9  peak
        """,
    ),
    Story(
        name="what was overspent comes back over the rest of the block",
        table="""
          0   130    0  50   -30.7  peak
         60   130    0  50   -32.9  peak
        120   130    0  50   -35.4  peak
        180    95  -35  50   -35.4  peak
        """,
    ),
    Story(
        name="what was saved may be used",
        table="""
          0    40    0  50     0    plan
         60    40    0  50     0    plan
        120    40    0  50     0    plan
        180    40    0  50     0    plan
        240   105    0  50     0    plan
        300   125    0  50   -10.9  peak
        """,
    ),
    Story(
        name="a peak that was billed already need not be shaved",
        peak_so_far_kw=140,
        table="""
          0   130    0  50     0    plan
          5   139    0  50     0    plan
         10   160    0  50   -20.7  peak
        """,
    ),
    Story(
        name="the higher of billed and planned peak counts",
        peak_so_far_kw=80,
        table="""
          0    95    0  50     0    plan
          5   110    0  50   -10.6  peak
        """,
    ),
    Story(
        name="without any target only the connection point counts",
        planned_peak_kw=None,
        limits_kw=(200, 1000),
        table="""
          0   180    0  50     0    plan
          5   230    0  50   -31.0  import
        """,
    ),
    Story(
        name="the import limit holds at once, whatever the block has saved",
        planned_peak_kw=500,
        limits_kw=(150, 1000),
        table="""
          0   100    0  50     0    plan
          5   180    0  50   -31.0  import
         30   149  -31  50   -31.0  import
        """,
    ),
    Story(
        name="the planned discharge stops at the export limit",
        plan_kw=-80,
        limits_kw=(1000, 30),
        table="""
          0    20    0  50   -48.0  export
          5   -28  -48  50   -48.0  export
         30   -28  -48  50   -48.0  export
        """,
    ),
    Story(
        name="zero export takes the surplus into the battery",
        limits_kw=(1000, 0),
        table="""
          0    10    0  50     0    plan
          5   -40    0  50    42.0  export
         30     2   42  50    42.0  export
         60     2   42  50    42.0  export
        """,
    ),
    Story(
        name="zero export holds back a planned discharge",
        plan_kw=-50,
        limits_kw=(1000, 0),
        table="""
          0    30    0  50   -28.0  export
         30     2  -28  50   -28.0  export
        """,
    ),
    Story(
        name="more surplus than the battery takes: all it can, and no more",
        limits_kw=(1000, 0),
        table="""
          0  -180    0  50   100.0  export
         30   -80  100  50   100.0  export
        """,
    ),
    Story(
        name="more load than the battery gives: all it can, and no more",
        table="""
          0   300    0  50  -100.0  peak
         30   200 -100  50  -100.0  peak
        """,
    ),
    Story(
        name="nothing is wound up: the plan is back with the first reading below the target",
        table="""
          0   300    0  50  -100.0  peak
         60   200 -100  50  -100.0  peak
        300   200 -100  50  -100.0  peak
        870   200 -100  50  -100.0  peak
        900   200 -100  50  -100.0  peak
        930  -100 -100  50     0    plan
        """,
    ),
    Story(
        name="a new block begins with a new budget",
        table="""
        840   250    0  50  -100.0  peak
        890   150 -100  50  -100.0  peak
        900    90 -100  50   -90.5  peak
        960    99.5 -90.5 50 -90.5  peak
        """,
    ),
    Story(
        name="commands of a block's last seconds belong to the next one",
        settings=LoopSettings(lead_s=20.0),
        table="""
        800    50    0  50     0    plan
        850    50    0  50     0    plan
        870   120    0  50     0    plan
        885   120    0  50   -20.7  peak
        """,
    ),
    Story(
        name="a late meter that still shows the old load is not answered twice",
        table="""
          0    80    0  50     0    plan
          5   140    0  50   -41.0  peak
         10   140  -40  50   -41.0  peak
         15   140  -40  50   -41.0  peak
         20   100  -40  50   -41.0  peak
        """,
    ),
    Story(
        name="an early meter that sees the battery move before its own reading",
        table="""
          0    80    0  50     0    plan
          5   140    0  50   -41.0  peak
         10   100    0  50   -41.0  peak
         15   100  -40  50   -41.0  peak
        """,
    ),
    Story(
        name="no meter: the plan without it",
        plan_kw=30,
        table="""
          0    80    0  50    19.6  peak
          5     -   19  50    30.0  plan
         10    99   19  50    19.5  peak
        """,
    ),
    Story(
        name="no battery power: the plan without the meter",
        plan_kw=30,
        table="""
          0    80    -  50    30.0  plan
          5    80    0  50    19.7  peak
        """,
    ),
    Story(
        name="a wish that hardly moves is not sent",
        table="""
          0   130    0  50   -30.7  peak
         30    99.6 -30.7 50 -30.7  peak
         60    99.9 -30.7 50 -30.7  peak
         90   101.9 -30.7 50 -33.2  peak
        """,
    ),
    Story(
        name="a new plan is sent however little it differs",
        plan_kw=5.1,
        table="""
          0    20    0  50     5.1  plan
          5    25    5  50     5.1  plan
        """,
    ),
    Story(
        name="export does not buy room for import",
        table="""
          0   -50    0  50     0    plan
         60   -50    0  50     0    plan
        120   130    0  50   -25.5  peak
        """,
    ),
    Story(
        name="a battery that does not follow is asked for what the block falls short of",
        table="""
          0   140    0  50   -40.7  peak
         30   140    0  50   -42.1  peak
         60   140    0  50   -43.7  peak
         90   140    0  50   -45.3  peak
        """,
    ),
    Story(
        name="the clock steps back: the block begins anew and the loop goes on",
        table="""
        600   130    0  50   -31.0  peak
        300   100  -30  50   -30.5  peak
        330   100  -30  50   -30.5  peak
        """,
    ),
    Story(
        name="an idle plan of a full battery is left to the guard",
        plan_kw=30,
        table="""
          0    20    0  95    30.0  plan
        """,
    ),
    Story(
        name="surplus power beyond the limit while the plan charges already",
        plan_kw=20,
        limits_kw=(1000, 10),
        table="""
          0   -30    0  50    22.0  export
         30    -8   22  50    22.0  export
         60    12   22  50    20.0  plan
        """,
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_tick_by_tick(story: Story) -> None:
    tracker = Tracker(
        {SETPOINT: envelope(*story.limits_kw)},
        Actuators(batteries=(("bat", SETPOINT),)),
        story.settings,
    )
    peak_kw = story.planned_peak_kw
    # The loop's margin does not go off a peak that is only planned: 0.5 % of 100 kW.
    plan = flat_plan(story.plan_kw, None if peak_kw is None else peak_kw - 0.5)
    block = open_block(NOON, 900)
    told: list[object] = []
    wanted: list[object] = []
    for row in story.table.split("\n"):
        if not row.strip():
            continue
        second, meter, own, soc, power, word = row.split()
        now = NOON + timedelta(seconds=int(second))
        read = {METER: meter, POWER: own, SOC: soc}
        values = {key: (float(text), 0.0) for key, text in read.items() if text != "-"}
        if METER in values:
            block, _ = metered(block, now, values[METER][0])
        charge = Charge(id="peak", peak_kw=story.peak_so_far_kw, block=block)
        (entry,) = tracker.step(plan, picture(now, values), (charge,), now, 15.0)
        told.append((int(second), entry.value, _word(entry)))
        wanted.append((int(second), pytest.approx(float(power), abs=0.06), word))
    assert told == wanted


def _word(entry: Entry) -> str:
    """What holds the battery off its plan, in one word."""
    note = entry.reason.partition("; ")[2]
    return note.split(maxsplit=1)[0].rstrip(":") if note else "plan"
