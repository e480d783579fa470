"""What we hold of one BACnet point, and whether somebody else has changed it behind our back."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.contention import Contention

SLOT_NAMES = {
    1: "manual life safety",
    2: "automatic life safety",
    5: "critical equipment control",
    6: "minimum on/off",
    8: "manual operator",
}
"""The uses ASHRAE 135 gives to slots of a priority array; the others belong to the site."""


def slot_name(slot: int) -> str:
    """`slot 8 (manual operator)`."""
    return f"slot {slot} ({SLOT_NAMES[slot]})" if slot in SLOT_NAMES else f"slot {slot}"


@dataclass(slots=True)
class Claim:
    """One point between our first write and its release; values in the house's unit.

    `ours` are the values that may stand because of us: the verified one, and one whose outcome is
    not known yet. `foreign` is what somebody else put in its place.
    """

    tolerance: float
    ours: tuple[float, ...] = ()
    foreign: float | None = None
    contention: Contention = field(default_factory=Contention)
    _since_s: float | None = None

    def written(self, value: float) -> None:
        """A frame with `value` is about to leave."""
        self.ours = (*self.ours, value)
        self.foreign = None

    def verified(self, value: float, now_s: float) -> None:
        """`value` was read back at `now_s`."""
        self._count(now_s)
        self.ours = (value,)
        self._since_s = now_s

    def look(self, standing: float | None, now_s: float) -> bool:
        """Whether `standing` (None: nothing) was put there by somebody else while we held it.

        An empty slot is none: a device that restarted has forgotten it. It counts as a change.
        """
        if not self.ours or self.is_ours(standing):
            return False
        if standing is not None and self.foreign is None:
            self.foreign = standing
            self.lost(now_s)
        elif standing is None:
            self.lost(now_s)
        return standing is not None

    def took(self, standing: float, now_s: float) -> None:
        """Somebody put `standing` there right after we wrote."""
        self.ours = tuple(one for one in self.ours if not self._near(one, standing))
        self.foreign = standing
        self.lost(now_s)

    def lost(self, now_s: float) -> None:
        """Count a change against us, once for each time we held the point."""
        if self._since_s is not None:
            self._count(now_s)
            self._since_s = None
            self.contention = self.contention.changed(now_s)

    def released(self, now_s: float) -> None:
        """We gave the point back, or left it to who took it."""
        self._count(now_s)
        self._since_s = None
        self.ours = ()

    def is_ours(self, standing: float | None) -> bool:
        """Whether `standing` is a value we wrote."""
        return standing is not None and any(self._near(standing, value) for value in self.ours)

    def is_foreign(self, standing: float | None) -> bool:
        """Whether `standing` is what somebody else was seen to put there."""
        if standing is None:
            return False
        if self.ours:
            return not self.is_ours(standing)
        return self.foreign is not None and self._near(standing, self.foreign)

    def _near(self, one: float, other: float) -> bool:
        return abs(one - other) <= self.tolerance

    def _count(self, now_s: float) -> None:
        if self._since_s is not None:
            self.contention = self.contention.held(now_s - self._since_s)
            self._since_s = now_s
