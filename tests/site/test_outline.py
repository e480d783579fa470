"""A site that another process has read: the same names and values, and the same model."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from small_house import furnished, write_site

from edge_agent.fingerprint import fingerprint
from edge_agent.site.assumed import assumed_defaults
from edge_agent.site.examples import example_path
from edge_agent.site.load import load_site
from edge_agent.site.loaded import LoadedSite
from edge_agent.site.outline import Outline, dump_outline, read_outline
from edge_agent.site.outline_child import main, part
from edge_agent.site.read_apart import ApartError, Reading
from edge_agent.site.terms import Strict
from edge_agent.sitemodel import site_model

GOOD = Path(__file__).parent / "good" / "site.yaml"
EXAMPLES = [example_path(name) for name in ("hotel.yaml", "hotel_rtp.yaml", "starter.yaml")]


def outlined(loaded: LoadedSite) -> LoadedSite:
    return read_outline(loaded.path, dump_outline(loaded, part))


def same(seen: object, meant: object, where: str) -> int:
    """Every value of the schema, also what follows from the keys; how many there were."""
    if isinstance(meant, Strict):
        assert isinstance(seen, Outline), where
        assert seen.model_fields_set == meant.model_fields_set, where
        kind = type(meant)
        own = [name for name, what in vars(kind).items() if isinstance(what, property)]
        names = (*kind.model_fields, *own)
        return sum(same(getattr(seen, n), getattr(meant, n), f"{where}.{n}") for n in names)
    if isinstance(meant, tuple):
        assert isinstance(seen, tuple), where
        assert len(seen) == len(meant), where
        return sum(same(s, m, f"{where}[]") for s, m in zip(seen, meant, strict=True))
    if isinstance(meant, dict):
        assert isinstance(seen, dict), where
        assert [*seen] == [*meant], where
        return sum(same(seen[name], meant[name], f"{where}.{name}") for name in meant)
    assert seen == (meant.value if isinstance(meant, Enum) else meant), where
    assert type(seen) in (str, int, float, bool, type(None)), where
    return 1


@pytest.mark.parametrize("path", [*EXAMPLES, GOOD], ids=lambda path: path.stem)
def test_every_name_and_value_is_there(path: Path) -> None:
    loaded = load_site(path)
    seen = outlined(loaded)
    assert same(seen.site, loaded.site, "site") > 40
    assert same(seen.tariff, loaded.tariff, "tariff") > 5
    assert (seen.prices, seen.warnings) == (loaded.prices, loaded.warnings)
    assert (seen.sources, seen.path, seen.zone) == (loaded.sources, loaded.path, loaded.zone)
    assert site_model(seen.site, seen.tariff) == site_model(loaded.site, loaded.tariff)
    assert assumed_defaults(seen.site, seen.tariff) == assumed_defaults(loaded.site, loaded.tariff)


def test_feeds_and_prices_come_along(tmp_path: Path) -> None:
    def fed(site: dict[str, Any]) -> None:
        furnished(site)
        site["feeds"] = {"weather": {"format": "open_meteo"}}

    seen = outlined(load_site(write_site(tmp_path, change=fed)))
    assert [(source.name, source.every_s) for source in seen.sources] == [("weather", 3600.0)]
    assert seen.prices is None
    assert outlined(load_site(GOOD)).prices


def test_a_device_is_found_by_its_name(tmp_path: Path) -> None:
    site = outlined(load_site(write_site(tmp_path, change=furnished))).site
    assert site.device("sky").points["temperature"].unit == "degC"
    with pytest.raises(KeyError):
        site.device("nobody")


def test_what_is_no_outline_is_refused(tmp_path: Path) -> None:
    path = write_site(tmp_path)
    text = dump_outline(load_site(path), part)
    for torn in (b"", b"{}", text[:-20], text.splitlines()[0]):
        with pytest.raises(ValueError, match=r"\w"):
            read_outline(path, torn)
    with pytest.raises(TypeError, match="no part of a site"):
        json.dumps({"x": object()}, default=part)


def test_a_child_reads_the_site_that_is_meant_and_no_other(tmp_path: Path) -> None:
    path = write_site(tmp_path, change=furnished)
    mark = fingerprint(path)
    loaded = load_site(path)
    seen = Reading(path, mark).done()
    assert seen is not None
    assert same(seen.site, loaded.site, "site") > 100
    path.write_text(path.read_text(encoding="utf-8") + "# another\n", encoding="utf-8")
    assert Reading(path, mark).done() is None
    path.write_text("site: 5\n", encoding="utf-8")
    assert Reading(path, mark).done() is None, "another file, though a wrong one"
    with pytest.raises(ApartError, match=r"site\.yaml"):
        Reading(path, fingerprint(path)).done()


def test_the_child_by_hand(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path = write_site(tmp_path)
    assert main([str(path)]) == 2
    assert main([str(path), "0" * 64]) == 3
    assert main([str(tmp_path / "nowhere.yaml"), ""]) == 1
    said = capsysbinary.readouterr()
    assert said.out == b""
    assert b"usage" in said.err
    assert b"nowhere.yaml" in said.err
    assert main([str(path), fingerprint(path)]) == 0
    sys.stdout.flush()
    assert read_outline(path, capsysbinary.readouterr().out).site.site.id == "small_house"
