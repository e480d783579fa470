"""The compiled site on disk: plain arrays and a JSON header, never a pickle.

A file that is truncated, altered, of another site or of other versions raises CacheError; the
caller compiles anew. The file is written beside its place and moved there in one step.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models.affine import AffineMap, CompiledSite, Costs, Floats, Group, Groups, Ints
from models.site_json import to_json
from models.types import ModelError, SiteModel

_FORMAT = 2
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


class CacheError(ModelError):
    """The cache file cannot be used; compile anew."""


def compile_key(site: SiteModel, step_s: tuple[int, ...]) -> str:
    """Hash of everything the compiled arrays depend on: site, steps, model sources, versions."""
    digest = hashlib.sha256(to_json(site, step_s).encode())
    versions = [sys.version, *(f"{name} {version(name)}" for name in ("pyomo", "highspy", "numpy"))]
    digest.update(json.dumps([_FORMAT, *versions]).encode())
    here = Path(__file__).parent
    for name in _SOURCES:
        place = here / name
        for source in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(source.read_bytes())
    return digest.hexdigest()


def save(compiled: CompiledSite, path: Path) -> None:
    """Write atomically and durably."""
    header = {
        "format": _FORMAT,
        "key": compiled.key,
        "step_s": compiled.step_s,
        "parts": compiled.costs.parts,
        "groups": {
            kind: [(group.name, group.start, group.size) for group in groups.values()]
            for kind, groups in (
                ("columns", compiled.columns),
                ("rows", compiled.rows),
                ("parameters", compiled.parameters),
            )
        },
    }
    arrays: dict[str, Any] = {
        "header": np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
        "cost.part": compiled.costs.part,
        "cost.column": compiled.costs.column,
        "matrix_row": compiled.matrix_row,
        "matrix_column": compiled.matrix_column,
        "integers": compiled.integers,
        **_arrays("cost", compiled.costs.value),
    }
    for name in _MAPS:
        arrays |= _arrays(name, getattr(compiled, name))
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with draft.open("wb") as file:
        np.savez_compressed(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load(path: Path, key: str) -> CompiledSite:
    """The compiled site of that key; CacheError when the file is anything else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            compiled = _read(dict(arrays.items()))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        msg = f"{path.name}: {error}"
        raise CacheError(msg) from error
    if compiled.key != key:
        msg = f"{path.name}: compiled for another site, grid or version"
        raise CacheError(msg)
    return compiled


def _arrays(name: str, rows: AffineMap) -> dict[str, Floats | Ints]:
    """The arrays of one map under its name."""
    return {
        f"{name}.rows": rows.rows,
        f"{name}.parameters": rows.parameters,
        f"{name}.coefs": rows.coefs,
        f"{name}.const": rows.const,
    }


def _read(arrays: dict[str, Any]) -> CompiledSite:
    """The compiled site from its arrays; inconsistent indices are a ValueError."""
    header = json.loads(arrays["header"].tobytes())
    if header["format"] != _FORMAT:
        msg = f"format {header['format']}"
        raise ValueError(msg)
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


def _check_places(name: str, places: Ints, size: int) -> None:
    """ValueError unless 0 <= place < size for all."""
    if len(places) and (places.min() < 0 or places.max() >= size):
        msg = f"{name}: index out of range"
        raise ValueError(msg)
