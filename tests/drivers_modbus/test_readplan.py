"""The read planner: every span served once and whole, nothing merged over a hole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.readplan import Block, Function, Limits, Span, bisect, plan

SPANS = st.builds(
    Span,
    st.sampled_from(Function),
    st.integers(0, 400),
    st.integers(1, 4),
    st.booleans(),
)


def hold(address: int, count: int = 2, *, alone: bool = False) -> Span:
    return Span(Function.HOLDING, address, count, alone)


@given(st.lists(SPANS, max_size=40), st.lists(SPANS, max_size=4), st.integers(4, 60))
def test_plans_keep_the_rules(spans: list[Span], holes: list[Span], max_block: int) -> None:
    limits = Limits(max_block=max_block, max_gap=8)
    blocks = plan(spans, limits, holes)
    served = [span for block in blocks for span in block.spans]
    assert sorted(served) == sorted(set(spans))
    for block in blocks:
        assert block.area.count <= max_block
        assert all(block.area.covers(span) for span in block.spans)
        if len(block.spans) > 1:
            assert not any(span.alone for span in block.spans)
            assert not any(block.area.overlaps(hole) for hole in holes)
            ends = sorted(block.spans)
            assert all(
                b.address - max(a.end for a in ends[: i + 1]) <= 8 for i, b in enumerate(ends[1:])
            )


@pytest.mark.parametrize(
    ("spans", "areas"),
    [
        ([hold(0), hold(2)], [(0, 4)]),
        ([hold(0), hold(10)], [(0, 12)]),
        ([hold(0), hold(11)], [(0, 2), (11, 2)]),
        ([hold(0), hold(2, alone=True), hold(4)], [(0, 2), (2, 2), (4, 2)]),
        ([hold(0), Span(Function.INPUT, 2, 2)], [(0, 2), (2, 2)]),
        ([hold(0, 20), hold(5, 2)], [(0, 20)]),
        ([hold(0, 12), hold(12, 12)], [(0, 12), (12, 12)]),
    ],
)
def test_blocks(spans: list[Span], areas: list[tuple[int, int]]) -> None:
    blocks = plan(spans, Limits(max_block=20, max_gap=8))
    assert [(block.area.address, block.area.count) for block in blocks] == areas


def test_a_span_too_wide_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.\.40"):
        plan([hold(0, 41)], Limits(max_block=40))


def test_bisect_halves_to_single_spans() -> None:
    (block,) = plan([hold(0), hold(4), hold(8)])
    halves = bisect(block)
    assert halves is not None
    assert [half.spans for half in halves] == [(hold(0),), (hold(4), hold(8))]
    assert halves[1].area == hold(4, 6)
    assert bisect(Block(area=hold(0), spans=(hold(0),))) is None
