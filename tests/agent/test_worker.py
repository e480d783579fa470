"""The planning worker over its pipes, with a real database and a real solver."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from measured_days import FURNISHED, measure
from small_house import furnished, write_site
from worker_scripts import request

from edge_agent.clock import ManualClock
from edge_agent.feeds.book import FeedBook, Provenance, book_path, write_book
from edge_agent.feeds.quantity import Quantity
from edge_agent.feeds.slots import Slot
from edge_agent.plan_lines import ANSWER, REQUEST
from edge_agent.plan_words import PlanRequest
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.store import Store
from edge_agent.worker import CHANGED, main, serve
from edge_agent.worker_answers import Worker
from edge_agent.worker_client import WorkerClient, worker_command
from models.types import BatteryState, DemandTerm, Plan, PlanSource, ReasonCode, ZoneState

CHARGES = "[{id: peak, rate_per_kw: 9.0, interval_min: 15}]"
Pipes = Callable[[bytes], io.BytesIO]
SOLVER = {PlanSource.SOLVER, PlanSource.ROUNDED}


class Place:
    """A site, its state directory and its database."""

    def __init__(self, folder: Path) -> None:
        self.site = write_site(folder, change=furnished)
        self.state = folder / "state"
        self.state.mkdir()
        self.database = self.state / "edge.db"

    @property
    def loaded(self) -> LoadedSite:
        return load_site(self.site)

    @property
    def command(self) -> tuple[str, ...]:
        return worker_command(self.site, self.state, self.database)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
async def client(place: Place) -> AsyncIterator[WorkerClient]:
    made = WorkerClient(place.command)
    yield made
    await made.close()


def question(at: datetime, number: int = 1) -> PlanRequest:
    """A battery half full and a room at 23 degC."""
    asked = request(at, number)
    known = replace(
        asked.reality,
        batteries=(BatteryState(id="bat", soc_kwh=50.0),),
        zones=(ZoneState(id="hall", temperature_c=23.0),),
        demand_terms=(DemandTerm(id="peak", price_per_kw=2.0, peak_so_far_kw=90.0),),
    )
    return replace(asked, reality=known)


def check(plan: Plan | None, at: datetime) -> Plan:
    assert plan is not None
    assert plan.source in SOLVER
    assert plan.grid.start == at
    assert [part.id for part in plan.batteries] == ["bat"]
    assert all(10 - 1e-6 <= kwh <= 95 + 1e-6 for kwh in plan.batteries[0].soc_kwh)
    assert max(plan.grid_kw) <= 100 + 1e-6
    return plan


async def test_asked_over_its_pipes_it_refuses_without_load_and_plans_with_history(
    place: Place, client: WorkerClient, clock: ManualClock
) -> None:
    store = await Store.open(place.database, clock)
    await store.close()
    nothing = await client.ask(question(clock.now()))
    assert (nothing.plan, nothing.refusal) == (None, "nothing has been measured yet")
    place.database.unlink()
    at = await measure(place.database, FURNISHED)
    answer = await client.ask(question(at, 2))
    check(answer.plan, at)
    assert client.starts == 1
    assert 20 < client.rss_mb < 400


def test_without_a_database_the_answer_says_so(place: Place, clock: ManualClock) -> None:
    worker = Worker(place.loaded, place.database, place.state / "compiled")
    answer = worker.answer(question(clock.now()))
    assert answer.plan is None
    assert "edge.db" in answer.refusal


async def test_it_keeps_its_optimiser_hot_and_its_cache_warm(place: Place) -> None:
    at = await measure(place.database, FURNISHED)
    worker = Worker(place.loaded, place.database, place.state / "compiled")
    first = check(worker.answer(question(at)).plan, at)
    again = check(worker.answer(question(at, 2)).plan, at)
    assert again.cost.objective == pytest.approx(first.cost.objective, abs=1e-3)
    assert len(list((place.state / "compiled").glob("*.compiled"))) == 1


async def test_questions_in_lines_are_answers_in_lines(place: Place) -> None:
    at = await measure(place.database, FURNISHED)
    worker = Worker(place.loaded, place.database, place.state / "compiled")
    asked = b"".join(REQUEST.dump_json(question(at, number)) + b"\n" for number in (4, 5))
    said = io.BytesIO()
    serve(worker, io.BytesIO(asked), said)
    answers = [ANSWER.validate_json(line) for line in said.getvalue().splitlines()]
    assert [answer.id for answer in answers] == [4, 5]
    assert all(answer.plan for answer in answers)


async def test_a_question_it_cannot_plan_is_refused_in_words(place: Place) -> None:
    at = await measure(place.database, FURNISHED)
    worker = Worker(place.loaded, place.database, place.state / "compiled")
    asked = question(at)
    wild = replace(asked.reality, batteries=(BatteryState(id="bat", soc_kwh=float("nan")),))
    answer = worker.answer(replace(asked, reality=wild))
    assert answer.plan is None
    assert answer.refusal
    assert worker.answer(question(at, 2)).plan is not None


async def test_what_had_to_be_assumed_is_in_the_plan(place: Place) -> None:
    at = await measure(place.database, FURNISHED, days=0.1)
    worker = Worker(place.loaded, place.database, place.state / "compiled")
    plan = check(worker.answer(question(at)).plan, plan_start(at))
    assert ReasonCode.ASSUMED in {reason.code for reason in plan.reasons}


def plan_start(at: datetime) -> datetime:
    return at.replace(minute=at.minute - at.minute % 15, second=0)


HEAVY = """
    asyncio email hashlib highspy holidays importlib.metadata numpy pandas pydantic pydantic_core
    pymodbus pyomo ruamel scipy ssl statistics
    drivers.profile edge_agent.clock edge_agent.feeds.judge edge_agent.guarding
    edge_agent.site.load edge_agent.site.schema edge_agent.site.tariff_schema
