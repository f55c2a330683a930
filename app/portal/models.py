"""Tables of a person's keys, and of requests for films."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.models import Film
from app.core.db import Base, Timestamped
from app.institutions.member_models import Member


class MemberKeyKind(StrEnum):
    """What a key opens."""

    SCRIPT = "script"
    CALENDAR = "calendar"


class MemberKey(Timestamped, Base):
    """A secret that reads a person's licenses without a sign-in. Only its hash is stored."""

    __tablename__ = "member_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="MK-..., for addresses")
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), index=True)
    kind: Mapped[MemberKeyKind]
    label: Mapped[str] = mapped_column(String(100))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    last_used_at: Mapped[datetime | None] = mapped_column(doc="Exact to an hour")
    revoked_at: Mapped[datetime | None]

    member: Mapped[Member] = relationship(lazy="joined")


class FilmRequestState(StrEnum):
    """How far a request for a film has come."""

    UNCONFIRMED = "unconfirmed"
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


FILM_REQUEST_TRANSITIONS: Mapping[FilmRequestState, frozenset[FilmRequestState]] = {
    FilmRequestState.UNCONFIRMED: frozenset({FilmRequestState.OPEN}),
    FilmRequestState.OPEN: frozenset({FilmRequestState.ACCEPTED, FilmRequestState.DECLINED}),
    # A librarian may find the money after all.
    FilmRequestState.DECLINED: frozenset({FilmRequestState.ACCEPTED}),
    FilmRequestState.ACCEPTED: frozenset(),
}


class FilmRequest(Timestamped, Base):
    """A teacher's request that the library license a film."""

    __tablename__ = "film_requests"
    __table_args__ = (
        CheckConstraint(
            "(state = 'unconfirmed') = (confirm_hash IS NOT NULL)", name="token_until_confirmed"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="FR-..., for addresses")
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="RESTRICT"), index=True)
    email: Mapped[str] = mapped_column(String(254), index=True, doc="Who asked, in lower case")
    name: Mapped[str] = mapped_column(String(120))
    needed_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(String(1000), default="")
    state: Mapped[FilmRequestState] = mapped_column(default=FilmRequestState.OPEN)
    confirm_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    confirm_until: Mapped[datetime | None] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(String(1000), default="", doc="Why it was declined")
    decided_by: Mapped[str] = mapped_column(String(254), default="", doc="The librarian's email")
    decided_at: Mapped[datetime | None]

    film: Mapped[Film] = relationship(lazy="joined")
