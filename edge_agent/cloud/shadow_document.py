"""The rules of a device shadow as pure functions: merge, difference, checks of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from edge_agent.cloud.transport import CloudLimitError

JsonObject = dict[str, object]

MAX_REQUEST_BYTES = 8192
MAX_LEVELS = 6
MAX_TOKEN_BYTES = 64
SECTIONS = ("desired", "reported")
NAME = re.compile(r"[a-zA-Z0-9:_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a shadow request was not taken: an HTTP-like code and AWS's own words."""

    code: int
    message: str


def merge(state: Mapping[str, object], patch: Mapping[str, object]) -> JsonObject:
    """State with the patch's keys: objects merge, arrays are replaced, null and {} vanish."""
    merged = dict(state)
    for key, value in patch.items():
        old = merged.get(key)
        if isinstance(value, dict):
            new: object = merge(old if isinstance(old, dict) else {}, value)
        else:
            new = value
        if new is None or new == {}:
            merged.pop(key, None)
        else:
            merged[key] = new
    return merged


def difference(desired: Mapping[str, object], reported: Mapping[str, object]) -> JsonObject:
    """What is desired and not, or otherwise, reported; what is only reported never appears."""
    found: JsonObject = {}
    for key, value in desired.items():
        known = reported.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            inner = difference(value, known)
            if inner:
                found[key] = inner
        elif key not in reported or not same(value, known):
            found[key] = value
    return found


def same(left: object, right: object) -> bool:
    """Equality of JSON values: true is not 1."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def levels(value: object) -> int:
    """How deeply objects and arrays are nested in the value; a leaf is 0."""
    if isinstance(value, dict):
        return 1 + max((levels(inner) for inner in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((levels(inner) for inner in value), default=0)
    return 0


def stamp(patch: Mapping[str, object], at_s: int) -> JsonObject:
    """Metadata of a patch: every leaf becomes {"timestamp": at_s}, a null stays null."""
    stamped: JsonObject = {}
    for key, value in patch.items():
        if value is None:
            stamped[key] = None
        else:
            stamped[key] = stamp(value, at_s) if isinstance(value, dict) else _leaf(value, at_s)
    return stamped


def _leaf(value: object, at_s: int) -> object:
    if isinstance(value, list):
        return [
            stamp(inner, at_s) if isinstance(inner, dict) else _leaf(inner, at_s) for inner in value
        ]
    return {"timestamp": at_s}


def restamp(
    metadata: Mapping[str, object], state: Mapping[str, object], patch: object, at_s: int
) -> JsonObject:
    """Metadata of `state` after `patch`: what it touched carries `at_s`, the rest keeps its own."""
    given = patch if isinstance(patch, dict) else {}
    fresh: JsonObject = {}
    for key, value in state.items():
        old = metadata.get(key)
        if isinstance(value, dict):
            fresh[key] = restamp(old if isinstance(old, dict) else {}, value, given.get(key), at_s)
        else:
            fresh[key] = _leaf(value, at_s) if key in given else old
    return fresh


def pick(metadata: Mapping[str, object], shape: Mapping[str, object]) -> JsonObject:
    """The part of the metadata that belongs to the keys of `shape`."""
    picked: JsonObject = {}
    for key, value in shape.items():
        known = metadata.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            picked[key] = pick(known, value)
        elif known is not None:
            picked[key] = known
    return picked


def parse_request(payload: bytes) -> JsonObject | Rejection:
    """An update request that may be tried, or what AWS answers instead."""
    if len(payload) > MAX_REQUEST_BYTES:
        return Rejection(413, "The payload exceeds the maximum size allowed")
    try:
        request = json.loads(payload.decode())
    except UnicodeDecodeError:
        return Rejection(415, "Unsupported documented encoding; supported encoding is UTF-8")
    except ValueError:
        return Rejection(400, "Invalid JSON")
    if not isinstance(request, dict):
        return Rejection(400, "Invalid JSON")
    return _check_request(request) or request


def _check_request(request: JsonObject) -> Rejection | None:
    problem = check_token(request)
    version = request.get("version")
    if problem is None and version is not None and not is_count(version):
        problem = Rejection(400, "Invalid version")
    if problem is None and "state" not in request:
        problem = Rejection(400, "Missing required node: state")
    return problem or _check_state(request["state"])


def check_token(request: Mapping[str, object]) -> Rejection | None:
    """Whether the client token is text of at most 64 bytes."""
    token = request.get("clientToken")
    if token is None or (isinstance(token, str) and len(token.encode()) <= MAX_TOKEN_BYTES):
        return None
    return Rejection(400, "Invalid clientToken")


def is_count(value: object) -> bool:
    """A non-negative integer; JSON's true is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_state(state: object) -> Rejection | None:
    if not isinstance(state, dict):
        return Rejection(400, "State node must be an object")
    if any(key not in SECTIONS for key in state):
        return Rejection(400, "State contains an invalid node")
    for section in state.values():
        if section is not None and not isinstance(section, dict):
            return Rejection(400, "State, Desired or Reported node must be an object")
        if levels(section) > MAX_LEVELS:
            return Rejection(
                400, f"JSON contains too many levels of nesting; maximum is {MAX_LEVELS}"
            )
    return None


def check_name(name: str) -> None:
    """CloudLimitError unless AWS takes this name for a shadow."""
    if not NAME.fullmatch(name):
        msg = f"shadow name {name!r}: 1 to 64 of a-z A-Z 0-9 : _ -"
        raise CloudLimitError(msg)


def section_of(document: Mapping[str, object], *path: str) -> JsonObject:
    """The object at `path`, {} when there is none."""
    node: object = document
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return cast("JsonObject", node) if isinstance(node, dict) else {}
