"""A gateway that writes what it is told to and is killed by SIGKILL at once, holding everything.

Arguments: `modbus PROFILE URL POINT=VALUE...` or
`bacnet PROFILE LISTEN DEVICE POINT:OBJECT=VALUE...`. It prints one result a line.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from drivers.types import Driver, WriteRequest
from edge_agent.clock import SystemClock

LEASE_S = 120.0


async def command(driver: Driver, wishes: dict[str, float]) -> None:
    await driver.open()
    await driver.read()
    for point, value in wishes.items():
        request = WriteRequest(point=point, value=value, lease_s=LEASE_S, command_id="c1")
        print((await driver.write(request)).result, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


async def modbus(profile: str, url: str, words: list[str]) -> None:
    from drivers.modbus import ModbusLink, open_device

    clock = SystemClock()
    link = ModbusLink(url, timeout_s=2.0, clock=clock)
    wishes = {point: float(value) for point, value in (word.split("=") for word in words)}
    await command(open_device("dev", link, 1, profile, clock), wishes)


async def bacnet(profile: str, listen: str, device: str, words: list[str]) -> None:
    from drivers.bacnet import BacnetDevice
    from drivers.bacnet_link import BacnetLink
    from drivers.bacnet_template import bind
    from drivers.profile import BacnetTemplate, load_profile

    clock = SystemClock()
    template = load_profile(profile)
    assert isinstance(template, BacnetTemplate)
    named = [word.split("=") for word in words]
    objects = dict(left.split(":") for left, _ in named)
    wishes = {left.split(":")[0]: float(value) for left, value in named}
    link = BacnetLink(listen, 3056, write_priority=13, timeout_s=2.0, clock=clock)
    await command(BacnetDevice("dev", link, device, bind(template, objects), clock), wishes)


if __name__ == "__main__":
    if sys.argv[1] == "modbus":
        asyncio.run(modbus(sys.argv[2], sys.argv[3], sys.argv[4:]))
    else:
        asyncio.run(bacnet(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]))
