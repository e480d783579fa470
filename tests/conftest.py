"""Settings of the whole suite: how hard hypothesis tries (HYPOTHESIS_PROFILE=fast | full)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Examples may take their time on a loaded board: what is judged is the answer, not the speed.
PATIENT = (HealthCheck.too_slow,)
settings.register_profile("fast", max_examples=25, deadline=None, suppress_health_check=PATIENT)
settings.register_profile("full", max_examples=100, deadline=None, suppress_health_check=PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))
