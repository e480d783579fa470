"""From points to requests to readings: one request for neighbours, and readings like any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus import ModbusDevice, ModbusLink
from drivers.modbus_readout import NO_VALUE, prepare
from drivers.modbus_unit import good, no_value
from drivers.profile import RegisterProfile
from drivers.readplan import Function, Span
from drivers.types import Quality
from edge_agent.clock import SystemClock
from tests.drivers_modbus.rig import RawServer, by_point

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TYPES = ["uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
WIDTHS = {"16": 1, "32": 2, "64": 4}


def profile(kinds: list[str], gaps: list[int], **more: object) -> RegisterProfile:
    """Points p0, p1, ... of these types one behind the other, with gaps between."""
    points: dict[str, dict[str, object]] = {}
    address = 0
    for number, (kind, gap) in enumerate(zip(kinds, gaps, strict=True)):
        point: dict[str, object] = {"address": address, "unit": "kW", "type": kind, "scale": 0.1}
        if kind == "uint16" and number % 2:
            point["sentinels"] = [0xFFFF]
        points[f"p{number}"] = point
        address += WIDTHS[kind[-2:]] + gap
    head = {
        "kind": "registers",
        "name": "rows",
        "manufacturer": "Test",
        "model": "Rows",
        "source": "https://example.org/rows",
        "hardware_tested": False,
        "type": "uint16",
        "function": "holding",
    }
    return RegisterProfile.model_validate(head | more | {"points": points})


ROWS = st.lists(st.tuples(st.sampled_from(TYPES), st.integers(0, 12)), min_size=1, max_size=30)


@given(ROWS, st.data())
def test_a_block_makes_the_readings_that_the_constructor_makes(
    rows: list[tuple[str, int]], data: st.DataObject
) -> None:
    one = profile([kind for kind, _ in rows], [gap for _, gap in rows])
    job = prepare(one, one.describe("d"), (), one.max_block)
    word = st.sampled_from([0, 1, 0x7F80, 0x7FF0, 0xFFFF]) | st.integers(0, 0xFFFF)
    for request in job.requests:
        area = request.block.area
        registers = tuple(data.draw(st.lists(word, min_size=area.count, max_size=area.count)))
        expected = []
        for point in request.points:
            span = one.span(point.name)
            raw = registers[span.address - area.address : span.end - area.address]
            value = one.encoding(point.name).value(raw)
            expected.append(
                no_value(point, AT, Quality.BAD, NO_VALUE, raw)
                if value is None
                else good(point, AT, value, raw)
            )
        found = request.readings(registers, AT)
        assert found == expected
        assert [list(vars(reading)) for reading in found] == [list(vars(one)) for one in expected]


@given(ROWS, st.sets(st.integers(0, 29)), st.integers(4, 125), st.integers(0, 20))
def test_every_point_of_a_profile_is_served_once_or_absent(
    rows: list[tuple[str, int]], missing: set[int], max_block: int, max_gap: int
) -> None:
    one = profile([kind for kind, _ in rows], [gap for _, gap in rows], max_gap=max_gap)
    points = one.describe("d")
    holes = [one.span(f"p{number}") for number in missing if number < len(rows)]
    job = prepare(one, points, holes, max_block)
    served = [point.name for request in job.requests for point in request.points]
    absent = [point.name for point in job.absent]
    assert sorted(served + absent) == sorted(point.name for point in points)
    assert set(absent) == {f"p{number}" for number in missing if number < len(rows)}
    columns = served + absent
    assert [columns[place] for place in job.places] == [point.name for point in points]
    for request in job.requests:
        assert request.block.area.count <= max_block
        assert not any(request.block.area.overlaps(hole) for hole in holes)


@pytest.mark.parametrize(
    "at", [AT.replace(tzinfo=None), AT.astimezone(timezone(timedelta(hours=1)))]
)
def test_a_time_that_is_not_utc_is_refused(at: datetime) -> None:
    one = profile(["uint16"], [0])
    request = prepare(one, one.describe("d"), (), one.max_block).requests[0]
    with pytest.raises(ValueError, match="aware UTC"):
        request.readings((1,), at)


@pytest.mark.parametrize("scheme", ["tcp", "rtu+tcp"])
async def test_forty_neighbours_are_one_request(
    raw: RawServer, raw_rtu: RawServer, scheme: str
) -> None:
    server = raw_rtu if scheme == "rtu+tcp" else raw
    link = ModbusLink(f"{scheme}://127.0.0.1:{server.port}", timeout_s=1.0, clock=SystemClock())
    device = ModbusDevice("d", link, 1, profile(["uint16"] * 40, [0] * 40), SystemClock())
    readings = by_point(await device.read())
    assert [readings[f"p{n}"].value for n in range(40)] == pytest.approx(
        [n / 10 for n in range(40)]
    )
    assert [(r.function, r.address, r.count) for r in server.requests] == [(3, 0, 40)]
    await link.close()


def test_a_known_hole_splits_the_request() -> None:
    one = profile(["uint16"] * 3, [0] * 3)
    job = prepare(one, one.describe("d"), [Span(Function.HOLDING, 1, 1)], one.max_block)
    assert [r.block.area.address for r in job.requests] == [0, 2]
