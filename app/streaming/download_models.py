"""The table of download tickets."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class DownloadTicket(Base):
    """One counted download of a license's files: any ranges, as often as needed, for two days.

    Its address is signed, so the row alone opens nothing. It holds no person and no address.
    """

    __tablename__ = "download_tickets"
    __table_args__ = (UniqueConstraint("entitlement_id", "once_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(64), unique=True)
    once_hash: Mapped[str] = mapped_column(
        String(64), doc="The copy of the form that asked for it: sent twice, it counts once"
    )
    entitlement_id: Mapped[int] = mapped_column(ForeignKey("entitlements.id", ondelete="CASCADE"))
    generation: Mapped[int] = mapped_column(doc="Of the link: a replaced link ends its tickets")
    expires_at: Mapped[datetime] = mapped_column(index=True)
