"""Whatever comes in: the judge answers, and changes no value."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from field_images import NOW
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.types import Point, Quality, Reading
from edge_agent.cross_check import CrossCheck
from edge_agent.plausible import power_check
from edge_agent.rates import rate_limit
from edge_agent.site.examples import example_path
from edge_agent.site.load import load_site
from edge_agent.snapshot import Board
from edge_agent.validate import DeviceRule, Judge

SITE = load_site(example_path("hotel.yaml")).site
NAMES = {
    "power": "kW",
    "voltage": "V",
    "current": "A",
    "soc": "percent",
    "temperature": "degC",
    "power_factor": "1",
    "mood": "",
}
POINTS = tuple(Point(device="m", name=name, unit=unit) for name, unit in NAMES.items())
RULE = DeviceRule(
    device="m",
    stuck_s=60.0,
    stale_s=30.0,
    rates={n: limit for n, u in NAMES.items() if (limit := rate_limit(n, u)) is not None},
    power=power_check(POINTS),
    shares=frozenset({"soc"}),
)
KEYS = [
    SITE.assets.grid.meter,
    SITE.assets.battery[0].soc,
    SITE.assets.battery[0].power,
    SITE.assets.pv[0].power,
    SITE.assets.hvac.power or "",
    SITE.assets.weather.irradiance or "",
    "temp_001.temperature",
]
FINITE_OR_NOT = st.one_of(st.floats(), st.floats(-200, 200), st.sampled_from([0.0, 1.0, 0.5]))
MOMENTS = st.floats(-90_000, 90_000).map(lambda s: NOW + timedelta(seconds=s))


@st.composite
def one_of(draw: st.DrawFn, keys: list[tuple[str, str]]) -> Reading:
    """Any reading a driver may hand over."""
    device, point = draw(st.sampled_from(keys))
    quality = draw(st.sampled_from(list(Quality)))
    value = draw(st.one_of(FINITE_OR_NOT, st.none()) if not quality.usable else FINITE_OR_NOT)
    return Reading(
        device=device,
        point=point,
        value=value,
        unit=draw(st.sampled_from(["kW", "V", "percent", "", "furlong", "1"])),
        at=draw(MOMENTS),
        quality=quality,
        reason=draw(st.sampled_from(["", "status-flags: overridden"])),
    )


POLLS = st.lists(
    st.tuples(st.lists(one_of([("m", name) for name in NAMES]), max_size=9), MOMENTS), max_size=8
)
BOARDS = st.lists(
    st.tuples(
        st.lists(one_of([(k.split(".")[0], k.split(".")[1]) for k in KEYS]), max_size=9), MOMENTS
    ),
    max_size=12,
)


def same_but_quality(before: list[Reading], after: list[Reading]) -> bool:
    """Compared as text, so that a NaN equals itself."""
    plain = [replace(one, quality=Quality.BAD, reason="") for one in before]
    return repr(plain) == repr([replace(one, quality=Quality.BAD, reason="") for one in after])


def never_better(before: list[Reading], after: list[Reading]) -> bool:
    """Nothing becomes usable, and what was not usable keeps its quality and reason."""
    return all(
        old == new or (old.quality.usable and new.quality is not Quality.GOOD and new.reason)
        for old, new in zip(before, after, strict=True)
        if old.value is None or old.value == old.value
    )


@given(POLLS)
@settings(max_examples=150, deadline=None)
def test_the_judge_sets_quality_and_nothing_else(
    polls: list[tuple[list[Reading], datetime]],
) -> None:
    judge = Judge(RULE)
    for readings, now in polls:
        judged = judge.judge(readings, now)
        assert same_but_quality(readings, judged)
        assert never_better(readings, judged)


@given(polls=BOARDS, trusted=st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_judge_of_the_site_too(
    *, polls: list[tuple[list[Reading], datetime]], trusted: bool
) -> None:
    cross, board = CrossCheck(SITE), Board()
    for readings, now in polls:
        marked = cross.mark(readings)
        assert same_but_quality(readings, marked)
        assert never_better(readings, marked)
        board.post(marked, stale_s=30.0)
        cross.watch(board.freeze(now), clock_trusted=trusted)
        assert all(mark.finding.reason for mark in cross.marks.values())
