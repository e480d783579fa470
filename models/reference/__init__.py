"""Reference profiles for studies: named, with their source, never mixed with measured data."""
