"""How large batteries and PV plants are: what exists, plus what a study has decided to buy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sizes:
    """New capacity by the name of its part; none by default."""

    battery_kwh: dict[str, float] = field(default_factory=dict)
    pv_kwp: dict[str, float] = field(default_factory=dict)
