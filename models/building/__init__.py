"""The simulated hotel as physics: zones, battery, PV, load and weather."""
