"""How the judges speak: one sentence per limit, for the step that breaks it most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.affine import Floats

RELATIVE = 1e-5
"""What a plan may miss a limit by, relative to its rating."""


def worst(name: str, excess: Floats, tolerance: float) -> Iterator[str]:
    """One sentence when the largest excess is beyond the tolerance."""
    step = int(np.argmax(excess))
    if excess[step] > tolerance:
        yield f"{name} by {excess[step]:.6g} in step {step}"
