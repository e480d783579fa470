"""The compiled site from its cache; a short-lived child compiles it where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from models.affine import CompiledSite
from models.cache import CacheError, compile_key, load
from models.site_json import to_json
from models.types import CompileError, SiteModel

COMPILE_S = 55.0
KEEP = 4
"""Compiled sites kept in the cache, newest first."""


def compiled_site(site: SiteModel, step_s: tuple[int, ...], folder: Path) -> CompiledSite:
    """Load, or compile in a child and load; raises CompileError with the child's words."""
    key = compile_key(site, step_s)
    path = folder / f"{key}.compiled"
    try:
        return load(path, key)
    except CacheError:
        path.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    _compile(site, step_s, path)
    tidy(folder)
    try:
        return load(path, key)
    except CacheError as error:
        msg = f"the compiled site cannot be read back: {error}"
        raise CompileError(msg) from error


def _compile(site: SiteModel, step_s: tuple[int, ...], path: Path) -> None:
    command = [sys.executable, "-I", "-m", "models.compile_child", str(path)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            input=to_json(site, step_s),
            capture_output=True,
            text=True,
            timeout=COMPILE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"compiling the site took more than {COMPILE_S:.0f} s"
        raise CompileError(msg) from error
    if done.returncode != 0:
        msg = f"the site cannot be compiled: {done.stderr.strip()[-500:]}"
        raise CompileError(msg)


def tidy(folder: Path) -> None:
    """Keep the newest KEEP compiled sites."""
    newest = sorted(folder.glob("*.compiled"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in newest[KEEP:]:
        old.unlink(missing_ok=True)
