"""A site played over measured months: the agent's own decisions against five plain policies."""
