"""The table of workers: who is at work, so that what the dead began can be taken over."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class WorkerSlot(Base):
    """One place at the bench. A worker takes a free one, and its name stays when the worker goes.

    The job engine remembers who began what under this name: whoever takes the place over goes on
    with what was left there.
    """

    __tablename__ = "worker_slots"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    claim: Mapped[str] = mapped_column(String(64), doc="Random: tells this holder from the next")
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    heard_at: Mapped[datetime] = mapped_column(index=True)
    released_at: Mapped[datetime | None] = mapped_column(default=None)
