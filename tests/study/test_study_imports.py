"""Importing is light: the heavy libraries come with the first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = "{'pandas', 'pyomo', 'highspy', 'matplotlib', 'pvlib', 'numpy', 'demandlib'}"


def loaded(code: str) -> str:
    """Heavy libraries in a fresh interpreter after some code."""
    script = f"{code}\nimport sys\nprint(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "code",
    [
        "import models",
        "import models.components",
        "import models.types",
        "import models.casestudy",
        "import edge_agent.study",
    ],
)
def test_nothing_heavy_by_itself(code: str) -> None:
    assert loaded(code) == "[]"


@pytest.mark.slow
def test_a_study_does_not_load_what_draws() -> None:
    assert "matplotlib" not in loaded("from models import CaseStudy, Scenario")


@pytest.mark.slow
def test_drawing_needs_no_window() -> None:
    code = (
        "from models import CaseStudy, Scenario\n"
        "from models.components import SEMDRElectricDemand, SEMDRGrid\n"
        "sc = Scenario(cs=CaseStudy(), name='a')\n"
        "sc.add_component(SEMDRElectricDemand()).add_component(SEMDRGrid())\n"
        "import io, sys\n"
        "sc.solve().plot().savefig(picture := io.BytesIO())\n"
        "assert picture.getvalue().startswith(b'\\x89PNG')\n"
        "assert 'tkinter' not in sys.modules"
    )
    assert "matplotlib" in loaded(code)


def test_unknown_names_are_attribute_errors() -> None:
    import models

    with pytest.raises(AttributeError, match="no attribute 'Optimizer'"):
        getattr(models, "Optimizer")  # noqa: B009 - the name is the point
