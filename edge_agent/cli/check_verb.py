"""`semdr-edge check SITE`: every mistake with its line, or a short summary."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import asdict

from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.mistakes import SiteError


def main(options: Namespace) -> int:
    """0 when the file is good."""
    try:
        loaded = load_site(options.site)
    except SiteError as error:
        if options.json:
            mistakes = [asdict(mistake) for mistake in error.mistakes]
            print(json.dumps({"ok": False, "mistakes": mistakes}))
        else:
            print(error, file=sys.stderr)
        return 1
    if options.json:
        warnings = [asdict(warning) for warning in loaded.warnings]
        print(json.dumps({"ok": True, "mistakes": [], "warnings": warnings}))
    else:
        print(summary(loaded))
    return 0


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
        f"  plans {len(assets.battery)} batteries, {len(assets.pv)} PV plants and "
        f"{len(assets.hvac.zones)} zones behind {assets.grid.import_limit_kw:g} kW, "
        f"{loaded.tariff.kind} tariff, every {site.planning.every_min:g} min"
    )
    return "\n".join(lines)
