"""Dataclasses as JSON without a library: what is written is read, and nothing else."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from plans import NOON, plan

from edge_agent.plain_json import Json, JsonError
from edge_agent.plan_lines import ANSWER, REQUEST
from edge_agent.plan_words import PlanAnswer, PlanRequest, Reality
from models.types import BatteryState, DemandTerm, Reason, ReasonCode, ShedState, ZoneState


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    name: str
    share: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    at: datetime
    count: int
    sure: bool
    colour: Colour
    inner: Inner | None
    many: tuple[Inner, ...] = ()
    pair: tuple[str, float] = ("", 0.0)
    series: dict[str, tuple[float | None, ...]]


WHOLE = Outer(
    at=datetime(2026, 3, 29, 1, 30, 0, 250_000, UTC),
    count=-3,
    sure=True,
    colour=Colour.GREEN,
    inner=Inner(name="Küche \n", share=1e-12),
    many=(Inner(name="a"), Inner(name="b")),
    pair=("x", 2.0),
    series={"load": (1.0, None, 0.1), "pv": ()},
)
OUTER = Json(Outer)
MINIMAL = {
    "at": "2026-01-01T00:00:00Z", "count": 1, "sure": False, "colour": "red", "inner": None,
    "series": {},
}  # fmt: skip


def test_half_a_surrogate_pair_is_written_as_an_escape() -> None:
    odd = replace(WHOLE, inner=Inner(name="a\ud800b"))
    assert OUTER.validate_json(OUTER.dump_json(odd)) == odd


def test_what_is_written_is_read() -> None:
    assert OUTER.validate_json(OUTER.dump_json(WHOLE)) == WHOLE
    assert b"\n" not in OUTER.dump_json(WHOLE)
    assert "Küche".encode() in OUTER.dump_json(WHOLE)


def test_what_is_missing_has_its_default_and_what_is_not_known_is_passed_over() -> None:
    found = OUTER.validate_json(json.dumps(MINIMAL | {"newer": [1]}))
    assert (found.many, found.pair, found.inner) == ((), ("", 0.0), None)
    assert found.at == datetime(2026, 1, 1, tzinfo=UTC)


def test_times_become_utc_and_whole_numbers_numbers() -> None:
    there = WHOLE.at.astimezone(timezone(timedelta(hours=2)))
    assert OUTER.validate_json(OUTER.dump_json(replace(WHOLE, at=there))).at.tzinfo is UTC
    assert Json(Inner).validate_json('{"name": "", "share": 2}').share == 2.0


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("at", "2026-01-01T00:00:00"),
        ("at", "yesterday"),
        ("at", 5),
        ("count", 1.5),
        ("count", True),
        ("sure", 1),
        ("colour", "blue"),
        ("inner", {"share": 1}),
        ("inner", {"name": "", "share": "1"}),
        ("inner", {"name": "", "share": None}),
        ("inner", {"name": "", "share": True}),
        ("inner", {"name": "", "share": 10**400}),
        ("inner", []),
        ("many", {}),
        ("many", ["a"]),
        ("pair", ["x"]),
        ("pair", ["x", 1, 2]),
        ("series", [[1]]),
        ("series", {"load": [math.nan]}),
        ("series", {"load": [math.inf]}),
    ],
)
def test_what_is_not_of_the_type_is_refused_by_the_name_of_its_field(
    key: str, given: object
) -> None:
    with pytest.raises(JsonError, match=r"\w"):
        OUTER.validate_json(json.dumps(MINIMAL | {key: given}))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", '"x"', b"\xff\xfe{", "[" * 100_000, '{"at": 1e999}', "1" * 5000],
)
def test_what_is_no_such_text_is_refused(text: str | bytes) -> None:
    with pytest.raises(JsonError):
        OUTER.validate_json(text)


def test_the_refusal_says_where() -> None:
    wrong = MINIMAL | {"inner": {"name": "x", "share": "much"}}
    with pytest.raises(JsonError, match="inner: share: no number"):
        OUTER.validate_json(json.dumps(wrong))
    with pytest.raises(JsonError, match="Outer: count, sure is missing"):
        OUTER.validate_json(json.dumps({k: v for k, v in MINIMAL.items() if k[0] not in "cs"} | {
            "colour": "red", "series": {}
        }))  # fmt: skip


def test_a_number_that_is_none_is_written_as_null() -> None:
    odd = replace(WHOLE, series={"load": (math.nan, math.inf, 1.0)})
    assert json.loads(OUTER.dump_json(odd))["series"]["load"] == [None, None, 1.0]
    assert json.loads(OUTER.dump_json(odd))["inner"]["name"] == "Küche \n"


def test_a_type_that_is_not_foreseen_is_an_error_of_the_programme() -> None:
    @dataclass(frozen=True)
    class Odd:
        numbers: list[float]

    with pytest.raises(TypeError, match="list"):
        Json(Odd)
    with pytest.raises(TypeError, match="object"):
        OUTER.dump_json(replace(WHOLE, inner=object()))  # type: ignore[arg-type]


def request() -> PlanRequest:
    """Something in every field."""
    reality = Reality(
        at=NOON,
        batteries=(BatteryState(id="bat", soc_kwh=41.5),),
        zones=(ZoneState(id="hall", temperature_c=None),),
        demand_terms=(DemandTerm(id="peak", price_per_kw=2.0, peak_so_far_kw=90.0),),
        empty_zones=("hall",),
        reasons=(Reason(code=ReasonCode.INPUT_STALE, text="älter"),),
        missing=("a.b",),
        sheds=(ShedState(id="sauna"),),
        circuit_loads_kw=(("wing", 3.0),),
        last_kw=(("bat", (1.0, -2.0)),),
    )
    return PlanRequest(id=7, reality=reality, budget_s=2.5)


def test_agent_and_worker_read_each_others_questions() -> None:
    asked, light = request(), Json(PlanRequest)
    assert light.validate_json(REQUEST.dump_json(asked)) == asked
    assert REQUEST.validate_json(light.dump_json(asked)) == asked


def test_agent_and_worker_read_each_others_answers() -> None:
    answer, light = PlanAnswer(id=7, plan=plan(), rss_mb=55.5), Json(PlanAnswer)
    assert light.validate_json(ANSWER.dump_json(answer)) == answer
    assert ANSWER.validate_json(light.dump_json(answer)) == answer
    assert json.loads(light.dump_json(answer)) == json.loads(ANSWER.dump_json(answer))
