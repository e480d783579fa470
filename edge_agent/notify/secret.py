"""Secrets by reference: the site file names them, the environment or a file holds them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MOST_BYTES = 4_096


class SecretError(Exception):
    """The reference leads nowhere; the message never holds a secret."""


def secret(reference: str, environment: Mapping[str, str] | None = None) -> str:
    """What `env:NAME` or `file:PATH` stands for, without its last line end; raises SecretError."""
    kind, _, place = reference.partition(":")
    match kind:
        case "env":
            found = (os.environ if environment is None else environment).get(place, "")
        case "file":
            found = _from_file(Path(place))
        case _:
            msg = "a secret is named as env:NAME or file:PATH"
            raise SecretError(msg)
    if not found:
        msg = f"{kind}:{place} holds no secret"
        raise SecretError(msg)
    return found


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = file.read(MOST_BYTES).decode("utf-8")
    except (OSError, ValueError) as error:
        msg = f"the secret in {path} cannot be read: {type(error).__name__}"
        raise SecretError(msg) from error
    return found.rstrip("\r\n")