"""
"""What a planning process could load: each costs it megabytes for as long as it lives."""
MODULES = f"""
import sys
from edge_agent.worker import main
code = main(sys.argv[1:])
sys.stderr.write(" ".join(name for name in {HEAVY.split()} if name in sys.modules))
sys.exit(code)
"""


async def test_it_plans_with_numpy_and_the_solver_and_nothing_else_that_weighs(
    place: Place,
) -> None:
    tariff = place.site.parent / "tariff.yaml"
    tariff.write_text(tariff.read_text() + "country: DE\nsubdivision: BW\n")
    at = await measure(place.database, FURNISHED)
    words = [sys.executable, "-I", "-c", MODULES, *place.command[4:]]
    line = REQUEST.dump_json(question(at)) + b"\n"
    done = subprocess.run(words, input=line, capture_output=True, check=True)  # noqa: ASYNC221 - nothing else runs
    check(ANSWER.validate_json(done.stdout).plan, at)
    assert done.stderr.decode() == "highspy numpy"


def test_it_ends_when_the_agent_hangs_up_and_at_a_line_it_cannot_read(place: Place) -> None:
    hung_up = subprocess.run(place.command, input=b"", capture_output=True, check=False)
    assert (hung_up.returncode, hung_up.stdout) == (0, b"")
    torn = subprocess.run(
        place.command, input=b'{"id": 1, "reality"\n', capture_output=True, check=False
    )
    assert torn.returncode != 0
    assert torn.stdout == b""


@pytest.fixture
def pipes(monkeypatch: pytest.MonkeyPatch) -> Pipes:
    """This process's own standard input and output as bytes."""

    def lay(asked: bytes) -> io.BytesIO:
        said = io.BytesIO()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(asked)))
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(said))
        return said

    return lay


async def test_it_serves_its_standard_streams(place: Place, pipes: Pipes) -> None:
    at = await measure(place.database, FURNISHED)
    said = pipes(REQUEST.dump_json(question(at, 7)) + b"\n")
    assert main(list(place.command[4:])) == 0
    answer = ANSWER.validate_json(said.getvalue())
    assert answer.id == 7
    check(answer.plan, at)


def test_a_site_file_changed_behind_its_back_is_not_used(
    place: Place, pipes: Pipes, clock: ManualClock
) -> None:
    words = list(place.command[4:])
    place.site.write_text(place.site.read_text() + "\n# another site\n")
    said = pipes(REQUEST.dump_json(question(clock.now(), 3)) + b"\n")
    assert main(words) == 1
    answer = ANSWER.validate_json(said.getvalue())
    assert (answer.id, answer.plan, answer.refusal) == (3, None, CHANGED)


HOURS = "start,price_per_kwh\n" + "".join(
    f"2026-06-0{day}T{hour:02}:00:00Z,0.{day}\n" for day in range(1, 6) for hour in range(24)
)


async def test_new_prices_are_read_and_wrong_ones_leave_the_old(tmp_path: Path) -> None:
    def priced(site: dict[str, Any]) -> None:
        furnished(site)
        site["feeds"] = {"price": {"file": "prices.csv"}}

    prices, site = tmp_path / "prices.csv", write_site(tmp_path, change=priced)
    (tmp_path / "tariff.yaml").write_text("{kind: real_time, demand_charges: " + CHARGES + "}")
    prices.write_text(HOURS)
    at = await measure(tmp_path / "edge.db", FURNISHED)
    worker = Worker(load_site(site), tmp_path / "edge.db", tmp_path / "compiled")
    cheap = check(worker.answer(question(at)).plan, at)
    prices.write_text(HOURS.replace(",0.3", ",0.6"))
    os.utime(prices, ns=(1, 1))
    dear = check(worker.answer(question(at, 2)).plan, at)
    assert dear.cost.energy == pytest.approx(2 * cheap.cost.energy, rel=0.05)
    prices.write_text("start,price_per_kwh\nnever,1\n")
    os.utime(prices, ns=(2, 2))
    kept = check(worker.answer(question(at, 3)).plan, at)
    assert kept.cost.energy == pytest.approx(dear.cost.energy, rel=0.05)
    assert any("older prices stay" in reason.text for reason in kept.reasons)
    prices.unlink()
    gone = check(worker.answer(question(at, 4)).plan, at)
    assert any("older prices stay" in reason.text for reason in gone.reasons)


