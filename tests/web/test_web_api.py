"""The API over real sockets: what it gives, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import httpx
import pytest

from edge_agent.flows import Flow
from edge_agent.status import StatusView
from models.types import Plan


class Frozen(Protocol):
    """The agent of the fixture, as far as these tests change or ask it."""

    picture: StatusView
    plan_in_force: Plan | None
    minutes: tuple[Flow, ...]
    released: list[tuple[str, timedelta, str, str]]
    overridden: list[tuple[str, float, timedelta, str, str]]


async def test_status_says_unknown_as_null_and_keeps_signs(
    browser: httpx.AsyncClient, agent: Frozen
) -> None:
    answer = await browser.get("/api/status")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    status: dict[str, Any] = answer.json()
    assert status["flow"]["pv_kw"] is None
    assert status["flow"]["grid_kw"] == pytest.approx(agent.minutes[-1].grid_kw)
    assert status["now"] == "2025-11-18T02:10:05Z"
    assert [device["device"] for device in status["devices"]] == [
        device.device for device in agent.picture.devices
    ]


async def test_names_from_the_site_arrive_unaltered(
    browser: httpx.AsyncClient, agent: Frozen
) -> None:
    status = (await browser.get("/api/status")).json()
    locations = [device["location"] for device in status["devices"]]
    assert locations == [device.location for device in agent.picture.devices]
    assert any(location.startswith("<img ") for location in locations)


async def test_plan_has_one_value_a_step(browser: httpx.AsyncClient) -> None:
    plan = (await browser.get("/api/plan")).json()
    steps = len(plan["grid"]["step_s"])
    assert steps == 24 + 88
    assert len(plan["grid_kw"]) == steps
    assert len(plan["batteries"][0]["soc_kwh"]) == steps
    assert plan["source"] == "solver"


async def test_no_plan_is_404_with_a_reason(browser: httpx.AsyncClient, agent: Frozen) -> None:
    agent.plan_in_force = None
    answer = await browser.get("/api/plan")
    assert answer.status_code == 404
    assert answer.json() == {"error": "no plan yet"}


async def test_flows_are_the_newest_minutes_oldest_first(
    browser: httpx.AsyncClient, agent: Frozen
) -> None:
    rows = (await browser.get("/api/flows", params={"hours": "0.5"})).json()
    assert len(rows) == 30
    assert [row["grid_kw"] for row in rows] == pytest.approx(
        [flow.grid_kw for flow in agent.minutes[-30:]]
    )


async def test_flows_without_hours_are_all_with_their_gaps(
    browser: httpx.AsyncClient, agent: Frozen
) -> None:
    rows = (await browser.get("/api/flows")).json()
    assert len(rows) == len(agent.minutes)
    assert sum(row["battery_kw"] is None for row in rows) == 40


@pytest.mark.parametrize("hours", ["0", "-1", "24.5", "all", "nan", "inf", ""])
async def test_wrong_hours_are_refused_by_name(browser: httpx.AsyncClient, hours: str) -> None:
    answer = await browser.get("/api/flows", params={"hours": hours})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(f"hours={hours}:")


async def test_audit_gives_the_newest_lines(browser: httpx.AsyncClient) -> None:
    rows = (await browser.get("/api/audit", params={"count": "2"})).json()
    assert [row["text"] for row in rows] == ["line 4", "line 5"]
    assert rows[0]["at"] == "2025-11-18T02:10:05+00:00"


async def test_health_follows_the_agent(browser: httpx.AsyncClient, agent: Frozen) -> None:
    assert (await browser.get("/healthz")).status_code == 503
    agent.picture = replace(agent.picture, healthy=True)
    answer = await browser.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"healthy": True})


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "10.0.0.7"])
@pytest.mark.parametrize("path", ["/", "/api/status", "/api/plan"])
async def test_the_name_of_a_stranger_is_refused(
    browser: httpx.AsyncClient, host: str, path: str
) -> None:
    answer = await browser.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "hotel_main" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080"])
async def test_the_own_names_are_served(browser: httpx.AsyncClient, host: str) -> None:
    assert (await browser.get("/api/status", headers={"Host": host})).status_code == 200


async def test_release_is_not_to_be_had_over_tcp(browser: httpx.AsyncClient, agent: Frozen) -> None:
    answer = await browser.post("/api/release", json={"point": "fcu_101.setpoint"})
    assert answer.status_code == 404
    assert agent.released == []


async def test_release_over_the_socket_reaches_the_agent(
    local: httpx.AsyncClient, agent: Frozen
) -> None:
    wish = {"point": "fcu_101.setpoint", "for_s": 600, "person": "porter", "reason": "cold"}
    answer = await local.post("/api/release", json=wish)
    assert (answer.status_code, answer.json()) == (
        200,
        {"released": "fcu_101.setpoint", "for_s": 600.0, "result": "nothing was held"},
    )
    assert agent.released == [("fcu_101.setpoint", timedelta(minutes=10), "porter", "cold")]


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        ({"point": "fcu_101.nothing"}, 404, "fcu_101.nothing"),
        ({"point": "fcu_101.setpoint", "for_s": 0}, 400, "for_s"),
        ({"point": "fcu_101.setpoint", "value": 30}, 400, "value"),
        ({}, 400, "point"),
    ],
)
async def test_a_wrong_release_is_refused_with_its_key(
    local: httpx.AsyncClient, agent: Frozen, body: dict[str, Any], code: int, word: str
) -> None:
    answer = await local.post("/api/release", json=body)
    assert answer.status_code == code
    assert word in answer.json()["error"]
    assert agent.released == []


async def test_an_alarm_is_acknowledged_by_name(
    local: httpx.AsyncClient, browser: httpx.AsyncClient, agent: Frozen
) -> None:
    alert = agent.picture.alerts[0]
    wish = {"code": alert.code, "subject": alert.subject, "person": "Ada", "note": "on my way"}
    assert (await browser.post("/api/acknowledge", json=wish)).status_code == 404
    answer = await local.post("/api/acknowledge", json=wish)
    assert (answer.status_code, answer.json()["by"]) == (200, "Ada")
    assert (await local.post("/api/acknowledge", json=wish | {"code": "no"})).status_code == 404
    assert (await local.post("/api/acknowledge", json=wish | {"person": ""})).status_code == 400


async def test_an_override_needs_a_name_a_reason_and_an_end(
    local: httpx.AsyncClient, browser: httpx.AsyncClient, agent: Frozen
) -> None:
    wish = {"point": "fcu_101.setpoint", "value": 22.5, "for_s": 7200, "person": "Ada"}
    assert (await local.post("/api/override", json=wish)).status_code == 400
    wish["reason"] = "wedding in the hall"
    assert (await browser.post("/api/override", json=wish)).status_code == 404
    assert (await local.post("/api/override", json=wish | {"for_s": 1e9})).status_code == 400
    assert (await local.post("/api/override", json=wish | {"person": "  "})).status_code == 400
    assert (await local.post("/api/override", json=wish | {"point": "no.where"})).status_code == 404
    assert (await local.post("/api/override", json=wish)).status_code == 200
    assert agent.overridden == [
        ("fcu_101.setpoint", 22.5, timedelta(hours=2), "Ada", "wedding in the hall")
    ]
