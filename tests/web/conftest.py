"""A gateway that stands still at 03:10 local time, served by a real uvicorn on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from night_hotel import NOW, coming_day, last_minutes, picture

from edge_agent.flows import Flow
from edge_agent.health import Acknowledgement, Alert
from edge_agent.overrides import override_of
from edge_agent.status import StatusView
from edge_agent.store.types import AuditRow
from edge_agent.web.app import build_app
from edge_agent.web.server import serve, tcp_socket, unix_socket
from edge_agent.web.socket_path import SOCKET_NAME
from models.types import Plan

HEALTHY_S = 5.0
"""Wall seconds a server may take to answer at first."""


class FrozenAgent:
    """Holds one picture and remembers what it was asked to do."""

    def __init__(self, status: StatusView, plan: Plan | None, flows: tuple[Flow, ...]) -> None:
        self.picture = status
        self.plan_in_force = plan
        self.minutes = flows
        self.released: list[tuple[str, timedelta, str, str]] = []
        self.overridden: list[tuple[str, float, timedelta, str, str]] = []

    def status(self) -> StatusView:
        return self.picture

    def plan(self) -> Plan | None:
        return self.plan_in_force

    def flows(self) -> tuple[Flow, ...]:
        return self.minutes

    async def audit_tail(self, count: int) -> list[AuditRow]:
        rows = [AuditRow(id=n, at=NOW, kind="alert", text=f"line {n}") for n in range(1, 6)]
        return rows[-count:]

    async def hold_released(self, point: str, span: timedelta, person: str, reason: str) -> None:
        if point not in {control.point for control in self.picture.controls}:
            raise KeyError(point)
        self.released.append((point, span, person, reason))

    async def override(
        self, point: str, value: float, span: timedelta, person: str, reason: str
    ) -> None:
        if point not in {control.point for control in self.picture.controls}:
            raise KeyError(point)
        override_of(point, value, span, person, reason, NOW)
        self.overridden.append((point, value, span, person, reason))

    async def acknowledge(self, code: str, subject: str, person: str, note: str) -> Alert:
        for alert in self.picture.alerts:
            if (alert.code, alert.subject) == (code, subject):
                seen = Acknowledgement(person=person, at=NOW, note=note)
                return Alert(
                    code=code,
                    subject=subject,
                    text=alert.text,
                    since=alert.since,
                    acknowledged=seen,
                )
        raise KeyError(code)


def frozen_agent() -> FrozenAgent:
    """The agent of this room's tests."""
    plan, minutes = coming_day(), last_minutes(13)
    return FrozenAgent(picture(plan, minutes[-1]), plan, minutes)


@pytest.fixture
def agent() -> FrozenAgent:
    return frozen_agent()


async def _until_up(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(HEALTHY_S):
        while True:
            with contextlib.suppress(httpx.ConnectError):
                await client.get("/healthz")
                return
            await asyncio.sleep(0.01)


@pytest.fixture
async def browser(agent: FrozenAgent) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the TCP interface."""
    bound = tcp_socket("127.0.0.1", 0)
    port = bound.getsockname()[1]
    task = asyncio.create_task(serve(build_app(agent, may_act=False), bound))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await _until_up(client)
        yield client
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def local(agent: FrozenAgent) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the control socket; its folder is short, as the path of a socket must be."""
    with tempfile.TemporaryDirectory(prefix="semdr") as folder:
        state_dir = Path(folder)
        task = asyncio.create_task(serve(build_app(agent, may_act=True), unix_socket(state_dir)))
        transport = httpx.AsyncHTTPTransport(uds=str(state_dir / SOCKET_NAME))
        async with httpx.AsyncClient(base_url="http://gateway", transport=transport) as client:
            await _until_up(client)
            yield client
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
