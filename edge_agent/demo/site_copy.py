"""The example site with the ports of this run: an ordinary site file, only its addresses differ."""

from __future__ import annotations

import shutil
from pathlib import Path

from ruamel.yaml import YAML

from edge_agent.demo.ports import Ports
from edge_agent.site.examples import example_path

EXAMPLE = "hotel.yaml"


def write_site(folder: Path, ports: Ports) -> Path:
    """Copy the example and its tariffs into `folder`; returns the site file."""
    source = example_path(EXAMPLE)
    shutil.copytree(source.parent / "tariffs", folder / "tariffs", dirs_exist_ok=True)
    yaml = YAML()
    yaml.preserve_quotes = True
    site = yaml.load(source.read_text(encoding="utf-8"))
    site["agent"]["state_dir"] = str(folder / "state")
    site["agent"]["web_port"] = ports.web
    site["links"]["plant_room"]["url"] = f"tcp://127.0.0.1:{ports.modbus}"
    site["links"]["bms"]["listen"] = f"127.0.0.1/8:{ports.bacnet_own}"
    site["links"]["site_bus"]["url"] = f"mqtt://127.0.0.1:{ports.site_mqtt}"
    for device in site["devices"]:
        if device["link"] == "bms":
            device["address"] = f"127.0.0.1:{ports.bacnet_device}"
    site["cloud"]["port"] = ports.cloud_mqtt
    target = folder / EXAMPLE
    with target.open("w", encoding="utf-8") as out:
        yaml.dump(site, out)
    return target
