"""Pulling over real HTTP: bounds of size, time, redirects; keys; and the child process."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from feed_documents import (
    HOUR,
    NOW,
    TODAY_TOMORROW,
    awattar_body,
    carbon_source,
    carbon_uk_body,
    electricity_maps_body,
    energy_charts_body,
    entsoe_body,
    local_day,
    octopus_body,
    open_meteo_body,
    price_source,
    truth,
    weather_source,
)
from feed_server import FeedServer, Reply, feed_server

from edge_agent.feeds.child import ChildPuller
from edge_agent.feeds.document import Document, Refused
from edge_agent.feeds.http_get import Limits, get, unpacked
from edge_agent.feeds.pull import pull
from edge_agent.feeds.pull_words import Pull
from edge_agent.feeds.request import KeyRefusedError, Request, read_key, request_for
from edge_agent.feeds.source import Format, Source

HOURS = local_day(date(2026, 11, 22), HOUR, days=2)
QUICK = Limits(wait_s=5.0, total_s=5.0)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


def fetched(server: FeedServer, reply: Reply, limits: Limits = QUICK) -> bytes | Refused:
    server.replies["/feed"] = reply
    return get(Request(f"{server.url}/feed", {}), limits)


SERVED: list[tuple[Source, bytes]] = [
    (price_source(Format.ENERGY_CHARTS), energy_charts_body(TODAY_TOMORROW)),
    (price_source(Format.AWATTAR), awattar_body(HOURS)),
    (
        price_source(Format.OCTOPUS_AGILE, zone="E-1R-AGILE-24-10-01-C", currency="GBP"),
        octopus_body(HOURS, truth),
    ),
    (price_source(Format.ENTSOE, zone="DE_LU"), entsoe_body([date(2026, 11, 23)])),
    (weather_source(), open_meteo_body(HOURS)),
    (carbon_source(), carbon_uk_body(HOURS)),
    (carbon_source(Format.ELECTRICITY_MAPS, zone="DE"), electricity_maps_body(HOURS)),
]


@pytest.mark.parametrize(("source", "body"), SERVED, ids=lambda one: getattr(one, "format", ""))
def test_every_format_is_pulled_and_read(server: FeedServer, source: Source, body: bytes) -> None:
    server.replies["/feed"] = Reply(body)
    url = f"{server.url}/feed?zone={{zone}}&start={{start}}&end={{end}}"
    asked = replace(source, url=url)
    pulled = pull(Pull(source=asked, now=NOW))
    assert isinstance(pulled.outcome, Document), pulled
    assert len(pulled.sha256) == 64
    assert "start=" in server.asked[0][0]


def test_public_addresses_ask_for_whole_local_days() -> None:
    def url(form: Format, zone: str = "DE-LU", key: str = "") -> str:
        return request_for(price_source(form, zone=zone), NOW, key).url

    assert url(Format.ENERGY_CHARTS) == (
        "https://api.energy-charts.info/price?bzn=DE-LU"
        "&start=2026-11-20T23:00Z&end=2026-11-23T23:00Z"
    )
    assert "periodStart=202611202300&periodEnd=202611232300&securityToken=k%26y" in url(
        Format.ENTSOE, key="k&y"
    )
    assert url(Format.AWATTAR).endswith("marketdata?start=1795215600000&end=1795474800000")
    assert "/products/AGILE-24-10-01/electricity-tariffs/E-1R-AGILE-24-10-01-C/" in url(
        Format.OCTOPUS_AGILE, "E-1R-AGILE-24-10-01-C"
    )
    maps = request_for(carbon_source(Format.ELECTRICITY_MAPS, zone="DE"), NOW, "secret")
    assert maps.headers == {"auth-token": "secret"}
    assert "secret" not in maps.url


def test_an_unknown_field_in_an_address_is_said() -> None:
    with pytest.raises(ValueError, match="unknown fields town"):
        request_for(price_source(url="http://a/{town}"), NOW, "")


def test_keys_come_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(" abc\n")
    assert read_key(f"file:{file}") == "abc"
    assert read_key("env:FEED", {"FEED": "def"}) == "def"
    assert read_key("") == ""
    for reference in ("env:NOWHERE_AT_ALL", f"file:{tmp_path / 'none'}", "abc"):
        with pytest.raises(KeyRefusedError) as refused:
            read_key(reference, {})
        assert "abc" not in str(refused.value)


def test_gzip_is_unpacked(server: FeedServer) -> None:
    reply = Reply(gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"})
    assert fetched(server, reply) == b"[1]"


def test_a_bomb_is_not_unpacked(server: FeedServer) -> None:
    bomb = gzip.compress(b"0" * 200_000_000, compresslevel=9)
    assert len(bomb) < 300_000
    found = fetched(server, Reply(bomb, headers={"Content-Encoding": "gzip"}))
    assert found == Refused("the answer unpacks to more than 5 MB")


def test_what_is_broken_off_while_packed_is_refused() -> None:
    packed = zlib.compress(b"abc" * 1000)
    assert unpacked(packed[:-4]) == Refused("the answer is cut off")
    assert unpacked(b"no zlib") == Refused("the answer cannot be unpacked")


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(b"x" * 2_100_000), "longer than 2 MB"),
        (Reply(b"[1]", headers={"Content-Encoding": "br"}), "packed as br"),
        (Reply(b"no", 404), "answers with status 404"),
        (Reply(b"no", 401), "the key is refused"),
        (Reply(b"no", 429), "asked too often"),
        (Reply(b"oops", 500), "answers with status 500"),
        (Reply(b"", 302, {"Location": "/feed"}), "sent on more than 3 times"),
        (Reply(b"", 302, {"Location": "ftp://127.0.0.1/x"}), "sent on to ftp"),
        (Reply(b"", 302, {"Location": "file:///etc/passwd"}), "sent on to file"),
        (Reply(b"", 302), "sent on to nowhere"),
        (Reply(b"[1", headers={"Content-Length": "10"}), "cannot be reached: RemoteProtocolError"),
    ],
)
def test_bad_answers_are_refused(server: FeedServer, reply: Reply, says: str) -> None:
    found = fetched(server, reply)
    assert isinstance(found, Refused)
    assert says in found.reason


def test_a_bad_request_is_for_the_format_to_explain(server: FeedServer) -> None:
    body = b'{"error": true, "reason": "Latitude must be in range"}'
    assert fetched(server, Reply(body, 400)) == body


def test_one_byte_at_a_time_is_too_slow(server: FeedServer) -> None:
    found = fetched(server, Reply(b"[" + b" " * 500, drip_s=0.05), Limits(wait_s=5.0, total_s=0.2))
    assert found == Refused("the answer comes too slowly")


def test_silence_is_no_answer(server: FeedServer) -> None:
    found = fetched(server, Reply(b"[1]", drip_s=30.0), Limits(wait_s=0.2, total_s=5.0))
    assert found == Refused("no answer within 0.2 s")


def test_nobody_there_is_said_without_the_address() -> None:
    with feed_server() as gone:
        url = gone.url
    found = get(Request(f"{url}/feed?token=secret", {}), QUICK)
    assert found == Refused("cannot be reached: ConnectError")


def test_a_key_in_a_header_does_not_follow_to_another_host(server: FeedServer) -> None:
    with feed_server() as other:
        other.replies["/feed"] = Reply(b"[2]")
        server.replies["/feed"] = Reply(b"", 301, {"Location": f"{other.url}/feed"})
        request = Request(f"{server.url}/feed", {"auth-token": "secret"})
        assert get(request, QUICK) == b"[2]"
        assert server.asked[0][1]["auth-token"] == "secret"
        assert "auth-token" not in other.asked[0][1]


async def test_the_child_pulls(server: FeedServer) -> None:
    server.replies["/feed"] = Reply(entsoe_body([date(2026, 11, 23)]))
    source = price_source(Format.ENTSOE, zone="DE_LU", url=f"{server.url}/feed?in={{zone}}")
    pulled = await ChildPuller().pull(source, NOW)
    assert isinstance(pulled.outcome, Document), pulled
    assert len(pulled.outcome.rows) == 96
    assert server.asked[0][0] == "/feed?in=10Y1001A1001A82H"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("import sys; sys.exit(3)", "the pull broke off"),
        ("print('[]')", "the pull broke off"),
        ("import sys; sys.stdin.read(); print('x' * 5_000_000)", "the pull gave back too much"),
        ("import time; time.sleep(60)", "the pull took too long"),
    ],
)
async def test_a_bad_child_is_a_refusal(script: str, says: str) -> None:
    slow = "sleep" in script
    start_s = 0.3 if slow else 60.0
    puller = ChildPuller(command=(sys.executable, "-c", script), total_s=0.0, start_s=start_s)
    pulled = await puller.pull(price_source(), NOW)
    assert pulled.outcome == Refused(says)


async def test_a_child_that_cannot_be_started_is_a_refusal() -> None:
    pulled = await ChildPuller(command=("/nowhere/python",)).pull(price_source(), NOW)
    assert pulled.outcome == Refused("cannot be pulled: FileNotFoundError")


def test_the_keeper_brings_neither_httpx_nor_pandas_into_the_agent() -> None:
    code = (
        "import sys, json, edge_agent.feeds.keeper, edge_agent.feeds.child;"
        "print(json.dumps([name for name in ('httpx', 'pandas', 'numpy', 'entsoe', 'holidays')"
        " if name in sys.modules]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(found.stdout) == []
