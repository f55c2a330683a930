"""Tables of library records, their sync, and the profiles of libraries."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Timestamped
from app.offers.states import Delivery


class LibraryRecord(Base):
    """A record that was ever on offer. Its row stays when the record is removed."""

    __tablename__ = "library_records"

    film_id: Mapped[int] = mapped_column(
        ForeignKey("films.id", ondelete="RESTRICT"), primary_key=True
    )
    delivery: Mapped[Delivery] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), doc="Of what the record says, dates left out")
    added_at: Mapped[datetime] = mapped_column(doc="When it came on offer, the last time it did")
    changed_at: Mapped[datetime] = mapped_column(
        index=True, doc="When it was added, changed or removed last"
    )
    removed_at: Mapped[datetime | None] = mapped_column(doc="Null: it is on offer")


class LibraryRecordLedger(Base):
    """The one row that says up to which revision and day the records are synced."""

    __tablename__ = "library_record_ledger"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(doc="The catalog's revision that they have seen")
    day: Mapped[date] = mapped_column(doc="The day, by UTC, for which they were looked at")


class LibraryProfile(Timestamped, Base):
    """The settings of one library or system for its records."""

    __tablename__ = "library_profiles"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, doc="A `ProfileSettings`")
