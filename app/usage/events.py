"""Recording what people of an institution did, with plain facts and without the people.

A caller decides what counts: staff and previews never do. One interaction is recorded once: a play
is one request, whatever it fetches afterwards.
"""

import hmac
import logging
import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import insert_ignore
from app.usage.models import EventMetric, UsageDay, UsageEvent
from app.usage.robots import is_robot

log = logging.getLogger(__name__)
EVENT_RETENTION = timedelta(days=3)
# What a session key begins with: a session, or an address and a browser's name.
SESSION_KIND, ADDRESS_KIND = "s", "a"


def record_visit(
    session: Session,
    *,
    institution_id: int,
    film_id: int | None,
    metrics: Iterable[EventMetric],
    agent: str,
    session_id: str = "",
    address: str = "",
    at: datetime | None = None,
) -> bool:
    """Record what a visitor did, unless it is a robot. Return whether it will count.

    ``agent`` is the one that asked for the page, not for media. ``session_id`` tells one session
    from another; without one, the address and the agent do.
    """
    if is_robot(agent):
        return False
    at = at or clock.now()
    key = make_session_key(session, session_id=session_id, address=address, agent=agent, at=at)
    return record(
        session,
        institution_id=institution_id,
        film_id=film_id,
        metrics=metrics,
        session_key=key,
        at=at,
    )


def record(
    session: Session,
    *,
    institution_id: int,
    film_id: int | None,
    metrics: Iterable[EventMetric],
    session_key: str,
    at: datetime | None = None,
) -> bool:
    """Record what someone of an institution did. Return whether it will count.

    A request is an investigation too. An event of a day that is counted already is dropped.
    """
    at = at or clock.now()
    if not session_key:
        log.warning("usage.late_event", extra={"day": f"{at:%Y-%m-%d}"})
        return False
    found = set(metrics)
    if EventMetric.REQUEST in found:
        found.add(EventMetric.INVESTIGATION)
    session.add_all(
        UsageEvent(
            at=at,
            institution_id=institution_id,
            film_id=film_id,
            metric=metric,
            session_key=session_key,
        )
        for metric in sorted(found)
    )
    session.flush()
    return True


def make_session_key(
    session: Session,
    *,
    session_id: str = "",
    address: str = "",
    agent: str = "",
    at: datetime | None = None,
) -> str:
    """Return the key that joins the events of one session within a day; empty for a past day.

    The day's salt is deleted when the day is folded. The key cannot be made again after that.
    """
    at = at or clock.now()
    salt = _find_salt(session, at.astimezone(UTC).date())
    if not salt:
        return ""
    kind = SESSION_KIND if session_id else ADDRESS_KIND
    value = session_id or f"{address}\n{agent}"
    return kind + hmac.new(salt.encode(), f"{kind}{value}".encode(), sha256).hexdigest()


def _find_salt(session: Session, day: date) -> str:
    """Return the salt of a day that still takes events, made with the first of them."""
    if clock.now() >= end_of_day(day) + EVENT_RETENTION:
        return ""
    found = session.scalar(select(UsageDay.salt).where(UsageDay.day == day))
    if found is None:
        values = {"day": day, "salt": secrets.token_hex(32)}
        insert_ignore(session, UsageDay, values, index_elements=["day"])
        found = session.scalars(select(UsageDay.salt).where(UsageDay.day == day)).one()
    return found


def end_of_day(day: date) -> datetime:
    """Return the first moment after a day in UTC."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)
