"""The small site with a hot-water tank, a pool's pump with work to do, and saunas to shed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from small_house import write_site

from edge_agent.site.load import LoadedSite, load_site

WATER, PUMP, SAUNA = "boiler.setpoint", "pool.pump", "spa.sauna"
PUMP_KW = 4.0
MEASURED = {
    "meter.power": 60.0,
    "battery.soc": 40.0,
    "battery.power": -8.0,
    "battery.charge_limit_kw": 30.0,
    "battery.discharge_limit_kw": 35.0,
    "inverter.ac_power": 20.0,
    "room.temperature": 22.5,
    "boiler.temperature": 62.0,
    "boiler.power": 3.0,
    "boiler.cycle": 0.0,
    "pool.pump": 0.0,
    "pool.power": 0.1,
    "spa.sauna": 1.0,
}


def with_loads(site: dict[str, Any]) -> None:
    """Add them; the pump runs 4 h between 6 and 22 local time."""
    like = {key: site["devices"][-1][key] for key in ("link", "address", "poll_s")}
    switch = {"access": "rw", "safe": [0, 1]}
    water = {"object": "analog-value,31", "unit": "degC", "access": "rw", "safe": [40, 80]}
    site["devices"] += [
        {"id": name, "type": "controller", "points": points} | like
        for name, points in (
            (
                "boiler",
                {
                    "temperature": {"object": "analog-input,31", "unit": "degC"},
                    "power": {"object": "analog-input,32", "unit": "kW"},
                    "cycle": {"object": "binary-input,31"},
                    "setpoint": water,
                },
            ),
            (
                "pool",
                {
                    "pump": {"object": "binary-output,51"} | switch,
                    "power": {"object": "analog-input,51", "unit": "kW"},
                },
            ),
            ("spa", {"sauna": {"object": "binary-output,61"} | switch}),
        )
    ]
    assets = site["assets"]
    assets["thermal_stores"] = [
        {
            "id": "hot_water",
            "temperature": "boiler.temperature",
            "setpoint": WATER,
            "cycle_running": "boiler.cycle",
            "power": "boiler.power",
            "daily_draw_kwh": 48,
            "loss_w_per_k": 0,
        }
    ]
    assets["switches"] = [
        {"id": "pump", "point": PUMP, "power_kw": PUMP_KW, "power": "pool.power", "min_on_s": 900},
        {"id": "sauna", "point": SAUNA, "power_kw": 6},
    ]
    assets["shiftable"] = [
        {
            "id": "pool",
            "switch": "pump",
            "run_h_per_day": 4,
            "earliest": "06:00",
            "deadline": "22:00",
        }
    ]
    group = {"id": "saunas", "switches": ["sauna"], "share": 0.1, "price_threshold_per_kwh": 0.5}
    assets["demand"] = {"sheddable": [group | {"rebound_share": 0.5, "cool_down_min": 60}]}


def pool_house(folder: Path, **change: Any) -> LoadedSite:
    """The site loaded; `change` takes the place of whole assets."""

    def amend(site: dict[str, Any]) -> None:
        with_loads(site)
        site["assets"] |= change

    return load_site(write_site(folder, change=amend))
