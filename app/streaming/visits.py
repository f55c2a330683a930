"""Counting what viewers of a known institution did: opened a watch page, played, were refused."""

from fastapi import BackgroundTasks, Request
from sqlalchemy.orm import Session, sessionmaker

from app.access.claims import Claim
from app.access.decisions import RefusalReason
from app.access.logins import record_refusal
from app.core.app_state import app_state
from app.usage.events import record_visit
from app.usage.models import EventMetric


def metric_of(reason: RefusalReason) -> EventMetric:
    """Return what COUNTER calls a refusal."""
    is_limit = reason is RefusalReason.LIMIT
    return EventMetric.LIMIT_EXCEEDED if is_limit else EventMetric.NO_LICENSE


def count_visit(
    request: Request, session: Session, claim: Claim, film_id: int, metric: EventMetric
) -> None:
    """Record what a viewer did, in the caller's transaction."""
    record_visit(
        session,
        institution_id=claim.institution_id,
        film_id=film_id,
        metrics=[metric],
        agent=request.headers.get("user-agent", ""),
        session_id=claim.key,
        address=request.client.host if request.client else "",
    )


def count_visit_later(
    request: Request, background: BackgroundTasks, claim: Claim, film_id: int, metric: EventMetric
) -> None:
    """Record what a viewer saw once the page is sent: reading it takes no lock."""
    sessions = app_state(request).sessions
    background.add_task(_count, request, sessions, claim, film_id, metric)


def count_refusal_later(
    request: Request, background: BackgroundTasks, claim: Claim, reason: RefusalReason
) -> None:
    """Count a refusal for staff and librarians once the page is sent."""
    background.add_task(_record_refusal, app_state(request).sessions, claim, reason)


def _record_refusal(sessions: sessionmaker[Session], claim: Claim, reason: RefusalReason) -> None:
    with sessions.begin() as session:
        record_refusal(session, claim.institution_id, claim.method, reason)


def _count(
    request: Request,
    sessions: sessionmaker[Session],
    claim: Claim,
    film_id: int,
    metric: EventMetric,
) -> None:
    with sessions.begin() as session:
        count_visit(request, session, claim, film_id, metric)
