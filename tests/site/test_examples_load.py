"""The examples are the manual: they load, and nothing of the schema is missing from them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import drivers
from edge_agent.cli.main import build_parser
from edge_agent.site.examples import NoExampleError, example_path
from edge_agent.site.known_points import Profiles, packaged_profiles
from edge_agent.site.load import load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.site.schema import Control, MqttLink, Site
from edge_agent.site.tariff_schema import Tariff
from edge_agent.site.template import SITE_FILE, starter_files, starter_site
from edge_agent.site.wording import PATTERNS
from edge_agent.tariff.known import feeds_of_file
from edge_agent.tariff.prices import price_series


@pytest.mark.parametrize("name", ["hotel.yaml", "hotel_rtp.yaml"])
def test_loads_without_a_word(name: str) -> None:
    assert load_site(example_path(name)).warnings == ()


def test_the_hotel_is_the_one_of_the_demo() -> None:
    site = load_site(example_path("hotel.yaml")).site
    assert site.agent.control is Control.ENABLED
    assert all(link.simulated for link in site.links.values())
    assert [device.id for device in site.devices if device.type == "controller"] == [
        "fcu_101",
        "fcu_102",
        "fcu_103",
        "boiler_001",
        "pool_001",
    ]
    assert [zone.guest for zone in site.assets.hvac.zones] == [True, True, False]
    assert isinstance(site.links["site_bus"], MqttLink)
    assert site.links["site_bus"].url == "mqtt://127.0.0.1:18830"
    assert (site.cloud.endpoint, site.cloud.port) == ("127.0.0.1", 18883)


def test_the_two_hour_tariff_has_twelve_blocks() -> None:
    tariff = load_site(example_path("hotel.yaml")).tariff
    assert [block.start for block in tariff.blocks] == [f"{hour:02}:00" for hour in range(0, 24, 2)]
    assert {0.18, 0.38} <= {block.price_per_kwh for block in tariff.blocks}
    assert (tariff.demand_charges[0].rate_per_kw, tariff.demand_charges[0].interval_min) == (9, 15)


def test_the_real_week_is_whole_and_has_negative_hours() -> None:
    loaded = load_site(example_path("hotel_rtp.yaml"))
    assert loaded.prices is not None
    assert len(loaded.prices) == 7 * 24
    assert loaded.prices[0].start == datetime(2018, 9, 30, 22, tzinfo=UTC)
    assert min(point.price_per_kwh for point in loaded.prices) < 0
    starts = [point.start for point in loaded.prices]
    feeds = feeds_of_file(loaded.prices, loaded.tariff, loaded.site.site.timezone)
    found = price_series(loaded.tariff, feeds, starts, (3600,) * len(starts), loaded.zone)
    assert found.notes == ()
    assert found.imports[0] is not None
    assert math.isclose(found.imports[0], 0.05953 + 0.16)


def test_the_week_names_its_source_and_licence() -> None:
    first = example_path("prices_hourly.csv").read_text(encoding="utf-8").splitlines()[0]
    for words in ("Bundesnetzagentur, SMARD.de", "CC BY 4.0", "changed"):
        assert words in first


def schema_keys(schema: dict[str, Any]) -> Iterator[str]:
    for part in [schema, *schema.get("$defs", {}).values()]:
        yield from part.get("properties", {})


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("hotel.yaml", set(schema_keys(Site.model_json_schema()))),
        ("tariffs/*.yaml", set(schema_keys(Tariff.model_json_schema()))),
    ],
)
def test_every_key_is_shown(name: str, keys: set[str]) -> None:
    folder = example_path("hotel.yaml").parent
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob(name)))
    shown = set(re.findall(r"([a-z_0-9]+):(?:\s|$)", text, re.MULTILINE))
    assert keys - shown == set()


EXAMPLES = sorted(example_path("hotel.yaml").parent.rglob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_verbs_that_comments_name_are_there(path: Path) -> None:
    """Verb, words in capitals and options go through the program's own parser."""
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"semdr-edge ((?:[a-z]+|[A-Z_]+|--?[a-z-]+|[\w/]+\.yaml| )+)", text)
    assert named or path.name not in ("hotel.yaml", "starter.yaml")
    for words in named:
        verb, *rest = words.split()
        options = [word for word in rest if word.startswith("--") or not word.islower()]
        assert build_parser().parse_args([verb, *options]).module == f"{verb}_verb"


