"""Where the agent's own words go: to the service manager, or to a file that is rotated."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from edge_agent.site.schema import LogSettings

FORMAT = "%(levelname)s %(name)s: %(message)s"
DATED = "%(asctime)s " + FORMAT


def set_up_logs(settings: LogSettings, state_dir: Path) -> None:
    """Send the log where the site file wants it; OSError when that cannot be written."""
    if not settings.file:
        logging.basicConfig(level=settings.level.upper(), format=FORMAT)
        return
    handler = RotatingFileHandler(
        state_dir / settings.file,
        maxBytes=round(settings.max_mb * 1e6),
        backupCount=settings.keep,
        encoding="utf-8",
    )
    logging.basicConfig(level=settings.level.upper(), format=DATED, handlers=[handler])
