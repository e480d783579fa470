"""Which sites may be controlled, and what makes a commissioning void."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from small_house import Change, write_site

from edge_agent.commissioning.acceptance import accept, report_path
from edge_agent.commissioning.gate import objection
from edge_agent.commissioning.report import (
    ActuatorRow,
    DeviceRow,
    Finding,
    PointRow,
    Report,
    Said,
    open_matters,
)
from edge_agent.commissioning.site_hash import site_hash
from edge_agent.commissioning.steps import actuators_of
from edge_agent.site.load import load_site
from edge_agent.site.schema import Control, Site

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def loaded(folder: Path, change: Change | None = None) -> Site:
    return load_site(write_site(folder, change=change)).site


def real(site: Site, control: Control = Control.ENABLED) -> Site:
    """The same site on a real plant room, as it would read."""
    plant_room = site.links["plant_room"].model_copy(update={"simulated": False})
    agent = site.agent.model_copy(update={"control": control})
    links = {**site.links, "plant_room": plant_room}
    return site.model_copy(update={"agent": agent, "links": links})


def whole(site: Site, **news: Any) -> Report:
    """A report that leaves nothing open."""
    actuators = tuple(
        ActuatorRow(
            asset=one.asset.id,
            kind=one.kind.value,
            point=one.point,
            unit="",
            finding=Finding.PASSED,
            says="",
            local_override=Said.YES,
        )
        for one in actuators_of(site)
    )
    devices = tuple(
        DeviceRow(device=device.id, profile="", reached=True, identity="")
        for device in site.devices
    )
    report = Report(
        site=site.site.id,
        site_file="site.yaml",
        site_hash=site_hash(site),
        program="0",
        by="A. Tester",
        started=NOW,
        broken_off="",
        actuators_expected=tuple(row.point for row in actuators),
        devices_expected=tuple(row.device for row in devices),
        devices=devices,
        actuators=actuators,
        power_off=Said.YES,
        accepted_at=NOW,
    )
    return report.model_copy(update=news)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return real(loaded(tmp_path))


def test_simulated_links_need_no_report(tmp_path: Path) -> None:
    assert objection(loaded(tmp_path), tmp_path) is None


@pytest.mark.parametrize("control", [Control.OFF, Control.SHADOW])
def test_who_does_not_write_needs_none(tmp_path: Path, control: Control) -> None:
    assert objection(real(loaded(tmp_path), control), tmp_path) is None


def test_a_real_link_without_a_report_is_refused_by_name(site: Site, tmp_path: Path) -> None:
    why = objection(site, tmp_path)
    assert why is not None
    assert why.startswith("agent.control: enabled is refused: plant_room is not `simulated: true`")
    assert "has no accepted commissioning report" in why
    assert "semdr-edge commission" in why


def test_an_accepted_report_opens_the_gate(site: Site, tmp_path: Path) -> None:
    path = accept(whole(site), tmp_path)
    assert objection(site, tmp_path) is None
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == [path.name], "nothing half-written"


OPEN: list[tuple[dict[str, Any], str]] = [
    ({"accepted_at": None}, "was not accepted"),
    ({"site_hash": "0" * 64}, "another site"),
    ({"broken_off": "told to stop"}, "broken off: told to stop"),
    ({"actuators": ()}, "battery.power_setpoint: not tried"),
    ({"devices": ()}, "meter: not looked at"),
    ({"power_off": Said.NO}, "gateway power-off: failed"),
    ({"power_off": Said.NOT_TRIED}, "gateway power-off: not tried"),
    ({"still_held": ("battery.power_setpoint",)}, "was not given back"),
]


@pytest.mark.parametrize(("news", "why"), OPEN)
def test_a_report_that_leaves_something_open_does_not(
    site: Site, tmp_path: Path, news: dict[str, Any], why: str
) -> None:
    path = report_path(tmp_path, site_hash(site))
    path.parent.mkdir()
    path.write_text(whole(site, **news).model_dump_json())
    said = objection(site, tmp_path)
    assert said is not None
    assert why in said


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_a_damaged_report_is_none(site: Site, tmp_path: Path, text: str) -> None:
    path = report_path(tmp_path, site_hash(site))
    path.parent.mkdir()
    path.write_text(text)
    said = objection(site, tmp_path)
    assert said is not None
    assert "cannot be read as a report" in said


def test_people_may_be_left_out_for_a_reason_but_not_their_no(site: Site) -> None:
    skipped = whole(site, power_off=Said.SKIPPED)
    assert open_matters(skipped) == ("gateway power-off: skipped",)
    assert open_matters(skipped.model_copy(update={"without_person": "no panel"})) == ()
    failed = whole(site, power_off=Said.NO, without_person="no panel")
    assert open_matters(failed) == ("gateway power-off: failed",)


def test_a_bad_point_is_open(site: Site) -> None:
    row = PointRow(
        device="meter",
        point="power",
        value=None,
        unit="kW",
        quality="missing",
        reason="no answer",
        at=NOW,
        good=False,
    )
    assert open_matters(whole(site, points=(row,))) == ("meter.power: missing no answer",)


def test_a_report_survives_its_own_json(site: Site) -> None:
    report = whole(site)
    assert Report.model_validate_json(report.model_dump_json()) == report
    assert json.loads(report.model_dump_json())["by"] == "A. Tester"


def _unit(content: dict[str, Any]) -> None:
    content["devices"][1]["unit"] = 4


def _link(content: dict[str, Any]) -> None:
    content["links"]["plant_room"]["url"] = "tcp://127.0.0.1:2"


def _simulated(content: dict[str, Any]) -> None:
    content["links"]["bms"]["simulated"] = False


def _rating(content: dict[str, Any]) -> None:
    content["assets"]["battery"][0]["charge_kw"] = 41


def _band(content: dict[str, Any]) -> None:
    content["devices"][4]["points"]["setpoint"]["safe"] = [18, 25]


def _priority(content: dict[str, Any]) -> None:
    content["links"]["bms"]["write_priority"] = 12


def _profile(content: dict[str, Any]) -> None:
    content["devices"][0]["profile"] = "carlo_gavazzi_em340"


def one_hash(folder: Path, change: Change | None) -> str:
    folder.mkdir()

    def fixed(content: dict[str, Any]) -> None:
        content["links"]["bms"]["listen"] = "127.0.0.1/8:47999"
        if change is not None:
            change(content)

    path = write_site(folder, change=fixed)
    text = path.read_text().replace("control: enabled", "control: shadow")
    path.write_text(text)
    return site_hash(load_site(path).site)


@pytest.mark.parametrize("change", [_unit, _link, _simulated, _rating, _band, _priority, _profile])
def test_what_reaches_equipment_changes_the_hash(tmp_path: Path, change: Change) -> None:
    assert one_hash(tmp_path / "one", None) != one_hash(tmp_path / "other", change)


def _tick(content: dict[str, Any]) -> None:
    content["agent"]["tick_s"] = 5


def _planning(content: dict[str, Any]) -> None:
    content["planning"]["horizon_h"] = 12


def _default(content: dict[str, Any]) -> None:
    content["links"]["bms"]["write_priority"] = 13


def _order(content: dict[str, Any]) -> None:
    content["devices"].reverse()


@pytest.mark.parametrize("change", [_tick, _planning, _default, _order])
def test_what_does_not_reach_it_does_not(tmp_path: Path, change: Change) -> None:
    assert one_hash(tmp_path / "one", None) == one_hash(tmp_path / "other", change)
