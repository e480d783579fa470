"""A serial line with too much on it is named, with its share and what helps."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.site.load import load_site

GOOD = Path(__file__).parent / "good"
Told = Callable[..., list[str]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)

    def warnings(url: str, *changes: tuple[str, str], more: str = "") -> list[str]:
        """What is said of a site whose Modbus devices are on the line `url`."""
        text = (GOOD / "site.yaml").read_text(encoding="utf-8")
        text = text.replace("tcp://192.168.1.10:502", url)
        text = text.replace("  - id: room\n", f"{more}  - id: room\n")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "site.yaml"
        path.write_text(text, encoding="utf-8")
        return [str(one) for one in load_site(path).warnings if one.key.startswith("links.")]

    return warnings


def test_two_devices_at_a_calm_pace_are_fine(told: Told) -> None:
    assert told("serial:/dev/ttyUSB0?baudrate=19200") == []


def test_a_busy_line_is_named_with_share_and_remedy(told: Told) -> None:
    (said,) = told("serial:/dev/ttyUSB0?baudrate=2400", ("    poll_s: 5\n", "    poll_s: 1\n"))
    assert said.startswith("site.yaml:5: links.plant.url: is busy ")
    share = int(said.split("is busy ")[1].split(" %")[0].split("%")[0])
    assert share > 100
    assert "so the polls cannot be kept: above 60% retries and slow answers have no room" in said
    assert "Raise poll_s of meter, bat_bms (all to " in said
    assert "the baudrate (2400 now), or move devices to another line" in said


def test_the_pace_that_it_names_is_calm_enough(told: Told) -> None:
    url = "serial:/dev/ttyUSB0?baudrate=2400"
    (said,) = told(url, ("    poll_s: 5\n", "    poll_s: 1\n"))
    calm_s = int(said.split("all to ")[1].split(" s")[0])
    assert told(url, ("    poll_s: 5\n", f"    poll_s: {calm_s + 1}\n")) == []


def test_each_device_adds_to_it(told: Told) -> None:
    url = "serial:/dev/ttyUSB0?baudrate=9600"
    assert told(url) == []
    more = "".join(
        f"  - {{id: sub_{unit}, type: smart_meter, link: plant, profile: eastron_sdm630, "
        f"unit: {unit}, poll_s: 1}}\n"
        for unit in range(3, 9)
    )
    (said,) = told(url, more=more)
    assert "sub_8" in said


@pytest.mark.parametrize("url", ["tcp://192.168.1.10:502", "rtu+tcp://192.168.1.10:502"])
def test_a_network_has_no_such_limit(told: Told, url: str) -> None:
    assert told(url, ("    poll_s: 5\n", "    poll_s: 1\n")) == []


def test_points_read_rarely_take_little(told: Told) -> None:
    """The GX has three slow points: read as often as the others they would be a request more."""
    line = "serial:/dev/ttyUSB0?baudrate=1200"
    gx = ("    profile: eastron_sdm630\n", "    profile: victron_gx_system\n")
    grid = ("meter: meter.power", "meter: bat_bms.power")
    (said,) = told(line, gx, grid, ("    poll_s: 5\n", "    poll_s: 1\n"))
    share = int(said.split("is busy ")[1].split("%")[0])
    assert 100 < share < 900
