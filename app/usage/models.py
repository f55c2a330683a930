"""Tables of usage. None holds a person, an address, or a browser."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Timestamped


class EventMetric(StrEnum):
    """What someone of an institution did."""

    INVESTIGATION = "investigation"
    REQUEST = "request"
    NO_LICENSE = "no_license"
    LIMIT_EXCEEDED = "limit_exceeded"
    SEARCH = "search"


class CountMetric(StrEnum):
    """What COUNTER counts, by its own names."""

    SEARCHES_PLATFORM = "Searches_Platform"
    TOTAL_ITEM_INVESTIGATIONS = "Total_Item_Investigations"
    TOTAL_ITEM_REQUESTS = "Total_Item_Requests"
    UNIQUE_ITEM_INVESTIGATIONS = "Unique_Item_Investigations"
    UNIQUE_ITEM_REQUESTS = "Unique_Item_Requests"
    LIMIT_EXCEEDED = "Limit_Exceeded"
    NO_LICENSE = "No_License"


class UsageDay(Base):
    """A day (UTC) with events. The fold deletes its salt, so that no person can be found."""

    __tablename__ = "usage_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    salt: Mapped[str] = mapped_column(String(64), doc="Random; empty once the day is folded")
    folded_at: Mapped[datetime | None] = mapped_column(doc="When its events were added to counts")


class UsageMonth(Base):
    """A month with counts. A closed month never changes."""

    __tablename__ = "usage_months"

    month: Mapped[date] = mapped_column(primary_key=True, doc="Its first day")
    folded_days: Mapped[int] = mapped_column(default=0)
    closed_at: Mapped[datetime | None]


class UsageEvent(Base):
    """Something that someone of an institution did. Deleted three days after its day."""

    __tablename__ = "usage_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    film_id: Mapped[int | None] = mapped_column(
        ForeignKey("films.id", ondelete="RESTRICT"), index=True, doc="Null: a search"
    )
    metric: Mapped[EventMetric]
    session_key: Mapped[str] = mapped_column(String(65), doc="A keyed hash of the day's salt")


class UsageCount(Base):
    """How often an institution used a film in a month.

    A merge of institutions moves rows, so there may be two of one key: readers add them up.
    """

    __tablename__ = "usage_counts"
    __table_args__ = (
        CheckConstraint("n > 0", name="n_positive"),
        Index("ix_usage_counts_institution_id_month", "institution_id", "month"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id", ondelete="CASCADE"))
    film_id: Mapped[int | None] = mapped_column(
        ForeignKey("films.id", ondelete="RESTRICT"), index=True, doc="Null: searches"
    )
    month: Mapped[date] = mapped_column(doc="Its first day")
    metric: Mapped[CountMetric]
    n: Mapped[int]


class CounterKey(Timestamped, Base):
    """A key with which an institution's harvester reads its reports."""

    __tablename__ = "counter_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="CK-..., for addresses")
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    label: Mapped[str] = mapped_column(String(100))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


def first_of_month(day: date) -> date:
    """Return the first day of the month."""
    return day.replace(day=1)
