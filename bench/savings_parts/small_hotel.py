"""A small hotel as a site file: floors, a hot-water tank and a pool pump; no battery, no PV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_agent.site.load import LoadedSite, load_site

ZONE = """\
      - id: floor_{n}
        temperature: rooms.temperature_{n}
        setpoint: rooms.setpoint_{n}
        guest: true
        comfort: {{low_c: 20, high_c: 24, droop_k: 0.7}}
        resistance_k_per_kw: 1.2
        capacity_kwh_per_k: 25
        gains_kw: 4
        heat_kw: 60
        cool_kw: 50
"""
POINTS = """\
      temperature_{n}: {{object: "analog-input,{n}", unit: degC}}
      setpoint_{n}: {{object: "analog-value,{n}", unit: degC, access: rw, safe: [19, 25]}}
"""
SITE = """\
site: {{id: {id}, {place}}}
agent: {{control: shadow}}
links:
  plant: {{protocol: modbus, url: "tcp://127.0.0.1:15020", simulated: true}}
  bms: {{protocol: bacnet, listen: "127.0.0.1/8:47830", device_id: 3056, simulated: true}}
devices:
  - {{id: meter, type: smart_meter, link: plant, profile: eastron_sdm630, unit: 1, poll_s: 5}}
  - id: rooms
    type: controller
    link: bms
    address: "127.0.0.1:47831"
    points:
{points}\
      water: {{object: "analog-input,9", unit: degC}}
      water_setpoint: {{object: "analog-value,9", unit: degC, access: rw, safe: [60, 75]}}
      pool_pump: {{object: "binary-output,1", access: rw, safe: [0, 1]}}
assets:
  grid:
    meter: meter.power
    import_limit_kw: {import_limit_kw:g}
    export_limit_kw: {export_limit_kw:g}
    tariff: tariff.yaml
  hvac:
    zones:
{zones}\
  thermal_stores:
    - id: hot_water
      temperature: rooms.water
      setpoint: rooms.water_setpoint
      volume_l: 500
      loss_w_per_k: 4
      heater_kw: 36
      daily_draw_kwh: {draw_kwh:g}
      legionella: {{every_days: 7, temperature_c: 70, hold_min: 30}}
  switches:
    - {{id: pool_relay, point: rooms.pool_pump, power_kw: 4, min_on_s: 1800, min_off_s: 900}}
  shiftable:
    - {{id: pool_pump, switch: pool_relay, run_h_per_day: 4}}
planning: {{grid: even, step_min: 15, horizon_h: 24}}
"""


@dataclass(frozen=True, slots=True)
class SmallHotel:
    """What differs from one small hotel to the next; `draw_kwh` is hot water a day, as heat."""

    id: str
    place: str
    floors: int
    import_limit_kw: float
    export_limit_kw: float
    draw_kwh: float
    price_per_kwh: float


def site_text(hotel: SmallHotel) -> str:
    """The site file as a person wrote it down."""
    numbers = range(1, hotel.floors + 1)
    return SITE.format(
        id=hotel.id,
        place=hotel.place,
        points="".join(POINTS.format(n=n) for n in numbers),
        zones="".join(ZONE.format(n=n) for n in numbers),
        import_limit_kw=hotel.import_limit_kw,
        export_limit_kw=hotel.export_limit_kw,
        draw_kwh=hotel.draw_kwh,
    )


def load_hotel(hotel: SmallHotel, folder: Path, text: str | None = None) -> LoadedSite:
    """Write its files into `folder` (`text` instead of its own site file) and load them."""
    path = folder / f"{hotel.id}.yaml"
    path.write_text(site_text(hotel) if text is None else text, encoding="utf-8")
    tariff = f"kind: flat\nprice_per_kwh: {hotel.price_per_kwh:g}\n"
    (folder / "tariff.yaml").write_text(tariff, encoding="utf-8")
    return load_site(path)
