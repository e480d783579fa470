"""Whatever stands in a site file: a site or a list of mistakes comes out, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.feeds.price_file import parse_prices
from edge_agent.site.document import parse_document
from edge_agent.site.known_points import Profiles, packaged_profiles
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.mistakes import SiteError

GOOD = Path(__file__).parent / "good"
TEXT = (GOOD / "site.yaml").read_text(encoding="utf-8")
SMALL = """\
site: {id: small, timezone: Europe/Berlin, latitude: 49, longitude: 8, currency: EUR}
links: {wire: {protocol: modbus, url: "tcp://127.0.0.1:502"}}
devices: [{id: meter, type: smart_meter, link: wire, profile: eastron_sdm630, unit: 1}]
assets:
  grid: {meter: meter.power, import_limit_kw: 9, export_limit_kw: 0, tariff: tariff.yaml}
"""
SNIPPETS = (
    "null", "[]", "{}", "*a", "&a", "!!binary x", "!x", "<<: {a: b}", "? [a]", ": ", "- ", "'", '"',
    "---\n", "...\n", "%YAML 1.1\n", "\t", "\\ud800", '"\\ud800"', "1e999", "0x", "-_", ".nan",
    "true", "off", "2020-13-45", "2020-01-01", "|", ">", "\n", "\r", "\u2028", "\ufeff", "\0",
    "99999999999999999999", "#", ",", "}", "]", "!", "!<tag:yaml.org,2002:int> x", "é", "../..",
    '"\\U00110000"', '"\\UFFFFFFFF"', "%TAG ! x\n", "!!set {a}", "!!int x", "&a [*a]",
    "protocol: modbus",
)  # fmt: skip
FUZZ = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def profiles() -> Profiles:
    return packaged_profiles()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    target = tmp_path_factory.mktemp("fuzz")
    shutil.copytree(GOOD, target, dirs_exist_ok=True)
    yield target
    shutil.rmtree(target)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The good site with a few cuts, insertions, swapped and repeated pieces."""
    text = TEXT
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        piece = draw(
            st.one_of(
                st.sampled_from(SNIPPETS),
                st.text(max_size=6),
                st.just(text[start:end] * 2),
                st.just(""),
            )
        )
        text = text[:start] + piece + text[end:]
    return text


@st.composite
def revalued(draw: st.DrawFn) -> str:
    """The good site with the values of some keys replaced by other YAML."""
    lines = TEXT.splitlines()
    for _ in range(draw(st.integers(1, 5))):
        index = draw(st.integers(0, len(lines) - 1))
        key, colon, _ = lines[index].partition(": ")
        if colon:
            value = draw(st.one_of(st.sampled_from(SNIPPETS), st.floats().map(str)))
            lines[index] = f"{key}: {value}"
    return "\n".join(lines)


def outcome(path: Path, profiles: Profiles) -> LoadedSite | SiteError:
    try:
        return load_site(path, profiles)
    except SiteError as refused:
        result = refused
    assert result.mistakes
    for mistake in result.mistakes:
        assert mistake.line >= 1
        assert mistake.message
        assert str(mistake).isprintable()
    return result


@FUZZ
@given(text=st.one_of(mutated(), revalued()))
def test_mutated_text(text: str, folder: Path, profiles: Profiles) -> None:
    path = folder / "site.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert isinstance(outcome(path, profiles), LoadedSite | SiteError)


@FUZZ
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes(content: bytes, folder: Path, profiles: Profiles) -> None:
    path = folder / "site.yaml"
    path.write_bytes(content)
    assert isinstance(outcome(path, profiles), SiteError)


@FUZZ
@given(text=st.one_of(mutated(), revalued()))
def test_any_tariff(text: str, folder: Path, profiles: Profiles) -> None:
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    path = folder / "tariff.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    refused = outcome(folder / "small.yaml", profiles)
    assert isinstance(refused, SiteError)
    assert {mistake.file for mistake in refused.mistakes} == {"tariff.yaml"}


@FUZZ
@given(parts=st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=12))
def test_pieces_of_yaml(parts: list[str]) -> None:
    parsed = parse_document("".join(parts), "s.yaml")
    assert parsed.document is not None or parsed.mistakes


@FUZZ
@given(text=st.text(alphabet=st.sampled_from('0123456789,.-:TZ# \n\r\0"en\u2028+'), max_size=120))
def test_any_price_file(text: str) -> None:
    parsed = parse_prices("start,price_per_kwh\n" + text, "EUR")
    assert parsed.rows or parsed.faults
