"""A simulated unit's registers: a bank to read and write, and the meter that shows a plant."""

from __future__ import annotations

import math
from collections.abc import Sequence

from drivers.codec import RegisterType, encode
from drivers.simulated.plant import Plant

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
DEVICE_FAILURE = 4
GATEWAY_NO_ANSWER = 11


class ModbusFault(Exception):  # noqa: N818 - the exception code of a reply, no error of ours
    """Answer with this exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class Bank:
    """Consecutive registers from `start`; only those in `writable` take a write."""

    def __init__(self, start: int, registers: Sequence[int]) -> None:
        self.start = start
        self.registers = list(registers)
        self.writable: set[int] = set()

    def read(self, address: int, count: int) -> list[int]:
        """Registers; fault 2 outside of the bank."""
        first = address - self.start
        if first < 0 or first + count > len(self.registers):
            raise ModbusFault(ILLEGAL_ADDRESS)
        return self.registers[first : first + count]

    def put(self, address: int, registers: Sequence[int]) -> None:
        """Set registers from inside the device."""
        first = address - self.start
        self.registers[first : first + len(registers)] = registers

    def write(self, address: int, registers: Sequence[int]) -> None:
        """Set registers from the wire; fault 2 when one of them takes none."""
        if not self.writable.issuperset(range(address, address + len(registers))):
            raise ModbusFault(ILLEGAL_ADDRESS)
        self.put(address, registers)


class SimulatedUnit:
    """One unit: a bank behind one read function, brought up to date at each read.

    Switches for tests: `silent` gives no answer at all, `frozen` keeps showing the last values.
    """

    def __init__(self, unit_id: int, function: int, bank: Bank) -> None:
        self.unit_id = unit_id
        self.function = function
        self.bank = bank
        self.silent = False
        self.frozen = False
        self.requests = 0
        self.write_frames = 0

    def refresh(self) -> None:
        """Bring the bank up to date with the plant."""

    def authorise(self) -> None:
        """Raise a fault when the unit takes no write now."""

    def commanded(self, first: int, end: int) -> None:
        """Registers [first, end) have been written from the wire."""

    async def stop(self) -> None:
        """End whatever runs in the unit."""

    def read(self, function: int, address: int, count: int) -> list[int]:
        """Answer a read."""
        self.requests += 1
        if function != self.function:
            raise ModbusFault(ILLEGAL_FUNCTION)
        if not self.frozen:
            self.refresh()
        return self.bank.read(address, count)

    def write(self, address: int, registers: Sequence[int]) -> None:
        """Answer a write."""
        self.requests += 1
        self.write_frames += 1
        self.authorise()
        self.bank.write(address, registers)
        self.commanded(address, address + len(registers))


def value_of(plant: Plant, name: str) -> float | None:
    """A quantity of the plant, None when it has none of that name."""
    try:
        return plant.get(name)
    except KeyError:
        return None


_SDM630 = {
    0x00: ("meter.voltage_l1_v", 1.0),
    0x02: ("meter.voltage_l2_v", 1.0),
    0x04: ("meter.voltage_l3_v", 1.0),
    0x06: ("meter.current_l1_a", 1.0),
    0x08: ("meter.current_l2_a", 1.0),
    0x0A: ("meter.current_l3_a", 1.0),
    0x0C: ("meter.power_l1_kw", 1000.0),
    0x0E: ("meter.power_l2_kw", 1000.0),
    0x10: ("meter.power_l3_kw", 1000.0),
    0x34: ("meter.power_kw", 1000.0),
    0x46: ("meter.frequency_hz", 1.0),
    0x48: ("meter.import_kwh", 1.0),
    0x4A: ("meter.export_kwh", 1.0),
}
_SDM630_POWER_FACTOR = 0x3E
_SDM630_REGISTERS = 0x180


class MeterUnit(SimulatedUnit):
    """An Eastron SDM630: float32 in input registers; what the plant lacks reads NaN."""

    def __init__(self, plant: Plant, unit_id: int) -> None:
        super().__init__(unit_id, 4, Bank(0, [0] * _SDM630_REGISTERS))
        self._plant = plant
        self.refresh()

    def refresh(self) -> None:
        """Show the plant's meter."""
        for address, (name, factor) in _SDM630.items():
            value = value_of(self._plant, name)
            self._show(address, math.nan if value is None else value * factor)
        self._show(_SDM630_POWER_FACTOR, self._power_factor())

    def _show(self, address: int, value: float) -> None:
        self.bank.put(address, encode(value, RegisterType.FLOAT32))

    def _power_factor(self) -> float:
        """Active over apparent power, 1 without current, NaN when the plant does not tell."""
        power_kw = value_of(self._plant, "meter.power_kw")
        apparent_va = 0.0
        for phase in (1, 2, 3):
            volt = value_of(self._plant, f"meter.voltage_l{phase}_v")
            ampere = value_of(self._plant, f"meter.current_l{phase}_a")
            if power_kw is None or volt is None or ampere is None:
                return math.nan
            apparent_va += abs(volt * ampere)
        return power_kw * 1000.0 / apparent_va if power_kw and apparent_va else 1.0


def sdm630_unit(plant: Plant, unit_id: int) -> MeterUnit:
    """A smart meter that shows `meter.*` of the plant."""
    return MeterUnit(plant, unit_id)
