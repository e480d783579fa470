"""What the gateway remembers: readings in blocks, the control journal, plans; one SQLite file."""