async def test_a_weather_feed_moves_the_plan_and_a_silent_one_is_told(tmp_path: Path) -> None:
    def forecast(site: dict[str, Any]) -> None:
        furnished(site)
        site["feeds"] = {"weather": {"format": "open_meteo"}}

    loaded = load_site(write_site(tmp_path, change=forecast))
    at = await measure(tmp_path / "edge.db", FURNISHED)
    worker = Worker(loaded, tmp_path / "edge.db", tmp_path / "compiled")
    silent = check(worker.answer(question(at)).plan, at)
    told = "weather: the feed knows nothing of the hours ahead, planned without"
    assert [one.degrades for one in silent.reasons if one.text == told] == [False]
    # As warm as was measured until now, and then a cold front.
    slots = tuple(
        Slot(quantity, start, start + timedelta(hours=1), value, "odd" if hour == 2 else "")
        for hour in range(-24, 30)
        for start in [at + timedelta(hours=hour)]
        for quantity, value in (
            (Quantity.TEMPERATURE, 24.0 if hour < 0 else -10.0),
            (Quantity.IRRADIANCE, 0.0),
        )
    )
    ordered = tuple(sorted(slots, key=lambda slot: (slot.quantity, slot.start)))
    source = Provenance(source="mqtt site/weather", fetched_at=at, sha256="")
    book = FeedBook(name="weather", slots=ordered, provenance=source)
    write_book(book_path(tmp_path, "weather"), book)
    cold = check(worker.answer(question(at, 2)).plan, at)
    assert cold.zones[0].temperature_c[-1] < silent.zones[0].temperature_c[-1]
    doubts = [one.text for one in cold.reasons if one.text.startswith("weather: ")]
    assert doubts
    assert all("in doubt: odd" in text for text in doubts)


ROOMS = 24


def many_rooms(site: dict[str, Any]) -> None:
    """More than are planned one by one, with bands that move when people leave."""
    furnished(site)
    like = {key: site["devices"][-1][key] for key in ("link", "address", "poll_s")}
    hall = site["assets"]["hvac"]["zones"].pop()
    bands = {"low_c": 20, "high_c": 24, "unoccupied_low_c": 10, "unoccupied_high_c": 27}
    for number in range(ROOMS):
        points = {
            "temperature": {"object": f"analog-input,{100 + number}", "unit": "degC"},
            "setpoint": {"object": f"analog-value,{100 + number}", "unit": "degC", "access": "rw"}
            | {"safe": [15, 28]},
        }
        name = f"room{number}"
        site["devices"].append({"id": name, "type": "controller", "points": points} | like)
        room = {"id": name, "temperature": f"{name}.temperature", "setpoint": f"{name}.setpoint"}
        site["assets"]["hvac"]["zones"].append(hall | room | {"comfort": bands})
    site["planning"] |= {"horizon_h": 1}


async def test_many_rooms_are_planned_each_and_another_grouping_costs_no_plan(
    tmp_path: Path,
) -> None:
    site, cache = write_site(tmp_path, change=many_rooms), tmp_path / "compiled"
    at = await measure(tmp_path / "edge.db", FURNISHED)
    client = WorkerClient(worker_command(site, tmp_path, tmp_path / "edge.db"))
    names = tuple(f"room{number}" for number in range(ROOMS))
    zones = tuple(ZoneState(id=name, temperature_c=22.0) for name in names)
    asked = question(at)
    asked = replace(asked, reality=replace(asked.reality, zones=zones))
    left = replace(asked.reality, empty_zones=names[::2])
    try:
        first = (await client.ask(asked)).plan
        assert first is not None
        # Every other room is left: they would be grouped anew, but nothing can be compiled.
        shutil.rmtree(cache)
        cache.write_text("no folder")
        again = await client.ask(replace(asked, id=2, reality=left))
    finally:
        await client.close()
    assert again.plan is not None, again.refusal
    assert [zone.id for zone in first.zones] == [zone.id for zone in again.plan.zones] == [*names]
    assert client.starts == 1


def test_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site.yaml"]) == 2
    assert "usage:" in capsys.readouterr().err


def test_a_question_and_its_answer_travel_as_one_line_of_json(clock: ManualClock) -> None:
    line = REQUEST.dump_json(question(clock.now()))
    assert b"\n" not in line
    assert REQUEST.validate_json(line) == question(clock.now())
    assert json.loads(line)["reality"]["batteries"][0]["soc_kwh"] == 50.0
