"""The table of plays."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.catalog.file_models import REF_LENGTH
from app.core.db import Base


class Play(Base):
    """One viewing of a film under a license. It holds no person, no address and no browser.

    It has no state of its own: it goes on until ``ends_at`` while its license is in effect, and its
    seat is free again once ``seat_until`` has passed without a beat.
    """

    __tablename__ = "plays"
    __table_args__ = (Index("ix_plays_license_id_seat_until", "license_id", "seat_until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(REF_LENGTH), unique=True)
    secret_hash: Mapped[str] = mapped_column(
        String(64), doc="SHA-256; only its page has the secret"
    )
    license_id: Mapped[int] = mapped_column(ForeignKey("licenses.id", ondelete="CASCADE"))
    package_ref: Mapped[str] = mapped_column(
        String(REF_LENGTH), doc="The package that it began with"
    )
    method: Mapped[str] = mapped_column(String(20), doc="How the viewer proved where they belong")
    begun_at: Mapped[datetime]
    seat_until: Mapped[datetime] = mapped_column(doc="Until when it counts for a limit")
    seconds: Mapped[int] = mapped_column(doc="From a beat to the end: the film and some pauses")
    ends_at: Mapped[datetime] = mapped_column(index=True)
