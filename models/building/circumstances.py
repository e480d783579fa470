"""What happens to the hotel from outside: people, protection, the grid operator."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Circumstances:
    """As they stand now; the plant lives in them from the next substep on."""

    single_phase_kw: float = 0.0
    """Consumption on the first phase alone, beside the hotel's own."""
    three_phase_kw: float = 0.0
    """Consumption on all phases alike, beside the hotel's own."""
    relays: dict[str, bool] = field(default_factory=dict)
    """Contacts others open and close, by name; true = closed."""
