"""Shape and bounds of a file against its schema, with every mistake found at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.tree import Json
from edge_agent.site.wording import plain_message

M = TypeVar("M", bound=BaseModel)


def shaped(model: type[M], data: Json) -> M | None:
    """The data as that model; None when it does not fit.

    Read as strict JSON: no text becomes a number and no true becomes 1 behind the writer's back.
    """
    try:
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError:
        return None


def shape_findings(model: type[BaseModel], data: dict[str, Json]) -> tuple[Finding, ...]:
    """Everything that keeps the data from being that model, in plain words."""
    try:
        model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False)
        return tuple(_finding(model, data, one) for one in details)
    return ()


def _finding(model: type[BaseModel], data: dict[str, Json], error: ErrorDetails) -> Finding:
    path = _key_path(error["loc"], data)
    if error["type"] == "extra_forbidden":
        return Finding(path, _unknown_key(model, data, path))
    if error["type"] in ("union_tag_not_found", "union_tag_invalid"):
        return Finding((*path, "protocol"), plain_message(error))
    if error["type"] == "missing" and path and isinstance(path[-1], int):
        return Finding(path[:-1], plain_message(error))
    return Finding(path, plain_message(error))


def _key_path(location: Iterable[str | int], data: Json) -> KeyPath:
    """Location of an error without what is no key in the file: the union's tag, `[key]`."""
    here: Json = data
    path: list[str | int] = []
    for part in location:
        if part == "[key]":
            continue
        if isinstance(here, dict):
            if part == here.get("protocol") and part not in here:
                continue
            here = here.get(str(part))
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        path.append(part)
    return tuple(path)


def _unknown_key(model: type[BaseModel], data: dict[str, Json], path: KeyPath) -> str:
    known = _keys_at(model.model_json_schema(), data, path[:-1])
    if not known:
        return "is not known: no key is taken here yet, remove it"
    nearest = get_close_matches(str(path[-1]), known, n=1)
    if nearest:
        return f"is not known: did you mean {nearest[0]}?"
    return f"is not known: the keys here are {', '.join(known)}"


def _keys_at(schema: dict[str, Any], data: Json, path: KeyPath) -> tuple[str, ...]:
    """Names of the keys that a schema takes at a path."""
    part: dict[str, Any] = schema
    here: Json = data
    for step in path:
        part = _inner(_resolved(schema, part, here), step)
        if isinstance(here, dict):
            here = here.get(str(step))
        elif isinstance(here, list) and isinstance(step, int):
            here = here[step]
    return tuple(_resolved(schema, part, here).get("properties", {}))


def _inner(part: dict[str, Any], step: str | int) -> dict[str, Any]:
    """The schema one step down: a list's item, a named key, or any key of an open block."""
    if isinstance(step, int):
        return dict(part.get("items", {}))
    named = part.get("properties", {}).get(step)
    if named is not None:
        return dict(named)
    patterns = tuple(part.get("patternProperties", {}).values())
    return dict(patterns[0] if patterns else {})


def _resolved(schema: dict[str, Any], part: dict[str, Any], here: Json) -> dict[str, Any]:
    """Follow a reference; of several shapes take the one the file chose, or the one with keys."""
    if "discriminator" in part and isinstance(here, dict):
        reference = part["discriminator"]["mapping"].get(str(here.get("protocol")))
        part = {"$ref": reference} if reference else {}
    for choice in part.get("anyOf", ()):
        if "$ref" in choice:
            part = choice
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rsplit("/", 1)[-1]]
    return part
