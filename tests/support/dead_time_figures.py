"""How well a step is answered: settling, overshoot and what still swings afterwards."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product

from dead_time_rig import RATED_KW, Cell, Course, flat_plan, run, teaching_plan

SETTLED_SHARE = 0.02
"""Of the rating: nearer to the end value than this is settled."""
STEP_S = 120
RUN_S = 360
DEAD_BAND_KW = 1.0
CELLS = tuple(
    Cell(
        meter_delay_s=meter,
        inverter_delay_s=inverter,
        ramp_share_per_s=ramp,
        dead_band_kw=DEAD_BAND_KW,
    )
    for meter, inverter, ramp in product((0, 2, 5, 15), (0, 1, 5), (0.1, 1.0))
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the load and the limits it runs into; kW."""

    name: str
    before_kw: float
    after_kw: float
    limits_kw: tuple[float, float] = (1000.0, 1000.0)
    peak_kw: float | None = None
    """Planned billed peak."""

    def load(self, second: int) -> float:
        return self.before_kw if second < STEP_S else self.after_kw


STEPS = (
    Step(name="import limit", before_kw=80, after_kw=160, limits_kw=(100, 1000)),
    Step(name="release", before_kw=160, after_kw=110, limits_kw=(100, 1000)),
    Step(name="zero export", before_kw=20, after_kw=-60, limits_kw=(1000, 0)),
    Step(name="billed block", before_kw=95, after_kw=160, peak_kw=100),
)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one step; shares of the rating, but the overshoot a share of the answer."""

    settling_dead_times: float
    """From the step until it stays settled, without the time the ramp itself takes."""
    overshoot_share: float
    limit_cycle_share: float
    """Amplitude from three dead times after the step on."""


def answered(cell: Cell, step: Step) -> Figures:
    """The figures of one cell and one step, after a step of the plan that shows the meter's lag."""
    plan = teaching_plan(step.peak_kw)
    return figures(cell, run(cell, step.load, RUN_S, plan, step.limits_kw))


def answered_cold(cell: Cell, step: Step) -> Figures:
    """The same for the first step that the battery ever makes."""
    plan = flat_plan(peak_kw=step.peak_kw)
    return figures(cell, run(cell, step.load, RUN_S, plan, step.limits_kw))


def figures(cell: Cell, course: Course) -> Figures:
    """How the battery's power went after the step."""
    powers = course.battery_kw
    end_kw = sum(powers[-30:]) / 30
    answer_kw = end_kw - powers[STEP_S - 1]
    ramp_s = abs(answer_kw) / (cell.ramp_share_per_s * RATED_KW)
    away = [abs(kw - end_kw) > SETTLED_SHARE * RATED_KW for kw in powers]
    last = max((second for second, off in enumerate(away) if off), default=STEP_S - 1)
    sign = 1.0 if answer_kw > 0 else -1.0
    beyond_kw = max(sign * (kw - end_kw) for kw in powers[STEP_S:])
    tail = powers[int(STEP_S + 3 * cell.dead_time_s + ramp_s) + 1 :]
    return Figures(
        settling_dead_times=max(0.0, last + 1 - STEP_S - ramp_s) / cell.dead_time_s,
        overshoot_share=max(0.0, beyond_kw) / abs(answer_kw),
        limit_cycle_share=(max(tail) - min(tail)) / 2 / RATED_KW,
    )


def noise_kw(seed: int, seconds: int, spread_kw: float, kept: float) -> list[float]:
    """First-order noise of that standard deviation; `kept` is what a second leaves of it."""
    draw, level, found = random.Random(seed), 0.0, []  # noqa: S311 - a load, not a secret
    fresh_kw = spread_kw * (1 - kept * kept) ** 0.5
    for _ in range(seconds):
        level = kept * level + draw.gauss(0.0, fresh_kw)
        found.append(level)
    return found


def swing_beyond_load(cell: Cell, spread_kw: float, kept: float, step: Step) -> float:
    """Share of the rating by which the battery swings wider than the noisy load makes it."""
    noise = noise_kw(7, 780, spread_kw, kept)
    plan = flat_plan(peak_kw=step.peak_kw)
    course = run(cell, lambda now: step.load(now) + noise[now], 780, plan, step.limits_kw)
    own, other = course.battery_kw[160:], course.load_kw[160:]
    return max(0.0, (max(own) - min(own)) - (max(other) - min(other))) / 2 / RATED_KW
