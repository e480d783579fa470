"""What the worker and the agent import must stay light."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUNTIME = ["solver", "verify", "cache", "rules", "forecast.load", "forecast.pv"]
PURE = ["types", "rules", "knowledge", "pricing", "inputs", "penalties", "site_json", "billing"]


def _loaded(modules: list[str], watched: list[str]) -> list[str]:
    names = ", ".join(f"models.{module}" for module in modules)
    code = f"import sys, {names}; print(*[n for n in {watched} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split()


def test_the_worker_never_imports_pyomo() -> None:
    modules = [*RUNTIME, "forecast.temperature", "forecast.sun", "forecast.history"]
    assert _loaded(modules, ["pyomo", "pandas", "scipy"]) == []


def test_the_solver_and_its_cache_do_without_cryptography_and_archives() -> None:
    """Each of these costs the worker megabytes for as long as it lives."""
    assert _loaded(["solver", "cache"], ["hashlib", "ssl", "zipfile", "importlib.metadata"]) == []


@pytest.mark.parametrize("module", PURE)
def test_the_agents_side_imports_neither_numpy_nor_a_solver(module: str) -> None:
    assert _loaded([module], ["numpy", "highspy", "pyomo"]) == []


def test_the_watch_itself_works() -> None:
    assert _loaded(["compiled"], ["pyomo", "numpy"]) == ["pyomo", "numpy"]
