"""The link as the agent holds it: started again after a failure, and closed in time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from small_house import write_site

from drivers.types import Quality, Reading
from edge_agent.clock import SystemClock
from edge_agent.cloud.endpoint import Endpoint
from edge_agent.cloud.mqtt5 import Mqtt5Transport
from edge_agent.cloud.transport import CloudConfigError, FilterRefused
from edge_agent.cloud_link import CloudLink
from edge_agent.site.load import load_site
from edge_agent.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from edge_agent.demo.iot_core import LocalIotCore
    from edge_agent.site.schema import Site
    from tests.cloud.conftest import Until

DRAIN_S = 0.3


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "edge.db", SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """One whose cloud is mqtt; the endpoint is that of the transport given beside it."""

    def cloudy(content: dict[str, Any]) -> None:
        content["cloud"] = {
            "transport": "mqtt",
            "endpoint": "127.0.0.1",
            "port": 1883,
            "thing": "gw_1",
            "live_every_s": 10,
        }

    return load_site(write_site(tmp_path, change=cloudy)).site


def transport_to(port: int, cert_file: str = "", key_file: str = "") -> Mqtt5Transport:
    endpoint = Endpoint(
        host="127.0.0.1", port=port, client_id="gw_1", cert_file=cert_file, key_file=key_file
    )
    return Mqtt5Transport(endpoint)


async def test_a_bad_certificate_does_not_pile_up_listeners(
    site: Site, store: Store, tmp_path: Path, free_port: int
) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("no certificate\n")
    files = {"cert_file": str(tmp_path / "cert.pem"), "key_file": str(tmp_path / "key.pem")}
    transport = transport_to(free_port, **files)
    link = CloudLink(site, store, SystemClock(), transport)
    counts = []
    for _ in range(3):
        with pytest.raises(CloudConfigError):
            await link.run()
        counts.append(len(transport._listeners))
    assert counts == [2, 2, 2]
    assert not await link.close(0.1)


async def test_closing_ends_in_time_whatever_the_broker_does(
    own_cloud: LocalIotCore, site: Site, store: Store, until: Until
) -> None:
    transport = transport_to(own_cloud.port)
    link = CloudLink(site, store, SystemClock(), transport)
    running = asyncio.ensure_future(link.run())
    await until(lambda: link.view().connected)
    own_cloud.freeze()
    at = SystemClock().now()
    reading = Reading(
        device="meter", point="power", value=1.0, unit="kW", at=at, quality=Quality.GOOD
    )
    store.append([reading])
    await store.commit()
    began_s = time.monotonic()
    assert not await link.close(DRAIN_S)
    took_s = time.monotonic() - began_s
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    own_cloud.thaw()
    assert DRAIN_S <= took_s < DRAIN_S + 1.0


async def test_a_refused_filter_is_in_the_view(
    own_cloud: LocalIotCore, site: Site, store: Store, until: Until
) -> None:
    transport = transport_to(own_cloud.port)
    link = CloudLink(site, store, SystemClock(), transport)
    running = asyncio.ensure_future(link.run())
    await until(lambda: link.view().connected)
    assert link.trouble == ""
    transport._emit(FilterRefused("$aws/things/gw_1/shadow/name/sync/get/accepted", 135))
    assert link.trouble == "filter_refused"
    assert link.view().last_error.startswith("filter_refused: $aws/things/gw_1/")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await link.close(0.1)
