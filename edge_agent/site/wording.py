"""pydantic's errors in the words of the person who writes the file."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

_NAME = "a lower-case letter first, then letters, digits and _, 48 at most"
PATTERNS = {
    r"^[a-z][a-z0-9_]{0,47}\Z": f"must be a short name: {_NAME}",
    r"^[a-z][a-z0-9_]{0,47}\.[a-z][a-z0-9_]{0,47}\Z": "must be `device.point`, "
    "for example smart_meter_001.power",
    r"^[A-Z]{3}\Z": "must be a currency code of three capitals, for example EUR",
    r"^(tcp|rtu\+tcp)://[^/\s]+:\d{1,5}\Z|^serial:/\S+\Z": "must be like tcp://192.168.1.10:502, "
    "rtu+tcp://192.168.1.10:502 or serial:/dev/ttyUSB0?baudrate=9600&parity=N",
    r"^\d+\.\d+\.\d+\.\d+(/\d{1,2})?:\d{1,5}\Z": "must be our own address and port, "
    "for example 192.168.1.5/24:47808",
    r"^\d+\.\d+\.\d+\.\d+:\d{1,5}\Z": "must be an address and port, for example 192.168.2.1:47808",
    r"^mqtts?://[^/\s]+:\d{1,5}\Z": "must be like mqtt://192.168.1.5:1883",
    r"^[a-z-]+,\d+\Z": "must be a BACnet object, for example analog-input,1",
    r"^[a-zA-Z0-9:_-]{0,128}\Z": "may hold letters, digits, : _ and -, 128 at most",
    r"^[a-zA-Z0-9_]{0,128}\Z": "may hold letters, digits and _, 128 at most",
    r"^(env:[A-Z_][A-Z0-9_]*|file:/\S+)?\Z": "must name the secret, not hold it: "
    "env:NAME or file:/path",
    r"^[^\s\x00-\x1f]+\Z": "must be one printable word",
    r"^https?://\S+\Z": "must be like https://example.org/alarms",
    r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\Z": 'must be a day in quotes, like "04-01"',
    r"^([A-Z]{2})?\Z": "must be a country code of two capitals, for example DE",
    r"^[A-Z0-9]{0,3}\Z": "must be the code of a part of the country, for example BW",
    r"^(env:[A-Za-z_]\w*|file:/\S+)?\Z": "must say where the key stands: env:NAME or file:/path",
    r"^(https?://[^\s/]+(/\S*)?)?\Z": "must be like https://host/path",
    r"^([01]\d|2[0-3]):[0-5]\d\Z": 'must be a local time in quotes, from "00:00" to "23:59"',
}
SHOWN = 60
"""Longest piece of a value that a message repeats, in characters."""
_PAIR = "must be two numbers: [lowest, highest]"
_LEVEL = "must be a value and its limit in kW, or null for none: [value, limit]"
_WINDOW = "must be four temperatures: [none below, full from, full up to, none above]"
_SHAPES = {"levels": _LEVEL, "charge_window_c": _WINDOW, "discharge_window_c": _WINDOW}
"""Lists of a fixed length that are no plain band."""
_EMPTY = "must not be empty: name at least one"
_BOUNDS = {
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
}
_KINDS = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must be a block of keys",
    "model_attributes_type": "must be a block of keys",
    "dict_type": "must be a block of keys",
    "finite_number": "must be a finite number",
}


def plain_message(error: ErrorDetails) -> str:
    """What is wrong and how to put it right; the key itself is named elsewhere."""
    kind, given = error["type"], error["input"]
    if kind == "missing":
        return _missing(error)
    if kind == "union_tag_not_found":
        return "is missing: add it, with modbus, bacnet or mqtt"
    if given is None:
        return "is empty: give it a value or remove the key"
    return _refused(kind, given, error) or _wrong_kind(kind, given, error["msg"])


def _refused(kind: str, given: object, error: ErrorDetails) -> str | None:
    """Words for a value of the right kind that is out of bounds or not among the choices."""
    context: dict[str, Any] = error.get("ctx", {})
    if kind in _BOUNDS:
        rule = f"must be {_BOUNDS[kind].format(**context)}"
    elif kind in ("literal_error", "enum"):
        rule = f"must be {_choices(str(context['expected']))}"
    elif kind == "union_tag_invalid":
        given = given.get("protocol") if isinstance(given, dict) else given
        rule = f"must be {_choices(str(context['expected_tags']))}"
    elif kind == "string_pattern_mismatch":
        rule = PATTERNS.get(str(context["pattern"]), f"must fit {context['pattern']}")
    elif kind in ("too_long", "too_short"):
        return _EMPTY if kind == "too_short" else _shape(error)
    else:
        return None
    return f"{show(given)} is not allowed: {rule}"


def show(value: object) -> str:
    """A value as it may stand in a message: short, and a block or list by its nature."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a block of keys"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def as_name(text: str) -> str:
    """A name as it was given, and as a short literal when it cannot be shown so."""
    return text if text.isprintable() and len(text) <= SHOWN else show(text)


def _missing(error: ErrorDetails) -> str:
    name = error["loc"][-1]
    if isinstance(name, int):
        return _shape(error)
    return f"is missing: add `{name}:` here"


def _shape(error: ErrorDetails) -> str:
    """What a list of a fixed length must hold, by the key it stands under."""
    names = [part for part in error["loc"] if isinstance(part, str)]
    return _SHAPES.get(names[-1], _PAIR) if names else _PAIR


def _choices(listed: str) -> str:
    words = listed.replace(" or ", ", ").replace("'", "").split(", ")
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


def _wrong_kind(kind: str, given: object, original: str) -> str:
    words = _KINDS.get(kind)
    if words is None:
        return f"{show(given)} is not allowed: {original}"
    hint = ""
    if kind == "string_type" and not isinstance(given, (dict, list)):
        hint = ": put it in quotes"
    elif isinstance(given, str) and kind in ("int_type", "float_type") and _is_number(given):
        hint = ": remove the quotes"
    return f"{words}, not {show(given)}{hint}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
