"""The API as a Starlette application: reading for all who reach it, acting for the socket only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from mimetypes import guess_type
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_agent.flows import Flow
from edge_agent.plan_lines import PLAN
from edge_agent.status import STATUS, StatusView
from edge_agent.store.types import AuditRow
from edge_agent.web.acting import Acting, acting_routes
from models.types import Plan

PAGES = Path(__file__).parent / "pages"
FLOWS = TypeAdapter(tuple[Flow, ...])
JSON = "application/json"
MAX_HOURS = 24.0
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Endpoint = Callable[[Request], Awaitable[Response]]


class Agent(Acting, Protocol):
    """What the interface needs of the agent."""

    def status(self) -> StatusView:
        """The whole picture now."""
        ...

    def plan(self) -> Plan | None:
        """The plan in force."""
        ...

    def flows(self) -> tuple[Flow, ...]:
        """Minutes of the last day, oldest first."""
        ...

    async def audit_tail(self, count: int) -> list[AuditRow]:
        """The newest lines of the audit trail."""
        ...


def build_app(agent: Agent, *, may_act: bool) -> Starlette:
    """The application; `may_act` adds the verbs that change something (local socket only)."""
    routes = [
        Route("/", _page("index.html")),
        Route("/app.js", _page("app.js")),
        Route("/charts.js", _page("charts.js")),
        Route("/words.js", _page("words.js")),
        Route("/style.css", _page("style.css")),
        Route("/favicon.ico", _nothing),
        Route("/api/status", _status(agent)),
        Route("/api/plan", _plan(agent)),
        Route("/api/flows", _flows(agent)),
        Route("/api/audit", _audit(agent)),
        Route("/healthz", _health(agent)),
    ]
    middleware = []
    if may_act:
        routes += acting_routes(agent)
    else:
        # A page of another site must not read this one through a name that points to 127.0.0.1.
        hosts = ["127.0.0.1", "localhost", "[::1]"]
        middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=hosts))
    return Starlette(
        routes=routes, middleware=middleware, exception_handlers={HTTPException: _as_json}
    )


def _as_json(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else str(error)
    return JSONResponse({"error": detail}, status_code=status)


def _page(name: str) -> Endpoint:
    async def serve(_request: Request) -> Response:
        # Read at once: a file still open when the client goes is left to the garbage collector.
        content = (PAGES / name).read_bytes()
        return Response(content, media_type=guess_type(name)[0], headers=PAGE_HEADERS)

    return serve


async def _nothing(_request: Request) -> Response:
    return Response(status_code=204)


def _status(agent: Agent) -> Endpoint:
    async def serve(_request: Request) -> Response:
        return Response(STATUS.dump_json(agent.status()), media_type=JSON)

    return serve


def _plan(agent: Agent) -> Endpoint:
    async def serve(_request: Request) -> Response:
        plan = agent.plan()
        if plan is None:
            raise HTTPException(404, "no plan yet")
        return Response(PLAN.dump_json(plan), media_type=JSON)

    return serve


def _flows(agent: Agent) -> Endpoint:
    async def serve(request: Request) -> Response:
        hours = _number(request, "hours", MAX_HOURS)
        minutes = agent.flows()[-max(1, round(hours * 60)) :]
        return Response(FLOWS.dump_json(minutes), media_type=JSON)

    return serve


def _number(request: Request, name: str, default: float) -> float:
    """A query parameter in (0, default]; 400 with its name otherwise."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= default:
        raise HTTPException(400, f"{name}={text}: a number above 0 and up to {default:g}, please")
    return value


def _audit(agent: Agent) -> Endpoint:
    async def serve(request: Request) -> Response:
        rows = await agent.audit_tail(int(_number(request, "count", 200)))
        return JSONResponse([asdict(row) | {"at": row.at.isoformat()} for row in rows])

    return serve


def _health(agent: Agent) -> Endpoint:
    async def serve(_request: Request) -> Response:
        healthy = agent.status().healthy
        return JSONResponse({"healthy": healthy}, status_code=200 if healthy else 503)

    return serve
