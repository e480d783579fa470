"""The fast loop: the plan's energy against the live meter, and what is watched beside it. Pure."""
