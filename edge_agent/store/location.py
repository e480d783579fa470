"""Where the store stands."""

DATABASE = "edge.db"
"""In the state directory."""
