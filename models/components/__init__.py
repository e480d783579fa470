"""What a site is made of: each module declares one kind of equipment on its own Pyomo block."""
