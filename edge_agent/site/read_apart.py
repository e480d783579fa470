"""A site read and checked in a child, for a process that does not want to hold what that takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edge_agent.site.loaded import LoadedSite
from edge_agent.site.outline import read_outline

CHANGED_EXIT = 3
READ_S = 120.0


class ApartError(Exception):
    """The child could not read the site; the message carries its words."""


class Reading:
    """A child that reads a site, from now on."""

    def __init__(self, path: Path, mark: str) -> None:
        """`mark`: the fingerprint of the site file that is meant."""
        self._path = path
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-m", "edge_agent.site.outline_child", str(path), mark],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def done(self) -> LoadedSite | None:
        """Wait for the site, None when its file has changed; raises ApartError.

        It has the names of the schema, but is not made of it: see `Outline`.
        """
        try:
            text, trouble = self._child.communicate(timeout=READ_S)
        except subprocess.TimeoutExpired as error:
            self._child.kill()
            self._child.communicate()
            msg = f"reading the site took more than {READ_S:.0f} s"
            raise ApartError(msg) from error
        if self._child.returncode == CHANGED_EXIT:
            return None
        if self._child.returncode != 0:
            why = trouble.decode(errors="replace").strip()
            msg = f"the site cannot be read: {why or f'code {self._child.returncode}'}"
            raise ApartError(msg)
        try:
            return read_outline(self._path, text)
        except ValueError as error:
            msg = f"the site came torn from its reading: {error}"
            raise ApartError(msg) from error
