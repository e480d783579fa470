"""What makes a backtest impossible."""

from __future__ import annotations


class BacktestError(Exception):
    """A backtest cannot be made; the message says why and what to do."""


class DataFileError(BacktestError):
    """A data file is wrong; `mistakes` names every wrong row by its line."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes
