"""May this site be controlled? Only what was commissioned as it stands, or is simulated."""

from __future__ import annotations

from pathlib import Path

from edge_agent.commissioning.acceptance import UnreadableReportError, accepted
from edge_agent.commissioning.report import open_matters
from edge_agent.commissioning.site_hash import site_hash
from edge_agent.site.schema import Control, Site

REMEDY = "run `semdr-edge commission SITE --by NAME --accept`, or use shadow: it writes nothing"


def objection(site: Site, state_dir: Path) -> str | None:
    """Why `control: enabled` is refused for the site, None when it is not asked for or granted."""
    if site.agent.control is not Control.ENABLED:
        return None
    real = [name for name, link in site.links.items() if not link.simulated]
    if not real:
        return None
    why = _why_not(site_hash(site), state_dir)
    if not why:
        return None
    links = f"{', '.join(real)} is not `simulated: true`"
    return f"agent.control: enabled is refused: {links} and {why}; {REMEDY}"


def _why_not(wanted: str, state_dir: Path) -> str:
    """Why the state directory holds no sound acceptance of that hash, empty when it does."""
    try:
        report = accepted(state_dir, wanted)
    except UnreadableReportError as error:
        return str(error)
    if report is None:
        return (
            f"{state_dir} has no accepted commissioning report for this site file ({wanted[:12]})"
        )
    if report.site_hash != wanted or report.accepted_at is None:
        return "the report kept for it is that of another site, or was not accepted"
    still_open = open_matters(report)
    return f"its commissioning report leaves open: {still_open[0]}" if still_open else ""
