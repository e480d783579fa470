"""The agent: the only package that knows both the drivers and the models, and translates."""
