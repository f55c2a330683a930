"""What falls due: rows that say when something shall be done about them."""

from datetime import datetime
from typing import NamedTuple


class Due(NamedTuple):
    """Something to do now.

    ``due_at`` is the very value of the row: a run named after both is the same run, whoever
    submits it and however often, until the row's time is moved.
    """

    key: str
    due_at: datetime

    @property
    def mark(self) -> str:
        """The part of a run's id that names this one time."""
        return f"{self.key}:{self.due_at:%Y%m%dT%H%M%S.%f}"
