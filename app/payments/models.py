"""Tables of payments: attempts to pay, Stripe's events, reconciliations."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import Base, Timestamped
from app.orders.models import Order
from app.payments.states import (
    STUCK_AFTER,
    AttemptStatus,
    EventOutcome,
)


class CheckoutAttempt(Timestamped, Base):
    """One try at paying an order on a hosted page. Stored before the request to Stripe.

    ``request`` is the exact request, so that after a crash it can be repeated under its
    idempotency key.
    """

    __tablename__ = "checkout_attempts"
    __table_args__ = (
        UniqueConstraint("order_id", "attempt"),
        Index("ix_checkout_attempts_due", "next_check_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    attempt: Mapped[int] = mapped_column(doc="1 for the first try at paying this order")
    status: Mapped[AttemptStatus] = mapped_column(default=AttemptStatus.OPENING)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    session_id: Mapped[str | None] = mapped_column(
        String(255), unique=True, default=None, doc="Stripe's `cs_…`, once there is one"
    )
    url: Mapped[str | None] = mapped_column(Text, default=None)
    expires_at: Mapped[datetime] = mapped_column(doc="When Stripe closes the page")
    next_check_at: Mapped[datetime | None] = mapped_column(
        default=None, doc="When the sweep asks Stripe; None when nothing more will happen"
    )
    checks: Mapped[int] = mapped_column(default=0, doc="How often the sweep has asked")
    last_error: Mapped[str | None] = mapped_column(Text, default=None)
    order: Mapped[Order] = relationship(lazy="raise")

    @property
    def was_refused(self) -> bool:
        """Return whether Stripe refused to open the page, for the reason in ``last_error``."""
        return (
            self.status is AttemptStatus.FAILED
            and self.session_id is None
            and self.last_error is not None
        )

    @property
    def waits_for_debit(self) -> bool:
        """Return whether the buyer finished the page, and the bank has not answered yet."""
        return self.status is AttemptStatus.COMPLETE and self.next_check_at is not None


class StripeEvent(Base):
    """A webhook delivery with a valid signature: stored first, processed after."""

    __tablename__ = "stripe_events"
    __table_args__ = (
        Index("ix_stripe_events_due", "handled_at", "next_attempt_at"),
        Index("ix_stripe_events_received_at", "received_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True, doc="Stripe's `evt_…`")
    type: Mapped[str] = mapped_column(String(100), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, doc="As Stripe sent it")
    api_version: Mapped[str | None] = mapped_column(String(60))
    livemode: Mapped[bool]
    happened_at: Mapped[datetime] = mapped_column(doc="Stripe's own time of the event")
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    order_number: Mapped[str | None] = mapped_column(
        String(20), index=True, default=None, doc="The order it turned out to be about"
    )
    outcome: Mapped[EventOutcome | None] = mapped_column(default=None)
    note: Mapped[str] = mapped_column(String(300), default="", doc="What was done, or why not")
    handled_at: Mapped[datetime | None] = mapped_column(default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(
        default=None, doc="When the worker tries again; None when staff must look"
    )
    last_error: Mapped[str | None] = mapped_column(Text, default=None)
    dismissed_at: Mapped[datetime | None] = mapped_column(
        default=None, doc="When staff dismissed the event; `note` has the reason"
    )

    @hybrid_property
    def is_stuck(self) -> bool:
        """Return whether it failed so often that staff should check it, and they have not."""
        return (
            self.handled_at is None and self.dismissed_at is None and self.attempts >= STUCK_AFTER
        )

    @is_stuck.inplace.expression
    @classmethod
    def _is_stuck(cls) -> ColumnElement[bool]:
        return and_(
            cls.handled_at.is_(None), cls.dismissed_at.is_(None), cls.attempts >= STUCK_AFTER
        )


class ReconciliationRun(Base):
    """One comparison of our records with Stripe's."""

    __tablename__ = "reconciliation_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    since: Mapped[datetime] = mapped_column(doc="How far back it looked")
    events_listed: Mapped[int] = mapped_column(default=0)
    events_missing: Mapped[int] = mapped_column(default=0, doc="Found at Stripe only, and handled")
    payments_compared: Mapped[int] = mapped_column(default=0)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    error: Mapped[str | None] = mapped_column(Text, default=None)
