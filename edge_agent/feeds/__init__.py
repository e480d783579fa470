"""Sources from outside, read as data."""
