"""Servers that speak the real wire protocols around a simulated plant."""
