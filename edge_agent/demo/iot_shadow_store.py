"""Named shadows of one thing, kept on disk: what AWS IoT Core does with a request."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from edge_agent.cloud.shadow_document import (
    JsonObject,
    Rejection,
    check_token,
    difference,
    merge,
    parse_request,
    pick,
    restamp,
    section_of,
    stamp,
)
from edge_agent.demo.iot_files import write_atomically

KEEP_VERSION_S = 48 * 3600
"""A shadow made again within this time after its deletion goes on counting."""


@dataclass(slots=True)
class Shadow:
    """One shadow; `deleted_s` (s since 1970) while only its version number is remembered."""

    state: JsonObject = field(default_factory=dict)
    metadata: JsonObject = field(default_factory=dict)
    version: int = 0
    deleted_s: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One message of the shadow service: the end of its topic and its body."""

    suffix: str
    body: JsonObject


class ShadowStore:
    """Answers requests; every accepted change is on disk before its answer exists."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._shadows: dict[str, Shadow] = {}
        if file.exists():
            loaded = json.loads(file.read_text())
            self._shadows = {name: Shadow(**shadow) for name, shadow in loaded.items()}

    def handle(self, name: str, verb: str, payload: bytes, now_s: int) -> list[Event]:
        """What the service publishes in answer to one get, update or delete."""
        if verb == "update":
            return self._update(name, payload, now_s)
        token = _token(payload)
        shadow = self._shadows.get(name)
        if shadow is None or shadow.deleted_s is not None:
            return [
                _rejected(
                    verb, Rejection(404, f"No shadow exists with name: '{name}'"), token, now_s
                )
            ]
        if verb == "get":
            return [Event("get/accepted", _document(shadow, now_s) | token)]
        return self._delete(shadow, token, now_s)

    def state(self, name: str) -> JsonObject:
        """The stored state, {} when there is none."""
        shadow = self._shadows.get(name)
        return {} if shadow is None or shadow.deleted_s is not None else shadow.state

    def _update(self, name: str, payload: bytes, now_s: int) -> list[Event]:
        request = parse_request(payload)
        if isinstance(request, Rejection):
            return [_rejected("update", request, _token(payload), now_s)]
        token = _token(payload)
        shadow = self._current(name, now_s)
        wanted = request.get("version")
        if wanted is not None and wanted != shadow.version:
            return [_rejected("update", Rejection(409, "Version conflict"), token, now_s)]
        before: JsonObject = {
            "state": shadow.state,
            "metadata": shadow.metadata,
            "version": shadow.version,
        }
        patch = section_of(request, "state")
        shadow.state = merge(shadow.state, patch)
        shadow.metadata = restamp(shadow.metadata, shadow.state, patch, now_s)
        shadow.version += 1
        self._shadows[name] = shadow
        self._save()
        return [
            Event(
                "update/accepted",
                {
                    "state": patch,
                    "metadata": stamp(patch, now_s),
                    "version": shadow.version,
                    "timestamp": now_s,
                }
                | token,
            ),
            *_delta(shadow, token, now_s),
            Event(
                "update/documents",
                {
                    "previous": before,
                    "current": {
                        "state": shadow.state,
                        "metadata": shadow.metadata,
                        "version": shadow.version,
                    },
                    "timestamp": now_s,
                }
                | token,
            ),
        ]

    def _current(self, name: str, now_s: int) -> Shadow:
        shadow = self._shadows.get(name)
        if shadow is None:
            return Shadow()
        if shadow.deleted_s is None:
            return shadow
        kept = now_s - shadow.deleted_s <= KEEP_VERSION_S
        return Shadow(version=shadow.version if kept else 0)

    def _delete(self, shadow: Shadow, token: JsonObject, now_s: int) -> list[Event]:
        shadow.deleted_s = now_s
        shadow.state, shadow.metadata = {}, {}
        self._save()
        return [Event("delete/accepted", {"version": shadow.version, "timestamp": now_s} | token)]

    def _save(self) -> None:
        shadows = {name: asdict(shadow) for name, shadow in self._shadows.items()}
        write_atomically(self._file, json.dumps(shadows))


def _document(shadow: Shadow, now_s: int) -> JsonObject:
    state = dict(shadow.state)
    differing = difference(section_of(state, "desired"), section_of(state, "reported"))
    if differing:
        state["delta"] = differing
    return {
        "state": state,
        "metadata": shadow.metadata,
        "version": shadow.version,
        "timestamp": now_s,
    }


def _delta(shadow: Shadow, token: JsonObject, now_s: int) -> list[Event]:
    desired = section_of(shadow.state, "desired")
    differing = difference(desired, section_of(shadow.state, "reported"))
    if not differing:
        return []
    metadata = pick(section_of(shadow.metadata, "desired"), differing)
    body: JsonObject = {
        "state": differing,
        "metadata": metadata,
        "version": shadow.version,
        "timestamp": now_s,
    }
    return [Event("update/delta", body | token)]


def _rejected(verb: str, why: Rejection, token: JsonObject, now_s: int) -> Event:
    body: JsonObject = {"code": why.code, "message": why.message, "timestamp": now_s}
    return Event(f"{verb}/rejected", body | token)


def _token(payload: bytes) -> JsonObject:
    try:
        request = json.loads(payload or b"{}")
    except ValueError:
        return {}
    if not isinstance(request, dict) or check_token(request) is not None:
        return {}
    return {"clientToken": request["clientToken"]} if request.get("clientToken") else {}
