"""Droop support: which power answers which frequency, what is logged, what is given back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dead_time_rig import NOON
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.fastloop.droop import Answer, Deviation, DroopSettings, DroopState, answer
from edge_agent.fastloop.frequency_meter import FrequencyMeter, observed, refusal

SETTINGS = DroopSettings(reserve_kw=50.0, reserve_kwh=1.0)
ROOM = (-100.0, 100.0)


def played(
    runs: list[tuple[float | None, float]],
    settings: DroopSettings = SETTINGS,
    room_kw: tuple[float, float] = ROOM,
) -> tuple[DroopState, list[Answer]]:
    """Readings every half second: (Hz, for how many seconds)."""
    state, answers, now = DroopState(), [], NOON
    for frequency_hz, seconds in runs:
        for _ in range(round(2 * seconds)):
            state, given_ = answer(settings, state, frequency_hz, now, room_kw)
            answers.append(given_)
            now += timedelta(seconds=0.5)
    return state, answers


@pytest.mark.parametrize(
    ("frequency_hz", "power_kw"),
    [
        (50.0, 0),
        (49.98, 0),
        (50.02, 0),
        (49.89, -25),
        (50.11, 25),
        (49.8, -50),
        (49.0, -50),
        (50.2, 50),
        (51.5, 50),
        (None, 0),
    ],
)
def test_the_droop_line(frequency_hz: float | None, power_kw: float) -> None:
    _, (given_,) = played([(frequency_hz, 0.5)])
    assert given_.power_kw == pytest.approx(power_kw)


def test_each_deviation_is_logged_once_with_its_numbers() -> None:
    _, answers = played([(50.0, 5), (49.9, 30), (49.8, 6), (50.0, 5), (50.1, 1), (50.0, 1)])
    ended = [given_.ended for given_ in answers if given_.ended is not None]
    assert [deviation.worst_hz for deviation in ended] == [49.8, 50.1]
    first = ended[0]
    assert (first.start, first.end) == (NOON + timedelta(seconds=5), NOON + timedelta(seconds=41))
    assert first.largest_kw == -50
    assert first.energy_kwh == pytest.approx(-(50 * 0.08 / 0.18 * 30 + 50 * 6) / 3600)
    assert not first.spent


def test_the_energy_is_given_back_after_a_rest_and_slowly() -> None:
    low, rest = (49.8, 20.0), SETTINGS.rest_s
    before, answers = played([low, (50.0, rest)])
    assert before.owed_kwh == pytest.approx(-50 * 20 / 3600)
    assert [given_.power_kw for given_ in answers[-2:]] == [0, 0]
    after, answers = played([low, (50.0, rest + 300)])
    assert max(given_.power_kw for given_ in answers) == pytest.approx(5.0)
    assert after.owed_kwh == pytest.approx(0.0, abs=1e-4)
    assert answers[-1].power_kw == 0


def test_a_new_deviation_begins_the_rest_anew() -> None:
    _, answers = played([(49.8, 20), (50.0, 50), (49.8, 1), (50.0, 59)])
    assert answers[-1].power_kw == 0
    _, answers = played([(49.8, 20), (50.0, 50), (49.8, 1), (50.0, 61)])
    assert answers[-1].power_kw == 5


def test_the_reserve_is_spent_and_no_more() -> None:
    state, answers = played([(49.8, 120)])
    assert state.owed_kwh == pytest.approx(-1.0, abs=50 * 0.5 / 3600)
    assert answers[-1].power_kw == 0
    assert isinstance(state.open, Deviation)
    assert state.open.spent
    _, answers = played([(49.8, 120), (50.2, 1)])
    assert answers[-1].power_kw == 50  # the other direction is still whole


def test_a_battery_without_room_says_so_in_the_log() -> None:
    _, answers = played([(49.8, 2), (50.0, 1)], room_kw=(-10.0, 100.0))
    assert answers[0].power_kw == -10
    ended = [given_.ended for given_ in answers if given_.ended is not None]
    assert [deviation.spent for deviation in ended] == [True]


def test_without_frequency_nothing_is_answered() -> None:
    state, answers = played([(49.8, 2), (None, 1), (49.8, 1)])
    assert [given_.power_kw for given_ in answers] == [-50] * 4 + [0, 0] + [-50] * 2
    assert [given_.ended is not None for given_ in answers] == [False] * 4 + [True] + [False] * 3
    assert state.open is not None


def test_a_gap_between_readings_is_not_counted_as_answered() -> None:
    state, _ = answer(SETTINGS, DroopState(), 49.8, NOON, ROOM)
    state, _ = answer(SETTINGS, state, 49.8, NOON + timedelta(hours=1), ROOM)
    assert state.owed_kwh == pytest.approx(-50 * 2 / 3600)


@given(st.lists(st.one_of(st.none(), st.floats(40, 60)), max_size=60))
def test_never_more_than_the_reserve(frequencies_hz: list[float | None]) -> None:
    settings = DroopSettings(reserve_kw=50.0, reserve_kwh=0.05, rest_s=1.0)
    state, answers = played([(hz, 0.5) for hz in frequencies_hz], settings)
    assert all(abs(given_.power_kw) <= 50 for given_ in answers)
    assert abs(state.owed_kwh) <= 0.05 + 50 * 0.5 / 3600


@pytest.mark.parametrize(
    ("resolution_hz", "every_s", "word"),
    [
        (0.001, 0.2, None),
        (0.010, 0.5, None),
        (0.011, 0.5, "resolves 11 mHz"),
        (0.1, 0.1, "resolves 100 mHz"),
        (0.010, 0.6, "read every 0.6 s"),
        (0.001, 60.0, "read every 60.0 s"),
    ],
)
def test_which_meters_are_refused(resolution_hz: float, every_s: float, word: str | None) -> None:
    why = refusal(FrequencyMeter(resolution_hz=resolution_hz, every_s=every_s))
    assert why is None if word is None else word in (why or "")


@pytest.mark.parametrize(
    ("resolution_hz", "every_s"), [(0.001, 0.5), (0.01, 0.5), (0.1, 0.5), (0.01, 5.0)]
)
def test_a_meter_is_known_by_its_readings(resolution_hz: float, every_s: float) -> None:
    wander = [50 + resolution_hz * ((7 * i) % 11 - 5) for i in range(40)]
    samples = [(NOON + timedelta(seconds=every_s * i), hz) for i, hz in enumerate(wander)]
    meter = observed(samples)
    assert meter is not None
    assert (meter.resolution_hz, meter.every_s) == pytest.approx((resolution_hz, every_s))
    assert (refusal(meter) is None) is (resolution_hz <= 0.01 and every_s <= 0.5)


def test_too_little_is_no_knowledge() -> None:
    flat = [(NOON + timedelta(seconds=i), 50.0) for i in range(100)]
    assert observed(flat) is None
    assert observed(flat[:5]) is None
    assert "too few" in (refusal(None) or "")
