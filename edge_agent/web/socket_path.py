"""Where the local control socket stands."""

SOCKET_NAME = "control.sock"
"""In the state directory."""
