"""Tables of long lists: whose, how far they have come, and what each row is taken for."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.customers import CustomerClass
from app.core.db import Base, Timestamped
from app.lookup.matching import MatchOutcome


class LookupList(Timestamped, Base):
    """One list. Anyone with its token may read and delete it; only the token's hash is stored."""

    __tablename__ = "lookup_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    customer_class: Mapped[CustomerClass]
    size: Mapped[int | None]
    country: Mapped[str] = mapped_column(String(2))
    row_count: Mapped[int]
    done_count: Mapped[int] = mapped_column(default=0, doc="Rows that are matched, from the first")
    next_run_at: Mapped[datetime | None] = mapped_column(
        index=True, doc="When the worker continues; null when all is matched"
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LookupRow(Base):
    """One row of a list, as it was written, and the films that it may mean."""

    __tablename__ = "lookup_rows"
    __table_args__ = (Index("ix_lookup_rows_list_id_outcome", "list_id", "outcome"),)

    list_id: Mapped[int] = mapped_column(
        ForeignKey("lookup_lists.id", ondelete="CASCADE"), primary_key=True
    )
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, doc="From 0")
    written: Mapped[dict[str, str]] = mapped_column(JSON, doc="The cells that were not empty")
    query: Mapped[dict[str, Any]] = mapped_column(JSON, doc="What is looked for, checked")
    found: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSON(none_as_null=True), doc="Films with score and reasons, the one that is taken first"
    )
    outcome: Mapped[MatchOutcome | None] = mapped_column(doc="After what a person decided")
