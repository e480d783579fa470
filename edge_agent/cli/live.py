"""Shared course of the verbs that talk to a running gateway."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from edge_agent.cli.local_api import NotRunningError, ask, state_dir
from edge_agent.site.mistakes import SiteError


def show(options: Namespace, path: str, text: Callable[[Any], str], body: object = None) -> int:
    """Ask, then print as JSON or as text; 1 when there is nobody to ask or he refuses."""
    try:
        response = ask(state_dir(options), path, body)
    except (NotRunningError, SiteError) as error:
        print(f"semdr-edge: {error}", file=sys.stderr)
        return 1
    answer = response.json()
    if response.is_error:
        print(f"semdr-edge: {answer.get('error', response.status_code)}", file=sys.stderr)
        return 1
    print(json.dumps(answer) if options.json else text(answer))
    return 0
