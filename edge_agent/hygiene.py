"""Hot water: its heat, and how far above a temperature one aims that must be reached."""

from __future__ import annotations

KWH_PER_M3_K = 1.163
"""Heat of a cubic metre of water per kelvin."""
CYCLE_REACH_K = 1.0
"""A cycle's setpoint lies so much above what must be reached, so that it is reached."""
