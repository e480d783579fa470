"""The dead-time matrix of the whole chain: the worst of every cell, step and noise."""

from __future__ import annotations

from dead_time_figures import CELLS, STEPS, answered, answered_cold, swing_beyond_load

NOISE_KW = 2.0
NOISE_KEPT = (0.0, 0.95)


def matrix(*, full: bool) -> dict[str, float]:
    """Maxima over meter delay x inverter delay x ramp, each with every step of the load.

    Fast loop, arbiter and guard answer every step twice: as the first one ever, when nothing is
    known of the meter's delay, and after a step of the plan by which it was found.
    """
    first = [answered_cold(cell, step) for cell in CELLS for step in STEPS]
    found = [*first, *(answered(cell, step) for cell in CELLS for step in STEPS)]
    noisy = [step for step in STEPS if step.name in {"import limit", "billed block"}]
    cells = CELLS if full else CELLS[1::4]
    swings = [
        swing_beyond_load(cell, NOISE_KW, kept, step)
        for cell in cells
        for step in noisy
        for kept in NOISE_KEPT
    ]
    still = [one.limit_cycle_share for one in found]
    return {
        "limit_cycle_share_max": round(max(*still, *swings), 4),
        "overshoot_share_max": round(max(one.overshoot_share for one in found), 4),
        "first_step_overshoot_share": round(max(one.overshoot_share for one in first), 4),
        "settling_dead_times_max": round(max(one.settling_dead_times for one in found), 2),
    }
