"""The four byte orders side by side: hand-encoded registers of 230.2 V in a float32."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drivers.codec import Order
from drivers.profile import RegisterProfile, load_profile
from drivers.types import Quality, Reading
from edge_agent.commissioning.orders import believable, order_views

# 230.2 = 0x43663333
RAW = {
    Order.ABCD: (0x4366, 0x3333),
    Order.CDAB: (0x3333, 0x4366),
    Order.BADC: (0x6643, 0x3333),
    Order.DCBA: (0x3333, 0x6643),
}


def sdm630() -> RegisterProfile:
    profile = load_profile("eastron_sdm630")
    assert isinstance(profile, RegisterProfile)
    return profile


def read_as(raw: tuple[int, ...], point: str = "voltage_l1") -> Reading:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    return Reading(
        device="meter", point=point, value=None, unit="V", at=at, quality=Quality.BAD, raw=raw
    )


@pytest.mark.parametrize("order", list(Order))
def test_the_right_order_is_among_the_likely_ones(order: Order) -> None:
    (view,) = order_views(sdm630(), [read_as(RAW[order])])
    assert view.configured is Order.ABCD
    assert view.values[order] == pytest.approx(230.2, abs=1e-4)
    assert order in view.likely


def test_a_single_register_has_no_order() -> None:
    assert order_views(sdm630(), [read_as((1,))]) == ()
    assert order_views(sdm630(), [read_as((1, 2), "no_such_point")]) == ()


@pytest.mark.parametrize(
    ("value", "unit", "good"),
    [(50.0, "Hz", True), (0.0, "kW", True), (None, "kW", False), (1e-38, "V", False),
     (2e7, "kW", False), (float("inf"), "", False), (5.0, "Hz", False)],
)  # fmt: skip
def test_bit_salad_is_not_believed(value: float | None, unit: str, good: bool) -> None:  # noqa: FBT001
    assert believable(value, unit) is good
