"""Serial lines that have too little time for what is to be read on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from drivers.bus_load import BUSY_WARNING_SHARE, BusLoad, bus_busy_share
from drivers.cadence import period_s
from drivers.modbus_tty import Line, parse_line
from drivers.profile import RegisterProfile, SunSpecProfile, load_profile
from drivers.readplan import Block, Function, Limits, Span, plan
from drivers.sunspec_models import MODELS
from drivers.types import Cadence, ProfileError
from edge_agent.site.mistakes import Finding
from edge_agent.site.schema import Device, ModbusLink, Site

SERIAL = "serial:"


def bus_advice(site: Site) -> Iterator[Finding]:
    """One warning per line that is busy for more than 60 % of the time."""
    for name, link in site.links.items():
        if not isinstance(link, ModbusLink) or not link.url.startswith(SERIAL):
            continue
        on_it = [device for device in site.devices if device.link == name]
        line = parse_line(link.url)
        share = bus_busy_share((load for device in on_it for load in _loads(device)), line)
        if share > BUSY_WARNING_SHARE:
            yield Finding(("links", name, "url"), _sentence(share, line, on_it))


def _sentence(share: float, line: Line, on_it: list[Device]) -> str:
    slowest_s = max(device.poll_s for device in on_it) * share / BUSY_WARNING_SHARE
    cannot = "" if share <= 1 else ", so the polls cannot be kept"
    return (
        f"is busy {share:.0%} of the time{cannot}: above {BUSY_WARNING_SHARE:.0%} retries and slow "
        f"answers have no room. Raise poll_s of {', '.join(device.id for device in on_it)} "
        f"(all to {slowest_s:.0f} s, for example), the baudrate ({line.baudrate} now), "
        "or move devices to another line"
    )


def _loads(device: Device) -> Iterator[BusLoad]:
    """What a device is asked for, by cadence; nothing where its profile cannot be read."""
    try:
        profile = load_profile(device.profile or "")
    except ProfileError:
        return
    match profile:
        case RegisterProfile():
            groups = _register_blocks(profile, device.id)
        case SunSpecProfile():
            groups = {Cadence.NORMAL: _sunspec_blocks(profile)}
        case _:
            return
    for cadence, blocks in groups.items():
        yield BusLoad(
            blocks=blocks,
            period_s=period_s(cadence, device.poll_s),
            min_gap_s=profile.min_gap_ms / 1000,
        )


def _register_blocks(profile: RegisterProfile, device_id: str) -> dict[Cadence, tuple[Block, ...]]:
    limits = Limits(max_block=profile.max_block, max_gap=profile.max_gap)
    spans: defaultdict[Cadence, list[Span]] = defaultdict(list)
    for point in profile.describe(device_id):
        spans[point.cadence].append(profile.span(point.name))
    holes = profile.hole_spans()
    return {cadence: plan(some, limits, holes) for cadence, some in spans.items()}


def _sunspec_blocks(profile: SunSpecProfile) -> tuple[Block, ...]:
    """Each field in the first model that may have it, the models one behind the other."""
    start: dict[int, int] = {}
    spans: list[Span] = []
    for field in profile.points.values():
        number = next((one for one in field.model if field.field in MODELS[one].fields), None)
        if number is None:
            continue
        model = MODELS[number]
        base = start.setdefault(number, 1_000 * len(start))
        offset, count = model.span(field.field)
        spans.append(Span(Function.HOLDING, base + offset, count))
    return plan(spans, profile.limits)
