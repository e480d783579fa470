"""What counts as an alarm: declarative rules over one sight of the gateway."""
