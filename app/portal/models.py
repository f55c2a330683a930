"""The table of keys that a person made for scripts and calendars."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
