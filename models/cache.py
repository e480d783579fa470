"""The compiled site on disk: a checksum, a JSON header and plain arrays, never a pickle.

A file that is truncated, altered, of another site or of other versions raises CacheError; the
caller compiles anew. The file is written beside its place and moved there in one step.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from importlib.util import find_spec, source_hash
from pathlib import Path
from typing import Any

import highspy
import numpy as np

from models.affine import AffineMap, CompiledSite, Costs, Floats, Group, Groups, Places
from models.site_json import to_json
from models.types import ModelError, SiteModel

_FORMAT = 3
_MAPS = ("matrix", "column_lower", "column_upper", "row_lower", "row_upper")
_SOURCES = (
    "components",
    "site.py",
    "compiled.py",
    "affine.py",
    "billing.py",
    "physics.py",
    "spans.py",
)
_CHECK_BYTES = 4


class CacheError(ModelError):
    """The cache file cannot be used; compile anew."""


def compile_key(site: SiteModel, step_s: tuple[int, ...]) -> str:
    """Hash of everything the compiled arrays depend on: site, steps, model sources, versions.

    The interpreter's own hash for sources: it needs no cryptographic library in the worker.
    """
    here = Path(__file__).parent
    sources = b""
    for name in _SOURCES:
        place = here / name
        for source in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            sources += source.read_bytes()
    parts = (to_json(site, step_s).encode(), sources, json.dumps(_versions()).encode())
    return "".join(source_hash(part).hex() for part in parts)


def _versions() -> list[str | int]:
    """What else decides; Pyomo tells its version without being imported."""
    pyomo = find_spec("pyomo")
    if pyomo is None or pyomo.origin is None:
        msg = "Pyomo is not installed"
        raise CacheError(msg)
    told = Path(pyomo.origin).parent / "version" / "info.py"
    highs = (highspy.HIGHS_VERSION_MAJOR, highspy.HIGHS_VERSION_MINOR, highspy.HIGHS_VERSION_PATCH)
    return [_FORMAT, sys.version, np.__version__, *highs, told.read_text(encoding="utf-8")]


def save(compiled: CompiledSite, path: Path) -> None:
    """Write atomically and durably."""
    arrays = _arrays(compiled)
    header = {
        "format": _FORMAT,
        "key": compiled.key,
        "step_s": compiled.step_s,
        "parts": compiled.costs.parts,
        "arrays": [(name, each.dtype.str, len(each)) for name, each in arrays.items()],
        "groups": {
            kind: [(group.name, group.start, group.size) for group in groups.values()]
            for kind, groups in (
                ("columns", compiled.columns),
                ("rows", compiled.rows),
                ("parameters", compiled.parameters),
            )
        },
    }
    numbers = zlib.compress(b"".join(each.tobytes() for each in arrays.values()))
    content = json.dumps(header).encode() + b"\n" + numbers
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with draft.open("wb") as file:
        file.write(zlib.crc32(content).to_bytes(_CHECK_BYTES) + content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load(path: Path, key: str) -> CompiledSite:
    """The compiled site of that key; CacheError when the file is anything else."""
    try:
        compiled = _read(*_opened(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, zlib.error) as error:
        msg = f"{path.name}: {error}"
        raise CacheError(msg) from error
    if compiled.key != key:
        msg = f"{path.name}: compiled for another site, grid or version"
        raise CacheError(msg)
    return compiled


def _opened(whole: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and numbers of a file; a ValueError when it is not as it was written."""
    content = whole[_CHECK_BYTES:]
    if zlib.crc32(content).to_bytes(_CHECK_BYTES) != whole[:_CHECK_BYTES]:
        raise ValueError("damaged")
    head, _, numbers = content.partition(b"\n")
    header: dict[str, Any] = json.loads(head)
    if header["format"] != _FORMAT:
        msg = f"format {header['format']}"
        raise ValueError(msg)
    return header, zlib.decompress(numbers)


def _arrays(compiled: CompiledSite) -> dict[str, Floats | Places]:
    """Every array by name; those of the wider numbers first, so that each lies at its boundary."""
    maps = {"cost": compiled.costs.value} | {name: getattr(compiled, name) for name in _MAPS}
    found: dict[str, Floats | Places] = {
        "cost.part": compiled.costs.part,
        "cost.column": compiled.costs.column,
        "matrix_row": compiled.matrix_row,
        "matrix_column": compiled.matrix_column,
        "integers": compiled.integers,
    }
    for name, rows in maps.items():
        found |= {
            f"{name}.rows": rows.rows,
            f"{name}.parameters": rows.parameters,
            f"{name}.coefs": rows.coefs,
            f"{name}.const": rows.const,
        }
    return dict(sorted(found.items(), key=lambda item: -item[1].itemsize))


def _cut(described: list[tuple[str, str, int]], numbers: bytes) -> dict[str, Any]:
    """The arrays where they lie in the numbers; a ValueError when these are too few."""
    found: dict[str, Any] = {}
    start = 0
    for name, kind, size in described:
        found[name] = np.frombuffer(numbers, np.dtype(kind), size, start)
        start += found[name].nbytes
    return found


def _read(header: dict[str, Any], numbers: bytes) -> CompiledSite:
    """The compiled site from its numbers; inconsistent indices are a ValueError."""
    arrays = _cut(header["arrays"], numbers)
    groups = {kind: _groups(items) for kind, items in header["groups"].items()}
    width = sum(group.size for group in groups["parameters"].values())
    maps = {name: _map(arrays, name, width) for name in ("cost", *_MAPS)}
    compiled = CompiledSite(
        key=header["key"],
        step_s=tuple(header["step_s"]),
        columns=groups["columns"],
        rows=groups["rows"],
        parameters=groups["parameters"],
        costs=Costs(
            parts=tuple(header["parts"]),
            part=arrays["cost.part"],
            column=arrays["cost.column"],
            value=maps["cost"],
        ),
        matrix_row=arrays["matrix_row"],
        matrix_column=arrays["matrix_column"],
        integers=arrays["integers"],
        **{name: maps[name] for name in _MAPS},
    )
    _check_places("matrix rows", compiled.matrix_row, compiled.row_count)
    _check_places("matrix columns", compiled.matrix_column, compiled.column_count)
    _check_places("integers", compiled.integers, compiled.column_count)
    _check_places("cost parts", compiled.costs.part, len(compiled.costs.parts))
    _check_places("cost columns", compiled.costs.column + 1, compiled.column_count + 1)
    return compiled


def _groups(items: list[tuple[str, int, int]]) -> Groups:
    """Named runs by name."""
    return {name: Group(name=name, start=start, size=size) for name, start, size in items}


def _map(arrays: dict[str, Any], name: str, width: int) -> AffineMap:
    """One affine map whose indices stay inside its arrays."""
    rows = AffineMap(
        rows=arrays[f"{name}.rows"],
        parameters=arrays[f"{name}.parameters"],
        coefs=arrays[f"{name}.coefs"],
        const=arrays[f"{name}.const"],
    )
    _check_places(name, rows.rows, len(rows.const))
    _check_places(name, rows.parameters, width)
    return rows


def _check_places(name: str, places: Places, size: int) -> None:
    """ValueError unless 0 <= place < size for all."""
    if len(places) and (places.min() < 0 or places.max() >= size):
        msg = f"{name}: index out of range"
        raise ValueError(msg)
