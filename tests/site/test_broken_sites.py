"""Every mistake in the table is reported in exactly these words, at exactly these lines."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from edge_agent.site.document import MAX_NODES
from edge_agent.site.load import load_site
from edge_agent.site.mistakes import Mistake, SiteError

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(HERE / "broken.yaml")


def good_site(folder: Path) -> Path:
    shutil.copytree(HERE / "good", folder, dirs_exist_ok=True)
    return folder / "site.yaml"


def said_about(path: Path) -> str:
    with pytest.raises(SiteError) as caught:
        load_site(path)
    return str(caught.value)


def test_the_good_site_has_no_mistake_and_no_warning(tmp_path: Path) -> None:
    loaded = load_site(good_site(tmp_path))
    assert loaded.warnings == ()
    assert loaded.site.agent.control == "off"
    assert loaded.prices is not None
    assert [point.price_per_kwh for point in loaded.prices] == [0.05, 0.04, 0.03]
    assert loaded.zone.key == "Europe/Berlin"


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_mistake(case: dict[str, Any], tmp_path: Path) -> None:
    site = good_site(tmp_path)
    file = tmp_path / case["file"]
    text = file.read_text(encoding="utf-8")
    assert case["replace"] in text
    changed = text.replace(case["replace"], case["by"], 1)
    file.write_text(changed.replace(case.get("without", "\0"), ""), encoding="utf-8")
    if "control" in case:
        text = site.read_text(encoding="utf-8")
        site.write_text(
            text.replace("control: off", f"control: {case['control']}"), encoding="utf-8"
        )
    assert said_about(site) == case["says"].rstrip("\n")


def test_the_table_is_long() -> None:
    assert len({case["case"] for case in CASES}) == len(CASES) >= 100


def test_mistakes_of_all_files_come_together_sorted_by_line(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    text = site.read_text(encoding="utf-8")
    for old, new in (
        ("unit: 2", "unit: 300"),
        ("link: bus", "link: bis"),
        ("soc: bat_bms.soc", "soc: bat_bms.soh"),
        ("Europe/Berlin", "Europe/Paris_"),
        ("step_min: 15", "step_min: 7"),
    ):
        text = text.replace(old, new)
    site.write_text(text, encoding="utf-8")
    (tmp_path / "tariff.yaml").write_text("kind: real_time\nfoo: 1\nbar: 2\n", encoding="utf-8")
    (tmp_path / "prices.csv").write_text("start,price_per_kwh\nx,y\n", encoding="utf-8")
    with pytest.raises(SiteError) as caught:
        load_site(site)
    assert [(m.file, m.line, m.key) for m in caught.value.mistakes] == [
        ("site.yaml", 1, "site.timezone"),
        ("site.yaml", 19, "devices[1].unit"),
        ("site.yaml", 30, "devices[3].link"),
        ("site.yaml", 66, "planning.step_min"),
        ("tariff.yaml", 2, "foo"),
        ("tariff.yaml", 3, "bar"),
        ("prices.csv", 2, "start"),
        ("prices.csv", 2, "price_per_kwh"),
    ]


def test_a_device_of_wrong_shape_does_not_make_its_points_unknown(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    text = site.read_text(encoding="utf-8").replace("unit: 2", "unit: two")
    site.write_text(text, encoding="utf-8")
    expected = "site.yaml:19: devices[1].unit: must be a whole number, not 'two'"
    assert said_about(site) == expected


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    assert said_about(path) == f"a.yaml:1: does not exist: check the path {path}"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    expected = f"{tmp_path.name}:1: is not a file: check the path {tmp_path}"
    assert said_about(tmp_path) == expected


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "1: is empty: `semdr-edge init` writes a site file to start from"),
        (b"- a\n- b\n", "1: must be a block of `key: value` lines"),
        (b"a: 1\nb: \xff\n", "2: is not UTF-8 text: save it as UTF-8"),
        (b"a: 1\nb: \x07\n", "2: holds a character that YAML does not allow: remove it"),
        (b"a: " + b"[" * 100_000, "1: is nested more than 24 levels deep"),
        (b"#" * 1_000_001, "1: is larger than 1 MB: is this the right file?"),
        (
            b"a: [" + b"1," * MAX_NODES + b"1]",
            f"1: holds more than {MAX_NODES} values: is this the right file?",
        ),
        (
            b"a: &a [1,1,1,1,1,1,1,1,1]\n"
            + b"".join(
                b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 9))
                for name in range(ord("b"), ord("k"))
            ),
            f"1: its aliases expand to more than {MAX_NODES} values",
        ),
    ],
    ids=["empty", "list", "latin1", "bell", "deep", "large", "many", "laughs"],
)
def test_a_file_that_is_no_site(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(content)
    assert said_about(path) == f"s.yaml:{says}"


def test_a_number_with_thousands_of_digits(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    text = site.read_text(encoding="utf-8").replace("poll_s: 5", f"poll_s: {'9' * 5000}", 1)
    site.write_text(text, encoding="utf-8")
    assert said_about(site) == (
        f"site.yaml:14: devices[0].poll_s: '{'9' * 40}' cannot be read: "
        "shorten the number, or put text in quotes"
    )


def test_many_wrong_prices_are_cut_short(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    rows = "".join(f"2018-10-{1 + hour // 24:02}T{hour % 24:02}:00:00Z,40\n" for hour in range(48))
    (tmp_path / "prices.csv").write_text(f"start,price_per_kwh\n{rows}", encoding="utf-8")
    with pytest.raises(SiteError) as caught:
        load_site(site)
    assert len(caught.value.mistakes) == 21
    last = caught.value.mistakes[-1]
    assert last == Mistake("prices.csv", 22, "", "and 28 more mistakes")


def test_anchors_and_merge_keys_are_yaml_as_usual(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    text = site.read_text(encoding="utf-8")
    text = text.replace("safe: [19, 25]", "safe: &band [19, 25]")
    text = text.replace("limits: [15, 30]", "limits: *band")
    text = text.replace("bms: {protocol", "bms: &bms {protocol")
    text = text.replace("bus: {", 'low: {<<: *bms, listen: "192.168.1.6/24:47808"}\n  bus: {')
    site.write_text(text, encoding="utf-8")
    loaded = load_site(site).site
    assert loaded.device("room").points["setpoint"].limits == (19, 25)
    assert loaded.links["low"].model_dump()["device_id"] == 3056
