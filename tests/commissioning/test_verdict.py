"""What a movement at the meter says about how it is wired."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.commissioning.report import Finding
from edge_agent.commissioning.verdict import Moved, judge, mean, wrong_phases

CASES = [
    (12.5, 12.3, Finding.PASSED, "the meter moved by +12.3 kW when +12.5 kW was asked"),
    (-12.5, -9.5, Finding.PASSED, "-9.5 kW"),
    (12.5, -12.1, Finding.SIGN, "the meter moved by -12.1 kW when +12.5 kW was asked: CT turned "
     "or sign wrong"),
    (-12.5, 12.1, Finding.SIGN, "CT turned or sign wrong"),
    (12.5, 0.4, Finding.NO_MOVE, "not measured there"),
    (12.0, 4.0, Finding.SIZE, "one of three CTs may be turned"),
    (12.0, 8.0, Finding.SIZE, "one of three phases may not be measured"),
    (12.0, 1200.0, Finding.SIZE, "wrong by a factor of about 100: CT ratio or unit"),
    (12.0, 21.0, Finding.SIZE, "CT ratio, or not all of it is behind this meter"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "moved", "finding", "says"), CASES)
def test_each_kind_of_wiring_has_its_sentence(
    asked: float, moved: float, finding: Finding, says: str
) -> None:
    found, sentence = judge(Moved(asked_kw=asked, moved_kw=moved), "the meter")
    assert found is finding
    assert says in sentence


def test_loads_that_move_by_themselves_hide_a_step() -> None:
    found, sentence = judge(Moved(asked_kw=12.0, moved_kw=12.0, noise_kw=6.5), "the meter")
    assert found is Finding.RESTLESS
    assert "try again at a quieter hour" in sentence


def test_the_phase_with_the_turned_transformer_is_named() -> None:
    moved = Moved(asked_kw=12.0, moved_kw=4.0, phases_kw={"L1": 4.0, "L2": -4.0, "L3": 4.0})
    assert wrong_phases(moved) == ("L2",)
    assert "the CT of L2 is turned" in judge(moved, "the meter")[1]
    two = Moved(asked_kw=12.0, moved_kw=-4.0, phases_kw={"L1": -4.0, "L2": -4.0, "L3": 4.0})
    assert "the CT of L1 and L2 is turned" in judge(two, "the meter")[1]


def test_all_three_turned_is_one_sign() -> None:
    moved = Moved(asked_kw=12.0, moved_kw=-12.0, phases_kw=dict.fromkeys(("L1", "L2", "L3"), -4.0))
    assert judge(moved, "the meter")[1].endswith("CT turned or sign wrong")


@given(asked=st.floats(0.5, 500), share=st.floats(-3, 3))
def test_only_what_moved_as_asked_passes(asked: float, share: float) -> None:
    for sign in (1, -1):
        moved = Moved(asked_kw=sign * asked, moved_kw=sign * asked * share)
        found, _ = judge(moved, "it")
        off_kw = abs(share - 1) * asked
        if abs(off_kw - moved.tolerance_kw) > 1e-6:
            assert (found is Finding.PASSED) == (off_kw < moved.tolerance_kw)
        if share < -0.3:
            assert found is Finding.SIGN


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no value"):
        mean([])
