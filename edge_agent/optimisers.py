"""The hot optimiser of the model in use; another model is compiled beside it, then taken over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edge_agent.compiled_site import compiled_site, tidy
from models.cache import compile_key
from models.site_json import to_json
from models.solver import Optimiser
from models.types import SiteModel

Steps = tuple[int, ...]
MOST_KILLED = 3
"""Children that are begun again: on a board too small for one, each of them is killed."""


class Optimisers:
    """One optimiser at a time; plans go on with the model in use until the wanted one is ready."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._model: SiteModel | None = None
        self._steps: Steps = ()
        self._optimiser: Optimiser | None = None
        self._child: subprocess.Popen[str] | None = None
        self._tried = ""
        self._killed = 0

    def model_for(self, wanted: SiteModel, step_s: Steps) -> SiteModel:
        """The wanted model once it is compiled; until then the one in use, where there is one."""
        busy = self.busy
        if self._model is None or wanted == self._model or step_s != self._steps:
            return wanted
        key = compile_key(wanted, step_s)
        if (self._cache / f"{key}.compiled").exists():
            return wanted
        if key != self._tried and not busy:
            self._tried = (
                key if self._compile(wanted, step_s, self._cache / f"{key}.compiled") else ""
            )
        return self._model

    @property
    def busy(self) -> bool:
        """Whether a child is compiling."""
        ended = None if self._child is None else self._child.poll()
        if ended is not None:
            self._child = None
            if ended < 0 and self._killed < MOST_KILLED:  # that says nothing of the model
                self._killed += 1
                self._tried = ""
        return self._child is not None

    def optimiser(self, model: SiteModel, step_s: Steps) -> Optimiser:
        """Hot for this model; raises CompileError."""
        if self._optimiser is None or model != self._model or step_s != self._steps:
            self._optimiser = None  # two of them would not fit on a small board
            self._optimiser = Optimiser(compiled_site(model, step_s, self._cache))
            self._model, self._steps = model, step_s
            tidy(self._cache)
        return self._optimiser

    def stuck(self, patience_s: float = 0.0) -> bool:
        """Whether the solver runs on after so long a wait though it was given up."""
        return self._optimiser is not None and self._optimiser.stuck(patience_s)

    def _compile(self, model: SiteModel, step_s: Steps, path: Path) -> bool:
        """Begin; False where no child could be had: plans go on as before, the next asks again."""
        try:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-I", "-m", "models.compile_child", str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            if self._child.stdin is not None:
                self._child.stdin.write(to_json(model, step_s))
                self._child.stdin.close()
        except OSError:
            return False
        return True