def test_comments_name_only_profiles_that_are_there() -> None:
    for path in EXAMPLES:
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"\b(?:sunspec|eastron)_\w+", text))
        assert named <= set(packaged_profiles().names)


def patterns(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        for inner in part.values():
            yield from patterns(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from patterns(inner)


def test_every_pattern_of_the_schema_has_plain_words() -> None:
    used = {*patterns(Site.model_json_schema()), *patterns(Tariff.model_json_schema())}
    assert used == set(PATTERNS)


def test_the_starter_site_loads_from_where_init_writes_it(tmp_path: Path) -> None:
    for name, text in starter_files().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    loaded = load_site(tmp_path / SITE_FILE)
    assert loaded.site.agent.control is Control.OFF
    assert [warning.key for warning in loaded.warnings] == ["assets"]


def test_what_the_starter_site_comments_out_is_right_too(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^(\s*)# ((?:- |  - )\{|\w+:(?: \{.*)?$)", r"\1\2", starter_site())
    assert "\n  - {id: battery_bms_001" in text
    (tmp_path / "tariffs").mkdir()
    tariff = starter_files()["tariffs/flat.yaml"]
    (tmp_path / "tariffs" / "flat.yaml").write_text(tariff, encoding="utf-8")
    path = tmp_path / SITE_FILE
    path.write_text(text, encoding="utf-8")
    loaded = load_site(path)
    assert loaded.site.assets.battery[0].id == "bat"
    assert loaded.site.assets.pv[0].id == "pv"
    assert set(loaded.site.links) == {"plant_room", "bms", "site_bus"}
    assert len(loaded.site.devices) == 4
    assert [warning.message for warning in loaded.warnings] == [
        "battery bat: not given, so assumed: charge_efficiency 0.95, discharge_efficiency 0.95, "
        "soc_min_percent 10, soc_max_percent 95, wear_cost_per_kwh 0.03"
    ]


def test_an_unknown_example_names_the_known_ones() -> None:
    expected = "there is no example motel.yaml: known are hotel.yaml, hotel_rtp.yaml, starter.yaml"
    with pytest.raises(NoExampleError, match=expected):
        example_path("motel.yaml")


def test_a_folder_of_profiles_can_be_handed_in(tmp_path: Path) -> None:
    (tmp_path / "eastron_sdm630.yaml").write_text("points: {power: {unit: W}}\n", encoding="utf-8")
    with pytest.raises(SiteError) as caught:
        load_site(example_path("hotel.yaml"), Profiles(tmp_path))
    said = {mistake.key: mistake.message for mistake in caught.value.mistakes}
    assert said == {
        "devices[1].profile": "there is no profile sunspec_storage: known are eastron_sdm630",
        "devices[2].profile": "there is no profile sunspec_inverter: known are eastron_sdm630",
        "assets.grid.meter": "smart_meter_001.power is in W, and meter needs kW: "
        "name a point in kW",
        "assets.grid.max_current_a": "smart_meter_001 has no current_l1, current_l2, current_l3: "
        "name a meter that measures the current of each phase, or remove the limit",
    }


def test_every_packaged_profile_can_be_read_for_its_points() -> None:
    profiles = packaged_profiles()
    assert {"eastron_sdm630", "sunspec_storage", "sunspec_inverter"} <= set(profiles.names)
    yaml = YAML(typ="safe", pure=True)
    for name in profiles.names:
        points = profiles.points(name)
        assert points
        content = yaml.load(Path(drivers.__file__).parent / "profiles" / f"{name}.yaml")
        assert set(content["points"]) <= set(points)
