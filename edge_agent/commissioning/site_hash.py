"""The fingerprint of everything in a site that reaches equipment."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version

from drivers.profile import load_profile
from edge_agent.site.schema import Site


def site_hash(site: Site) -> str:
    """SHA-256 over links, devices, assets, the profiles used and the program's major version.

    Comments, order, defaults written out, tariff, planning, cloud and `agent` do not count: they
    change no frame that a device gets. A changed profile does.
    """
    content = {
        "program": version("semdr-edge").split(".")[0],
        "site": site.site.id,
        "links": {name: _plain(link) for name, link in site.links.items()},
        "devices": sorted((_plain(device) for device in site.devices), key=lambda d: str(d["id"])),
        "assets": _assets(site),
        "profiles": {name: _profile(name) for name in _profiles_used(site)},
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(part: object) -> dict[str, object]:
    dump = getattr(part, "model_dump")  # noqa: B009 - links are a union of models
    found: dict[str, object] = dump(mode="json", exclude_defaults=True)
    return found


def _assets(site: Site) -> dict[str, object]:
    assets = site.assets.model_dump(mode="json", exclude_defaults=True)
    grid = dict(assets["grid"])
    grid.pop("tariff", None)
    return assets | {"grid": grid}


def _profiles_used(site: Site) -> list[str]:
    return sorted({device.profile for device in site.devices if device.profile is not None})


def _profile(name: str) -> dict[str, object]:
    return load_profile(name).model_dump(mode="json", exclude_defaults=True)
