"""How much later an effect is seen than its cause, found from the steps we make ourselves. Pure.

Every candidate lag is scored by how badly the cause, moved by it, explains the change of the
effect. Only moments in which the cause moved say anything, so a quiet plant costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.fastloop.trace import Trace

EARLIEST_S = 6
"""So much before its cause an effect may be seen: a battery may tell of itself that late."""
CANDIDATES_S = tuple(range(-EARLIEST_S, 46))
LONGEST_S = float(CANDIDATES_S[-1])
ASSUMED_S = 30.0
"""Longest lag counted with while it is not known."""
RAREST_S = 15.0
"""Readings farther apart cannot tell lags apart."""
FORGET = 0.998
"""Weight of what was seen before, per sample that tells something: a load that moves by chance
when a candidate says so is outweighed by the steps before."""
ENOUGH_SHARE = 0.05
"""Cause and effect must have moved by so much of the rating before a lag is believed."""
CLEAR_TIMES = 4.0
"""What a lag explains must be so much larger than the effect's usual jump."""
EXPLAINED_SHARE = 0.35
"""A lag is only believed when it leaves less of what the effect did unexplained."""
ALIKE_SHARE = 0.1
"""Candidates whose score differs by less of the movement cannot be told apart."""
STILL_SHARE = 0.005
"""Movement of the cause below this share of the rating is no movement."""
NO_COMMANDS = Trace()


@dataclass(frozen=True, slots=True)
class Scale:
    """What is large here: the cause's rating, and how far the effect jumps by itself; kW."""

    rated_kw: float
    jitter_kw: float


@dataclass(frozen=True, slots=True)
class Lag:
    """What is known of one lag; `scores` are kW^2, one per candidate, `moved` the cause's own."""

    scores: tuple[float, ...] = (0.0,) * len(CANDIDATES_S)
    moved: float = 0.0
    bare: float = 0.0
    """The score of no connection at all: a candidate must do better."""
    low_s: float = -EARLIEST_S
    high_s: float = ASSUMED_S
    known: bool = False


def learned(
    lag: Lag,
    cause: Trace,
    span_s: tuple[float, float],
    change_kw: float,
    scale: Scale,
    commands: Trace = NO_COMMANDS,
) -> Lag:
    """Take one change of the effect between two of its readings, EARLIEST_S after the second.

    What nothing of ours came before, neither a movement nor a command, is not ours.
    """
    before_s, at_s = span_s
    if not 0 < at_s - before_s <= RAREST_S:
        return lag
    from_s, still_kw = before_s - LONGEST_S, STILL_SHARE * scale.rated_kw
    # A command of this very moment is the answer to the reading.
    ours_kw = max(cause.spread(from_s, at_s), commands.spread(from_s, before_s))
    if ours_kw < still_kw:
        return lag
    steps = [cause.at(at_s - lag_s) - cause.at(before_s - lag_s) for lag_s in CANDIDATES_S]
    largest = max(step * step for step in steps)
    if largest < still_kw * still_kw:
        return lag
    # One disturbance far larger than our own step must not drown what was learned.
    limit = 4.0 * largest
    scores = tuple(
        FORGET * score + min(limit, (change_kw - step) ** 2)
        for score, step in zip(lag.scores, steps, strict=True)
    )
    moved = FORGET * lag.moved + largest
    bare = FORGET * lag.bare + min(limit, change_kw * change_kw)
    return _judged(replace(lag, scores=scores, moved=moved, bare=bare), scale)


def _judged(lag: Lag, scale: Scale) -> Lag:
    """With the candidates the scores leave; what was known stays where they say nothing new."""
    best = min(lag.scores)
    enough = max((ENOUGH_SHARE * scale.rated_kw) ** 2, (CLEAR_TIMES * scale.jitter_kw) ** 2)
    if lag.moved < enough or lag.bare - best < enough or best > EXPLAINED_SHARE * lag.bare:
        return lag
    alike = best + ALIKE_SHARE * (lag.bare - best)
    likely = [s for s, score in zip(CANDIDATES_S, lag.scores, strict=True) if score <= alike]
    return replace(lag, low_s=likely[0] - 1.0, high_s=likely[-1] + 1.0, known=True)
