"""Commissioning at the command line: scan, look, write by hand, step tests, the accepted report."""
