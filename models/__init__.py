"""The decision's words and mathematics. Knows neither the agent nor the drivers."""
