"""A BACnet template and the objects of one device made into the points of its driver."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.bacnet_point import BacnetPoint
from drivers.profile_bacnet import BacnetTemplate, BacnetTemplatePoint, Band
from drivers.types import ProfileError, Reverts


def bind(
    template: BacnetTemplate,
    objects: Mapping[str, str],
    safe: Mapping[str, Band] | None = None,
) -> tuple[BacnetPoint, ...]:
    """The points that the site gives an object, such as `setpoint: "analog-value,7"`.

    `safe` narrows what may stand for ever. ProfileError names the point and the remedy.
    """
    narrowed = safe or {}
    for name in (*objects, *narrowed):
        if name not in template.points:
            known = ", ".join(template.points)
            msg = f"{template.name} has no point {name}; it has {known}"
            raise ProfileError(msg)
    return tuple(
        _point(name, template.points[name], address, narrowed.get(name))
        for name, address in objects.items()
    )


def _point(
    name: str, spec: BacnetTemplatePoint, address: str, narrowed: Band | None
) -> BacnetPoint:
    kind = address.partition(",")[0]
    if kind not in spec.objects:
        msg = f"{name} is found in {', '.join(spec.objects)}, not in {address}"
        raise ProfileError(msg)
    if spec.write is None:
        if narrowed is not None:
            msg = f"{name} is never written: remove its safe band"
            raise ProfileError(msg)
        return BacnetPoint(name=name, object=address, unit=spec.unit)
    band = narrowed or spec.write.safe
    if not spec.write.safe[0] <= band[0] <= band[1] <= spec.write.safe[1]:
        msg = f"{name}: {band} is not within {spec.write.safe}, which may stand for ever"
        raise ProfileError(msg)
    return BacnetPoint(
        name=name,
        object=address,
        unit=spec.unit,
        writable=True,
        reverts=Reverts.NONE,
        safe=band,
        limits=band,
        tolerance=spec.write.tolerance,
    )
