"""Reading payments."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.pagination import PageParams, instant_of
from app.payments.models import CheckoutAttempt, ReconciliationRun, StripeEvent


def get_event(session: Session, event_id: str) -> StripeEvent:
    """Return one event.

    Raises:
        NotFoundError: no such event is stored.
    """
    event = session.get(StripeEvent, event_id)
    if event is None:
        detail = f"Event “{event_id[:60]}” not found."
        raise NotFoundError(detail)
    return event


def find_events(
    session: Session,
    page: PageParams,
    *,
    stuck: bool | None = None,
    order_number: str | None = None,
) -> Sequence[StripeEvent]:
    """Return up to ``limit + 1`` events, newest first; the one too many says that more follow."""
    statement = select(StripeEvent).order_by(StripeEvent.received_at.desc(), StripeEvent.id.desc())
    if stuck is not None:
        statement = statement.where(StripeEvent.is_stuck if stuck else ~StripeEvent.is_stuck)
    if order_number is not None:
        statement = statement.where(StripeEvent.order_number == order_number)
    keys = page.keys(2)
    if keys is not None:
        received, event_id = instant_of(keys[0]), str(keys[1])
        statement = statement.where(
            or_(
                StripeEvent.received_at < received,
                and_(StripeEvent.received_at == received, StripeEvent.id < event_id),
            )
        )
    return session.scalars(statement.limit(page.limit + 1)).all()


def event_keys(event: StripeEvent) -> tuple[str, str]:
    """Return the sort keys of ``event`` in the list, for its cursor."""
    return event.received_at.isoformat(), event.id


def find_attempts(session: Session, order_id: int) -> Sequence[CheckoutAttempt]:
    """Return every try at paying one order, oldest first."""
    return session.scalars(
        select(CheckoutAttempt)
        .where(CheckoutAttempt.order_id == order_id)
        .order_by(CheckoutAttempt.attempt)
    ).all()


def find_latest_run(session: Session) -> ReconciliationRun | None:
    """Return the reconciliation that began last."""
    return session.scalar(select(ReconciliationRun).order_by(ReconciliationRun.id.desc()).limit(1))


def find_runs(session: Session, *, limit: int = 30) -> Sequence[ReconciliationRun]:
    """Return the last reconciliations, newest first."""
    return session.scalars(
        select(ReconciliationRun).order_by(ReconciliationRun.id.desc()).limit(limit)
    ).all()
