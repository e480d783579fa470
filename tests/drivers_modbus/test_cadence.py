"""Groups by cadence, staggered starts, and how busy a serial bus will be."""

from __future__ import annotations

from collections import Counter

import pytest

from drivers.bus_load import BUSY_WARNING_SHARE, BusLoad, bus_busy_share, request_s
from drivers.cadence import Schedule, stagger_s
from drivers.modbus_readout import prepare
from drivers.modbus_tty import Line
from drivers.profile import RegisterProfile, load_profile
from drivers.readplan import Block, Function, Span
from drivers.types import Cadence, Point


def point(name: str, cadence: Cadence) -> Point:
    return Point(device="d", name=name, unit="kW", cadence=cadence)


POINTS = [point(cadence.value, cadence) for cadence in Cadence]


def test_each_group_keeps_its_own_beat() -> None:
    schedule = Schedule(POINTS, poll_s=4.0)
    assert schedule.beat_s == 1.0
    read: Counter[str] = Counter()
    for second in range(400):
        read.update(schedule.due(float(second)))
    assert read == {"fast": 400, "normal": 100, "slow": 10, "once": 1}


def test_a_late_beat_is_not_made_up_for() -> None:
    schedule = Schedule(POINTS, poll_s=4.0)
    schedule.due(0.0)
    assert schedule.due(9.5) == ("fast", "normal")
    assert schedule.due(9.9) == ()
    assert schedule.due(10.0) == ("fast",)
    assert schedule.due(12.0) == ("fast", "normal")


def test_a_device_of_one_cadence_has_its_beat() -> None:
    assert Schedule(POINTS[1:2], poll_s=4.0).beat_s == 4.0
    assert Schedule([], poll_s=4.0).due(0.0) == ()


def test_devices_of_a_link_start_one_after_the_other() -> None:
    assert [stagger_s(index, 4, 60.0) for index in range(4)] == [0.0, 15.0, 30.0, 45.0]


def block(count: int) -> Block:
    span = Span(Function.HOLDING, 0, count)
    return Block(area=span, spans=(span,))


def test_the_time_of_a_request_on_the_wire() -> None:
    line = Line(path="/dev/ttyX", baudrate=9600, parity="E")
    bytes_sent = 8 + 5 + 80
    silence_s = 2 * 3.5 * 11 / 9600
    assert request_s(block(40), line, 0.02) == pytest.approx(
        bytes_sent * 11 / 9600 + silence_s + 0.02
    )


@pytest.mark.parametrize(("baudrate", "busy"), [(9600, True), (115_200, False)])
def test_ten_meters_each_second_are_too_much_for_9600_baud(baudrate: int, *, busy: bool) -> None:
    profile = load_profile("eastron_sdm630")
    assert isinstance(profile, RegisterProfile)
    job = prepare(profile, profile.describe("m"), (), profile.max_block)
    blocks = tuple(request.block for request in job.requests)
    loads = [BusLoad(blocks=blocks, period_s=2.0) for _ in range(10)]
    share = bus_busy_share(loads, Line(path="/dev/ttyX", baudrate=baudrate))
    assert (share > BUSY_WARNING_SHARE) is busy


def test_a_hole_can_be_kept_as_data() -> None:
    span = Span(Function.INPUT, 92, 2)
    assert Span.from_data(list(span.as_data())) == span
    with pytest.raises(ValueError, match="9"):
        Span.from_data([9, 0, 1])
