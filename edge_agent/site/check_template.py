"""BACnet devices that take their points from a template: objects of the right kind, safe bands."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from drivers.profile import BacnetTemplate
from drivers.profile_bacnet import BacnetTemplatePoint
from edge_agent.site.known_points import Profiles
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.schema import Device, PointSpec
from edge_agent.site.wording import as_name

_OF_THE_TEMPLATE = ("unit", "access", "reverts", "limits")
"""Keys that the template answers for its own points."""


def template_findings(device: Device, path: KeyPath, profiles: Profiles) -> Iterator[Finding]:
    """What is wrong between a BACnet device and its template."""
    if device.profile is None:
        return
    template = profiles.template(device.profile)
    if template is None:
        yield Finding((*path, "profile"), _no_template(device.profile, profiles))
        return
    for name, spec in device.points.items():
        spot = (*path, "points", name)
        known = template.points.get(name)
        if known is None:
            yield from _stranger(name, spec, template, spot)
        else:
            yield from _point(spec, known, template, spot)


def _no_template(name: str, profiles: Profiles) -> str:
    templates = [one for one in profiles.names if profiles.template(one) is not None]
    if name in profiles.names:
        return f"{name} is a register map, not for a bacnet link: use {', '.join(templates)}"
    nearest = get_close_matches(name, templates, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"known are {', '.join(templates)}"
    return f"there is no profile {as_name(name)}: {hint}"


def _stranger(
    name: str, spec: PointSpec, template: BacnetTemplate, spot: KeyPath
) -> Iterator[Finding]:
    """A point of the device's own is taken; one that is only misspelt is not."""
    nearest = get_close_matches(name, template.points, n=1)
    if nearest and not spec.model_fields_set - {"object", "safe"}:
        yield Finding(spot, f"{template.name} has no point {name}: did you mean {nearest[0]}?")


def _point(
    spec: PointSpec, known: BacnetTemplatePoint, template: BacnetTemplate, spot: KeyPath
) -> Iterator[Finding]:
    for key in _OF_THE_TEMPLATE:
        if key in spec.model_fields_set:
            yield Finding((*spot, key), f"comes from profile {template.name}: remove it")
    if spec.object is not None and spec.object.partition(",")[0] not in known.objects:
        kinds = ", ".join(known.objects)
        yield Finding((*spot, "object"), f"{spec.object} is none of {kinds}, where this is found")
    if spec.safe is None:
        return
    if known.write is None:
        yield Finding((*spot, "safe"), "means nothing here: the point is never written, remove it")
    elif not known.write.safe[0] <= spec.safe[0] <= spec.safe[1] <= known.write.safe[1]:
        low, high = known.write.safe
        yield Finding(
            (*spot, "safe"),
            f"[{spec.safe[0]:g}, {spec.safe[1]:g}] reaches beyond [{low:g}, {high:g}], which "
            f"{template.name} knows to be safe for ever: keep it inside",
        )
