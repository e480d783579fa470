"""Learning once a day what forecasts rest on, and keeping the score of the forecasts."""
