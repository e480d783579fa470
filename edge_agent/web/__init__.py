"""The local interface: one API, for browsers on 127.0.0.1 and for the command line."""
