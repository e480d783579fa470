"""The verbs that change something: only on the local socket, each signed by a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from drivers.types import WriteOutcome
from edge_agent.health import Alert
from edge_agent.overrides import OverrideError
from edge_agent.web.spans import LONGEST_OVERRIDE, LONGEST_RELEASE

Person = Annotated[str, Field(min_length=1, max_length=64)]
Reason = Annotated[str, Field(min_length=1, max_length=200)]
Wish = TypeVar("Wish", bound=BaseModel)


class Acting(Protocol):
    """What the gateway lets a person do."""

    async def hold_released(
        self, point: str, span: timedelta, person: str, reason: str
    ) -> WriteOutcome | None:
        """Give a point back and keep the plan off it; None when nothing was held, or KeyError."""
        ...

    async def override(
        self, point: str, value: float, span: timedelta, person: str, reason: str
    ) -> None:
        """Set a point by hand for a while; KeyError, or OverrideError with the reason."""
        ...

    async def acknowledge(self, code: str, subject: str, person: str, note: str) -> Alert:
        """A named person has seen an alarm; KeyError when there is none such."""
        ...


class ReleaseWish(BaseModel):
    """Body of POST /api/release."""

    model_config = ConfigDict(extra="forbid")

    point: str
    for_s: Annotated[float, Field(gt=0, le=LONGEST_RELEASE.total_seconds())] = 3_600.0
    person: Person = "operator"
    reason: Reason = "released by hand"


class OverrideWish(BaseModel):
    """Body of POST /api/override: nobody sets a point by hand without a name and a reason."""

    model_config = ConfigDict(extra="forbid")

    point: str
    value: Annotated[float, Field(allow_inf_nan=False)]
    for_s: Annotated[float, Field(gt=0, le=LONGEST_OVERRIDE.total_seconds())]
    person: Person
    reason: Reason


class SeenWish(BaseModel):
    """Body of POST /api/acknowledge."""

    model_config = ConfigDict(extra="forbid")

    code: str
    subject: str
    person: Person
    note: Annotated[str, Field(max_length=200)] = ""


def acting_routes(agent: Acting) -> list[Route]:
    """Every route that changes something."""

    async def release(request: Request) -> Response:
        return await _release(agent, await _body(request, ReleaseWish))

    async def override(request: Request) -> Response:
        return await _override(agent, await _body(request, OverrideWish))

    async def acknowledge(request: Request) -> Response:
        return await _acknowledge(agent, await _body(request, SeenWish))

    return [
        Route("/api/release", release, methods=["POST"]),
        Route("/api/override", override, methods=["POST"]),
        Route("/api/acknowledge", acknowledge, methods=["POST"]),
    ]


async def _body(request: Request, shape: type[Wish]) -> Wish:
    """The checked body; 400 that names the key otherwise."""
    try:
        return shape.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise HTTPException(400, f"{place}: {first['msg']}") from error


async def _release(agent: Acting, wish: ReleaseWish) -> Response:
    try:
        span = timedelta(seconds=wish.for_s)
        outcome = await agent.hold_released(wish.point, span, wish.person, wish.reason)
    except KeyError as error:
        raise HTTPException(404, f"{wish.point} is no point this gateway commands") from error
    if outcome is not None and not outcome.result.holds:
        detail = f"{wish.point} is held off the plan, but the device: {outcome.result}"
        raise HTTPException(502, f"{detail} {outcome.reason}".rstrip())
    result = "nothing was held" if outcome is None else outcome.result.value
    return JSONResponse({"released": wish.point, "for_s": wish.for_s, "result": result})


async def _override(agent: Acting, wish: OverrideWish) -> Response:
    span = timedelta(seconds=wish.for_s)
    try:
        await agent.override(wish.point, wish.value, span, wish.person, wish.reason)
    except KeyError as error:
        raise HTTPException(404, f"{wish.point} is no point this gateway commands") from error
    except OverrideError as error:
        raise HTTPException(400, str(error)) from error
    return JSONResponse({"overridden": wish.point, "value": wish.value, "for_s": wish.for_s})


async def _acknowledge(agent: Acting, wish: SeenWish) -> Response:
    try:
        alert = await agent.acknowledge(wish.code, wish.subject, wish.person, wish.note)
    except KeyError as error:
        text = f"no alarm {wish.code} of {wish.subject or 'the gateway'} is known"
        raise HTTPException(404, text) from error
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    seen = alert.acknowledged
    by = wish.person if seen is None else seen.person
    return JSONResponse({"acknowledged": wish.code, "subject": wish.subject, "by": by})
