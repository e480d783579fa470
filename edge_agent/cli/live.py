"""Shared course of the verbs that talk to a running gateway."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from edge_agent.cli.local_api import NotRunningError, ask, state_dir
from edge_agent.site.mistakes import SiteError

Json = dict[str, Any] | list[Any]


def show(options: Namespace, path: str, text: Callable[[Any], str], body: object = None) -> int:
    """Ask, then print as JSON or as text; 1 when there is nobody to ask or he refuses."""
    answer = fetch(options, path, body)
    if answer is None:
        return 1
    print(json.dumps(answer) if options.json else text(answer))
    return 0


def fetch(options: Namespace, path: str, body: object = None) -> Json | None:
    """The gateway's answer; None, and why on stderr, when there is none or it is a refusal."""
    try:
        response = ask(state_dir(options), path, body)
    except (NotRunningError, SiteError) as error:
        print(f"semdr-edge: {error}", file=sys.stderr)
        return None
    answer: Json = response.json()
    if response.is_error:
        print(f"semdr-edge: {_why(answer, response.status_code)}", file=sys.stderr)
        return None
    return answer


def _why(answer: Json, status_code: int) -> str:
    said = answer.get("error") if isinstance(answer, dict) else None
    return str(said or f"HTTP status {status_code}")
