"""What a study refuses: the message names the thing, the place and the remedy."""

from __future__ import annotations

from models.errors import ModelError


class StudyError(ModelError):
    """A study that cannot be set up or solved as it stands."""

    def __init__(self, place: str, fault: str, remedy: str) -> None:
        super().__init__(f"{place}: {fault}; {remedy}")
        self.place = place
        self.fault = fault
        self.remedy = remedy
