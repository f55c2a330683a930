"""Tables of renewal notices."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base


class RenewalNotice(Base):
    """A notice of a license that was sent, or skipped because a later one was due already."""

    __tablename__ = "renewal_notices"
    __table_args__ = (UniqueConstraint("license_id", "lead_days"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    license_id: Mapped[int] = mapped_column(ForeignKey("licenses.id", ondelete="CASCADE"))
    lead_days: Mapped[int]
    sent: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
