"""The gateway is killed while it holds a command, and never comes back: what stands at the device.

A device with a timer or watchdog must have been given what makes it let go; any other must hold a
value that is safe for ever.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.bacnet_point import BacnetPoint
from drivers.bacnet_template import bind
from drivers.profile import BacnetTemplate, load_profile, profile_names
from drivers.profile_lint import writable
from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.types import ProfileError, Reverts, WriteResult
from edge_agent.clock import SystemClock
from tests.profiles.register_server import Device, RegisterServer
from tests.profiles.test_writes import MODEL_124, fronius, inverter, sma, storage, victron

ROOT = Path(__file__).parents[2]
LEASE_S = 120


async def killed(*words: str) -> list[str]:
    """What the gateway printed before it was killed."""
    script = str(Path(__file__).with_name("killed_gateway.py"))
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, script, *words, cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await gateway.communicate()
    assert gateway.returncode == -signal.SIGKILL
    return out.decode().split()


def timer_runs(device: Device, timer: int, width: int, enable: int) -> None:
    """The device's own timer was written in full, and before the enable."""
    standing = device.at(timer, width)
    assert 0 < standing[-1] <= LEASE_S
    assert standing[:-1] == [0] * (width - 1)
    order = [address + place for _, address, words in device.writes for place in range(len(words))]
    assert order.index(enable) > max(i for i, a in enumerate(order) if a == timer)
    assert device.writes[-1][1] == enable


def fronius_ends(device: Device) -> None:
    timer_runs(device, MODEL_124 + 15, 1, MODEL_124 + 5)


def fronius_without_timer_ends(device: Device) -> None:
    assert device.at(MODEL_124 + 12, 2) == [0, 0]


def storage_ends(device: Device) -> None:
    timer_runs(device, 40070 + 31, 2, 40070 + 22)
    assert device.at(40070 + 30) == [0]


def inverter_ends(device: Device) -> None:
    timer_runs(device, 40098 + 7, 1, 40098 + 9)


def sma_ends(device: Device) -> None:
    """Nobody repeats the setpoint any more, and that is what its watchdog waits for."""
    assert device.writes == [(16, 40149, (0xFFFF, 0xEC78)), (16, 40151, (0, 802))]


def victron_ends(device: Device) -> None:
    assert [0 <= share <= 100 for share in device.at(2701, 2)] == [True, True]
    assert device.at(2701, 2) == [0, 100]


ENDS: list[tuple[str, Callable[[], Device], list[str], Callable[[Device], None]]] = [
    ("fronius_gen24", fronius, ["power_setpoint=2.5"], fronius_ends),
    ("fronius_gen24", lambda: fronius("FFFF"), ["power_setpoint=0"], fronius_without_timer_ends),
    ("sunspec_storage", storage, ["power_setpoint=4"], storage_ends),
    ("sunspec_inverter", inverter, ["power_limit=5"], inverter_ends),
    ("sma_battery", sma, ["power_setpoint=5"], sma_ends),
    ("victron_gx_system", victron, ["charge_share=0", "discharge_share=100"], victron_ends),
]


def test_every_writable_modbus_profile_is_killed_here() -> None:
    profiles = [load_profile(name) for name in profile_names()]
    due = {profile.name for profile in profiles if profile.kind != "bacnet" and writable(profile)}
    assert {name for name, *_ in ENDS} == due


@pytest.mark.parametrize(("name", "make", "wishes", "ends"), ENDS)
async def test_a_killed_gateway_leaves_a_device_that_lets_go(
    name: str,
    make: Callable[[], Device],
    wishes: list[str],
    ends: Callable[[Device], None],
    server: RegisterServer,
) -> None:
    server.devices[1] = device = make()
    results = await killed("modbus", name, f"tcp://127.0.0.1:{server.port}", *wishes)
    assert len(results) == len(wishes)
    assert {WriteResult(result).holds for result in results} == {True}
    ends(device)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
        probing.bind(("127.0.0.1", 0))
        return int(probing.getsockname()[1])


class Rooms:
    """A plant of numbers."""

    def __init__(self, **values: float) -> None:
        self.values = values

    def get(self, name: str) -> float:
        return self.values[name]

    def set(self, name: str, value: float | None) -> None:
        if value is not None:
            self.values[name] = value


def template(name: str) -> BacnetTemplate:
    found = load_profile(name)
    assert isinstance(found, BacnetTemplate)
    return found


@pytest.mark.parametrize("name", ["generic_bacnet_ahu", "generic_bacnet_zone"])
async def test_a_killed_gateway_leaves_safe_values_in_its_slots(name: str) -> None:
    written = {n: p for n, p in template(name).points.items() if p.write is not None}
    points = {n: p for n, p in written.items() if p.unit == "degC"}
    assert written.keys() - points.keys() <= {"schedule_enable"}
    objects = {n: f"{p.objects[0]},{number}" for number, (n, p) in enumerate(points.items(), 1)}
    served = tuple(
        BacnetObject(object=objects[n], plant=n, units="degrees-celsius", commandable=True)
        for n in points
    )
    plant = Rooms(**dict.fromkeys(points, 1.0))
    listen = f"127.0.0.1/24:{free_udp_port()}"
    server = BacnetServer(listen, 4001, SystemClock(), plant, served)
    await server.start()
    try:
        ceilings = {n: p.write.safe[1] for n, p in points.items() if p.write is not None}
        wishes = [f"{n}:{objects[n]}={ceilings[n]}" for n in points]
        mine = f"127.0.0.1/24:{free_udp_port()}"
        results = await killed("bacnet", name, mine, server.address, *wishes)
        assert results == ["verified"] * len(points)
        assert {n: server.slot(objects[n], 13) for n in points} == ceilings
    finally:
        await server.stop()


def test_a_template_takes_the_site_s_objects_and_a_narrower_band() -> None:
    zone = template("generic_bacnet_zone")
    objects = {"temperature": "analog-input,1", "setpoint": "analog-value,7"}
    sensor, setpoint = bind(zone, objects, {"setpoint": (20, 24)})
    assert sensor == BacnetPoint(name="temperature", object="analog-input,1", unit="degC")
    assert (setpoint.writable, setpoint.reverts) == (True, Reverts.NONE)
    assert (setpoint.safe, setpoint.limits) == ((20, 24), (20, 24))


@pytest.mark.parametrize(
    ("objects", "safe", "said"),
    [
        ({"moon": "analog-value,7"}, {}, "has no point moon; it has temperature"),
        ({"setpoint": "analog-input,7"}, {}, "setpoint is found in analog-value"),
        ({"setpoint": "analog-value,7"}, {"setpoint": (18, 24)}, "is not within"),
        ({"setpoint": "analog-value,7"}, {"setpoint": (24, 20)}, "is not within"),
        ({"temperature": "analog-input,1"}, {"temperature": (20, 24)}, "is never written"),
    ],
)
def test_a_binding_that_does_not_fit_is_told_why(
    objects: dict[str, str], safe: dict[str, tuple[float, float]], said: str
) -> None:
    with pytest.raises(ProfileError, match=said):
        bind(template("generic_bacnet_zone"), objects, safe)
