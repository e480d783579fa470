"""The parts of the guard: one file per kind of equipment. Pure."""
