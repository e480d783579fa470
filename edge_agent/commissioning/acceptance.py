"""Accepted reports in the state directory: one file a site hash, readable by its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from edge_agent.commissioning.report import Report

FOLDER = "commissioning"
FOLDER_MODE = 0o700
FILE_MODE = 0o600


class UnreadableReportError(Exception):
    """The file is there and is no report; the message says which and why."""


def report_path(state_dir: Path, site_hash: str) -> Path:
    """Where the accepted report of that site is kept."""
    return state_dir / FOLDER / f"{site_hash}.json"


def accept(report: Report, state_dir: Path) -> Path:
    """Keep the report; whoever looks finds the whole file or the one before. OSError."""
    path = report_path(state_dir, report.site_hash)
    write_whole(path, report.model_dump_json(indent=2))
    return path


def accepted(state_dir: Path, site_hash: str) -> Report | None:
    """The report kept for that hash, None when there is none; UnreadableReportError."""
    path = report_path(state_dir, site_hash)
    try:
        return Report.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        first = str(error).splitlines()[0]
        msg = f"{path} cannot be read as a report ({first})"
        raise UnreadableReportError(msg) from error


def write_whole(path: Path, text: str) -> None:
    """Write a file of mode 0600 at once: synced beside its place, then moved there. OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
