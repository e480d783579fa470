"""The agent's side: when it has a child learn, and what it keeps of it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.clock import ManualClock
from edge_agent.forecasting.daily import (
    ANEW,
    EVERY,
    FIRST,
    RETRY,
    YOUNG,
    DailyFitting,
    FittingError,
)
from edge_agent.forecasting.keys import HEAD_KEY, LEARNT_KEY, SCORES_KEY
from edge_agent.forecasting.score_book import dump_book, latest, read_book, with_scores
from edge_agent.forecasting.view import VIEW, ForecastScore, ForesightView, read_view
from edge_agent.forecasting.words import LEARNT, read_learnt
from edge_agent.notes import Notebook
from edge_agent.store.store import Store, StoreOptions
from models.forecast.learnt import VERSION, Basis, Learnt, LearntLoad

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BASIS = Basis(first=NOW - timedelta(days=9), last=NOW, count=864, error=2.5)
LOAD = LearntLoad(basis=BASIS, low_kw=0.0, high_kw=100.0, plain=())


def view(made_at: datetime = NOW, *, load: bool = True) -> ForesightView:
    return ForesightView(made_at=made_at, load=load, notes=("bat: too little",))


def said(made_at: datetime = NOW, *, load: bool = True) -> str:
    """What a child writes: how it went, the scores, what was learnt."""
    head = VIEW.dump_json(view(made_at, load=load)).decode()
    return "\n".join((head, "[]", text_of(learnt(made_at))))


def learnt(made_at: datetime = NOW, *, load: LearntLoad | None = LOAD) -> Learnt:
    return Learnt(version=VERSION, made_at=made_at, zone="Europe/Berlin", load=load)


def saying(tmp_path: Path, text: str, *, code: int = 0, ears: bool = True) -> tuple[str, ...]:
    """A child that counts its runs, says `text` and ends with `code`."""
    answer = tmp_path / "answer"
    answer.write_text(text, encoding="utf-8")
    script = tmp_path / "child.py"
    script.write_text(
        "import pathlib, sys\n"
        + ("asked = sys.stdin.read()\n" if ears else "asked = ''\n")
        + f"here = pathlib.Path({str(tmp_path)!r})\n"
        "with (here / 'runs').open('a') as runs: runs.write(asked + '\\n')\n"
        "sys.stdout.write((here / 'answer').read_text())\n"
        "sys.stderr.write('no such table' if " + str(code) + " else '')\n"
        f"sys.exit({code})\n",
        encoding="utf-8",
    )
    return (sys.executable, "-I", str(script))


def runs(tmp_path: Path) -> list[str]:
    path = tmp_path / "runs"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


class NotingClock(ManualClock):
    """Also tells how long it was asked to sleep."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.asked_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.asked_s.append(seconds)
        await super().sleep(seconds)

    async def until_asked(self, count: int) -> float:
        """The sleep asked for as the `count`-th."""
        async with asyncio.timeout(60):
            while len(self.asked_s) < count:  # noqa: ASYNC110 - a child process has no event for it
                await asyncio.sleep(0.01)
        return self.asked_s[count - 1]


def text_of(value: Learnt) -> str:
    return LEARNT.dump_json(value).decode()


async def test_what_was_learnt_is_kept_and_how_it_went_survives_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    store = await Store.open(tmp_path / "store.db", clock)
    notes = Notebook(store)
    fitting = DailyFitting(saying(tmp_path, said()), notes, clock)
    await fitting.load()
    assert fitting.view == ForesightView()
    assert await fitting.fit_now() == view()
    assert read_learnt(await notes.state(LEARNT_KEY)) == learnt()
    assert await notes.state(SCORES_KEY) == "[]"
    await store.close()
    again = await Store.open(tmp_path / "store.db", clock)
    other = DailyFitting(("none",), Notebook(again), clock)
    await other.load()
    assert other.view == view()
    await again.close()


async def test_the_child_is_told_the_plants_time(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    store = await Store.open(tmp_path / "store.db", clock)
    await DailyFitting(saying(tmp_path, said()), Notebook(store), clock).fit_now()
    assert runs(tmp_path) == ['{"at": "2026-06-01T12:00:00+00:00"}']
    await store.close()


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        ("", 1, "ended with 1: no such table"),
        ("", 0, "cannot be read"),
        ("{}", 0, "cannot be read"),
        ("nonsense\n[]\n{}", 0, "cannot be read"),
    ],
)
async def test_a_failed_child_leaves_what_was_known(
    tmp_path: Path, text: str, code: int, why: str
) -> None:
    clock = ManualClock(NOW)
    store = await Store.open(tmp_path / "store.db", clock)
    notes = Notebook(store)
    await DailyFitting(saying(tmp_path, said()), notes, clock).fit_now()
    fitting = DailyFitting(saying(tmp_path, text, code=code), notes, clock)
    await fitting.load()
    with pytest.raises(FittingError, match=why):
        await fitting.fit_now()
    assert fitting.view == view()
    assert read_learnt(await notes.state(LEARNT_KEY)) == learnt()
    await store.close()


