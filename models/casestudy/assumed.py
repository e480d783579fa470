"""What a study had to assume, each with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field

SIZING = "sizing: "
"""Before what was assumed for the year that sizing looks at."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing the caller did not give."""

    what: str
    """Part and parameter, or the modelling choice."""
    value: str
    source: str

    def __str__(self) -> str:
        return f"{self.what}: {self.value} ({self.source})"


@dataclass(slots=True)
class Assumed:
    """The list under construction, each thing once."""

    found: dict[str, Assumption] = field(default_factory=dict)

    def add(self, what: str, value: str, source: str) -> None:
        """Take note."""
        self.found.setdefault(what, Assumption(what, value, source))

    def all(self) -> tuple[Assumption, ...]:
        """In the order they came up; what sizing assumed just like the plan stands once."""
        return tuple(
            each
            for what, each in self.found.items()
            if (twin := self.found.get(what.removeprefix(SIZING))) is None
            or twin is each
            or twin.value != each.value
        )
