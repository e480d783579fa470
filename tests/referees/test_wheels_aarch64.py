"""Every pin of the running gateway exists as a wheel for 64-bit ARM, so nothing is compiled there.

Asks the package registry that pip is set up for, by the hashes of constraints/run.txt: about 40 MB.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name, parse_wheel_filename

pytestmark = [pytest.mark.referee, pytest.mark.timeout(600)]

RUN_PINS = Path(__file__).resolve().parents[2] / "constraints" / "run.txt"
OLDEST_GLIBC_MINOR, DEBIAN_12_GLIBC_MINOR = 17, 36
PLATFORMS = [
    *(f"manylinux_2_{n}_aarch64" for n in range(OLDEST_GLIBC_MINOR, DEBIAN_12_GLIBC_MINOR + 1)),
    "manylinux2014_aarch64",
]
TARGET = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.2",
    "python_version": "3.11",
    "sys_platform": "linux",
}
"""Raspberry Pi OS 12."""
ELF, ELF_64_BIT, ELF_AARCH64 = b"\x7fELF", 2, 183
PIN = re.compile(
    r"^([A-Za-z0-9._-]+==\S+)(?: *; *([^\\\n]+?))?((?: *\\\n +--hash=\S+)+)$", re.MULTILINE
)


def pins_for_target() -> dict[str, str]:
    """`name==version` to its hash options, where the pin's marker holds on the target.

    pip judges markers by the machine it runs on, whatever platform it downloads for.
    """
    text = RUN_PINS.read_text(encoding="utf-8")
    found = list(PIN.finditer(text))
    assert len(found) == len(re.findall(r"^\S", text, re.MULTILINE)), "a pin was not understood"
    return {
        pin[1]: pin[3]
        for pin in found
        if pin[2] is None or Marker(pin[2]).evaluate(environment=dict(TARGET))
    }


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("aarch64")
    wanted = folder / "run.txt"
    lines = [f"{pin}{hashes}\n" for pin, hashes in pins_for_target().items()]
    wanted.write_text("".join(lines), encoding="utf-8")
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    target = ["--implementation=cp", "--python-version=3.11", *platforms]
    abis = ["--abi=cp311", "--abi=abi3", "--abi=none"]
    only = ["--only-binary=:all:", "--no-deps", "--require-hashes", "--quiet"]
    words = ["download", *only, *target, *abis, "--requirement", str(wanted), "--dest", str(folder)]
    answer = subprocess.run(
        [sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return sorted(folder.glob("*.whl"))


def test_every_pin_has_a_wheel(wheels: list[Path]) -> None:
    got = {name: str(version) for name, version, *_ in map(parse_wheel_filename, names(wheels))}
    wanted = dict(pin.split("==") for pin in pins_for_target())
    assert got == {canonicalize_name(name): version for name, version in wanted.items()}


def test_the_solver_and_the_cloud_are_native(wheels: list[Path]) -> None:
    native = [name for name in names(wheels) if "aarch64" in name]
    for package in ("highspy", "numpy", "awscrt", "pydantic_core"):
        assert any(name.startswith(f"{package}-") for name in native), package


def test_every_binary_is_for_64_bit_arm(wheels: list[Path]) -> None:
    checked = 0
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as inside:
            for name in inside.namelist():
                with inside.open(name) as file:
                    head = file.read(20)
                if head.startswith(ELF):
                    (machine,) = struct.unpack_from("<H", head, 18)
                    assert (head[4], machine) == (ELF_64_BIT, ELF_AARCH64), f"{wheel.name}: {name}"
                    checked += 1
    assert checked > len(["highspy", "numpy", "awscrt", "pydantic_core"])


def names(wheels: list[Path]) -> list[str]:
    return [wheel.name for wheel in wheels]