async def test_what_the_disk_does_not_take_is_told(tmp_path: Path) -> None:
    clock = ManualClock(NOW)

    def full(_db: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    path = tmp_path / "store.db"
    await (await Store.open(path, clock)).close()
    store = await Store.open(path, clock, StoreOptions(before_write=full))
    fitting = DailyFitting(saying(tmp_path, said()), Notebook(store), clock)
    with pytest.raises(FittingError, match="did not take"):
        await fitting.fit_now()
    assert fitting.view.made_at is None
    await store.close()


async def test_a_program_that_is_not_there_is_no_crash(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    store = await Store.open(tmp_path / "store.db", clock)
    fitting = DailyFitting((str(tmp_path / "none"),), Notebook(store), clock)
    with pytest.raises(FittingError, match="cannot be started"):
        await fitting.fit_now()
    await store.close()


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        (said(NOW + FIRST), EVERY),
        (said(NOW + FIRST, load=False), YOUNG),
        ("broken", RETRY),
    ],
)
async def test_it_learns_once_a_day_sooner_while_young_or_after_a_failure(
    tmp_path: Path, text: str, pause: timedelta
) -> None:
    clock = NotingClock(NOW)
    store = await Store.open(tmp_path / "store.db", ManualClock(NOW))
    fitting = DailyFitting(saying(tmp_path, text), Notebook(store), clock)
    task = asyncio.create_task(fitting.run())
    try:
        assert await clock.until_asked(1) == FIRST.total_seconds()
        assert runs(tmp_path) == []
        await clock.advance(FIRST.total_seconds())
        assert await clock.until_asked(2) == pause.total_seconds()
        assert len(runs(tmp_path)) == 1
        await clock.advance(pause.total_seconds())
        await clock.until_asked(3)
        assert len(runs(tmp_path)) == 2
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


async def test_what_is_of_another_version_is_learnt_anew_soon(tmp_path: Path) -> None:
    """The plans have nothing learnt to go by, so it does not wait for its day."""
    clock = NotingClock(NOW + timedelta(hours=1))
    store = await Store.open(tmp_path / "store.db", ManualClock(NOW))
    notes = Notebook(store)
    old = VIEW.dump_json(replace(view(), version=VERSION + 1)).decode()
    assert await notes.state_put(HEAD_KEY, old)
    fitting = DailyFitting(saying(tmp_path, said(NOW + timedelta(hours=1))), notes, clock)
    await fitting.load()
    assert (fitting.view.made_at, fitting.view.notes) == (None, view().notes)
    task = asyncio.create_task(fitting.run())
    try:
        assert await clock.until_asked(1) == ANEW.total_seconds()
        await clock.advance(ANEW.total_seconds())
        left = EVERY - ANEW
        assert await clock.until_asked(2) == left.total_seconds()
        assert fitting.view == view(NOW + timedelta(hours=1))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


def test_damaged_or_old_words_are_nothing() -> None:
    assert read_learnt(None) is None
    assert read_learnt("{") is None
    assert read_view(None) is None
    assert read_view("{") is None
    old = text_of(learnt()).replace(f'"version":{VERSION}', '"version":999')
    assert read_learnt(old) is None
    assert read_learnt(text_of(learnt())) == learnt()


def test_scores_are_kept_a_day_apart_for_three_months() -> None:
    def score(days: float, nmae: float = 0.05) -> ForecastScore:
        return ForecastScore(
            series="load",
            at=NOW + timedelta(days=days),
            until_h=(1.0,),
            nmae=(nmae,),
            pinball=(None,),
            count=(24,),
        )

    def after(book: tuple[ForecastScore, ...], days: float, nmae: float) -> tuple[int, float]:
        found = with_scores(book, [score(days, nmae)], NOW + timedelta(days=days))
        return len(found), latest(found)[0].nmae[0]

    first = with_scores((), [score(0)], NOW)
    assert after(first, 0.5, 0.06) == (1, 0.05)
    assert after(first, 1, 0.06) == (2, 0.06)
    assert after(first, 100, 0.06) == (1, 0.06)
    assert after(first, -1, 0.06) == (1, 0.06)  # the clock was set back
    empty = replace(score(2), until_h=(), nmae=(), pinball=(), count=())
    assert with_scores(first, [empty], NOW + timedelta(days=2)) == first
    assert read_book(dump_book(first)) == first
    assert read_book(None) == read_book("{") == ()


def test_the_agents_side_takes_in_nothing_heavy() -> None:
    heavy = ["numpy", "pandas", "scipy", "sklearn", "pvlib", "holidays"]
    code = (
        "import sys, edge_agent.foresight, edge_agent.feed_inlet;"
        f"print(*[n for n in {heavy} if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


def test_the_workers_side_takes_in_numpy_only() -> None:
    heavy = ["pandas", "scipy", "sklearn", "pvlib", "holidays", "pyomo"]
    names = ["load", "pv", "temperature", "profile", "score", "sky"]
    modules = ", ".join(f"models.forecast.{name}" for name in names)
    code = (
        f"import sys, edge_agent.forecasting.record, {modules};"
        f"print(*[n for n in {heavy} if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
