"""How a profile tells its device from others: registers that must, or must not, hold a number."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from drivers.codec import Order, Registers, RegisterType, decode
from drivers.profile_terms import Address, Name, Strict
from drivers.readplan import Function, Span
from drivers.types import PermanentError

Area = Literal["input", "holding"]
FUNCTION = {"input": Function.INPUT, "holding": Function.HOLDING}


class WrongDeviceError(PermanentError):
    """Another device answers than the profile is for."""


class RegisterMark(Strict):
    """A number in registers that are read by a request of their own."""

    what: str
    address: Address
    function: Area
    type: RegisterType = RegisterType.UINT16
    order: Order = Order.ABCD

    def span(self, base: int) -> Span:
        """Where it lies, as wire address, for addresses that count from `base`."""
        function = FUNCTION[self.function]
        return Span(function, self.address - base, self.type.width, alone=True)

    def number(self, registers: Registers) -> float | None:
        """The raw number; None for NaN."""
        return decode(registers, self.type, self.order)


class Check(RegisterMark):
    """`accepted` names models by their number, `refused` says why a number is not this device.

    With `accepted` any other number is refused; with `refused` alone any other passes.
    """

    accepted: dict[int, str] = Field(default_factory=dict)
    refused: dict[int, str] = Field(default_factory=dict)
    absent: Literal["refuse", "accept"] = "refuse"
    """What it means that the device has no such register."""
    half: bool = False
    """The number of the model is one of the two bytes; makers differ in which."""

    @model_validator(mode="after")
    def _check(self) -> Check:
        """A check that refuses nothing is none."""
        if not self.accepted and not self.refused:
            msg = "give accepted or refused numbers"
            raise ValueError(msg)
        if self.half and self.type is not RegisterType.UINT16:
            msg = "half is for uint16"
            raise ValueError(msg)
        return self

    def model(self, number: float | None) -> str:
        """The model that has this number, empty when it names none."""
        return next((self.accepted[n] for n in self._candidates(number) if n in self.accepted), "")

    def objection(self, number: float | None) -> str:
        """Why the device is another one, empty when it is not."""
        for candidate in self._candidates(number):
            if candidate in self.refused:
                return f"{self.what} {candidate}: {self.refused[candidate]}"
        if self.accepted and not self.model(number):
            known = ", ".join(f"{code} {name}" for code, name in self.accepted.items())
            return f"{self.what} {number} is none of {known}"
        return ""

    def _candidates(self, number: float | None) -> tuple[int, ...]:
        if number is None:
            return ()
        raw = int(number)
        return (raw & 0xFF, raw >> 8) if self.half else (raw,)


class Notice(RegisterMark):
    """A setting of the device that a person should know of, and the points it makes doubtful."""

    values: Annotated[dict[int, str], Field(min_length=1)]
    points: tuple[Name, ...] = ()


class Text(Strict):
    """Text in registers: two characters a register, or one in each low byte."""

    address: Address
    function: Area
    count: Annotated[int, Field(ge=1, le=32)]
    characters: Literal["both", "low"] = "both"

    def span(self, base: int) -> Span:
        """Where it lies, as wire address, for addresses that count from `base`."""
        return Span(FUNCTION[self.function], self.address - base, self.count, alone=True)

    def text(self, registers: Registers) -> str:
        """What it says, up to the first NUL."""
        data = b"".join(word.to_bytes(2, "big") for word in registers)
        chosen = data[1::2] if self.characters == "low" else data
        return chosen.split(b"\0", 1)[0].decode("ascii", errors="replace").strip()


class IdentitySpec(Strict):
    """What is asked before the first value is believed."""

    checks: tuple[Check, ...] = ()
    notices: tuple[Notice, ...] = ()
    serial: Text | None = None
