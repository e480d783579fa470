"""`semdr-edge check SITE [--online]`: every mistake with its line; then every device, if asked."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence, Sized
from dataclasses import asdict
from pathlib import Path

from edge_agent.clock import SystemClock
from edge_agent.commissioning.gate import objection
from edge_agent.site.document import read_document
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.mistakes import Finding, Mistake, SiteError
from edge_agent.tariff.preview import preview


def main(options: Namespace) -> int:
    """0 when the file is good."""
    try:
        loaded = load_site(options.site)
    except SiteError as error:
        return _refuse(error.mistakes, as_json=options.json)
    why_not = _not_commissioned(loaded, options.state_dir)
    if why_not is not None:
        return _refuse([why_not], as_json=options.json)
    if options.online:
        from edge_agent.cli.check_online import check_online

        return check_online(options)
    if options.json:
        warnings = [asdict(warning) for warning in loaded.warnings]
        print(json.dumps({"ok": True, "mistakes": [], "warnings": warnings}))
    else:
        print(summary(loaded))
        print("next week's prices, import with all fees and tax:")
        site = loaded.site.site
        now = SystemClock().now()
        for line in preview(loaded.tariff, loaded.prices, loaded.zone, site.currency, now):
            print(f"  {line}")
    return 0


def _not_commissioned(loaded: LoadedSite, state_dir: Path | None) -> Mistake | None:
    """Why control may not be enabled yet, as a mistake of that key."""
    folder = state_dir or Path(loaded.site.agent.state_dir)
    why = objection(loaded.site, folder)
    document = read_document(loaded.path, loaded.path.name).document
    if why is None or document is None:
        return None
    return document.mistake(Finding(("agent", "control"), why.removeprefix("agent.control: ")))


def _refuse(mistakes: Sequence[Mistake], *, as_json: bool) -> int:
    if as_json:
        found = [asdict(mistake) for mistake in mistakes]
        print(json.dumps({"ok": False, "mistakes": found}))
    else:
        print("\n".join(str(mistake) for mistake in mistakes), file=sys.stderr)
    return 1


def summary(loaded: LoadedSite) -> str:
    """What the gateway would do with this file."""
    site = loaded.site
    lines = [str(warning) for warning in loaded.warnings]
    lines.append(f"{loaded.path.name} is good: site {site.site.id} in {site.site.timezone}")
    lines.append(f"  control {site.agent.control}, state in {site.agent.state_dir}")
    for link_id, link in site.links.items():
        on_it = [device.id for device in site.devices if device.link == link_id]
        where = getattr(link, "url", None) or getattr(link, "listen", "")
        lines.append(f"  {link_id}: {link.protocol} {where}: {', '.join(on_it) or 'no device'}")
    assets = site.assets
    lines.append(
        f"  plans {_many(assets.battery, 'battery', 'batteries')}, "
        f"{_many(assets.pv, 'PV plant', 'PV plants')} and "
        f"{_many(assets.hvac.zones, 'zone', 'zones')} behind {assets.grid.import_limit_kw:g} kW, "
        f"{loaded.tariff.kind} tariff, every {site.planning.every_min:g} min"
    )
    return "\n".join(lines)


def _many(things: Sized, one: str, more: str) -> str:
    return f"{len(things)} {one if len(things) == 1 else more}"
