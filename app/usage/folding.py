"""The nightly fold: a day's events become counts, once; then a month closes, and events go.

Each step is one transaction. A worker that is killed leaves a day folded or not folded at all.
"""

import logging
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.db import insert_ignore
from app.usage.counting import CountKey, Event, count_events
from app.usage.events import EVENT_RETENTION, end_of_day
from app.usage.models import UsageCount, UsageDay, UsageEvent, UsageMonth, first_of_month

log = logging.getLogger(__name__)
# For requests that were under way at midnight.
FOLD_DELAY = timedelta(hours=1)


def fold_events(sessions: sessionmaker[Session]) -> int:
    """Fold the days that are over, close months, and delete old events. Return the days folded."""
    with sessions() as session:
        days = session.scalars(
            select(UsageDay.day).where(UsageDay.folded_at.is_(None)).order_by(UsageDay.day)
        ).all()
    due = [day for day in days if clock.now() >= end_of_day(day) + FOLD_DELAY]
    folded = 0
    for day in due:
        with sessions.begin() as session:
            folded += fold_day(session, day)
    with sessions.begin() as session:
        close_months(session)
        delete_old_events(session)
    return folded


def fold_day(session: Session, day: date) -> bool:
    """Add a day's events to the counts of its month. Return False if that was done before."""
    claimed = session.scalar(
        update(UsageDay)
        .where(UsageDay.day == day, UsageDay.folded_at.is_(None))
        .values(folded_at=clock.now(), salt="")
        .returning(UsageDay.day)
        .execution_options(synchronize_session=False)
    )
    if claimed is None:
        return False
    month = first_of_month(day)
    insert_ignore(session, UsageMonth, {"month": month}, index_elements=["month"])
    # Holds the row until the end, so that two days of a month are added one after the other.
    is_open = session.scalar(
        update(UsageMonth)
        .where(UsageMonth.month == month, UsageMonth.closed_at.is_(None))
        .values(folded_days=UsageMonth.folded_days + 1)
        .returning(UsageMonth.month)
        .execution_options(synchronize_session=False)
    )
    if is_open is None:
        log.warning("usage.late_day", extra={"day": day.isoformat()})
        return False
    events = session.execute(
        select(
            UsageEvent.institution_id,
            UsageEvent.film_id,
            UsageEvent.metric,
            UsageEvent.session_key,
            UsageEvent.at,
        ).where(
            UsageEvent.at >= datetime.combine(day, time.min, UTC), UsageEvent.at < end_of_day(day)
        )
    )
    _add_counts(session, month, count_events(Event(*row) for row in events))
    return True


def close_months(session: Session) -> None:
    """Close each month that ended three days ago and whose days are all folded."""
    unfolded = session.scalar(select(func.min(UsageDay.day)).where(UsageDay.folded_at.is_(None)))
    before = first_of_month((clock.now() - EVENT_RETENTION).date())
    if unfolded is not None:
        before = min(before, first_of_month(unfolded))
    session.execute(
        update(UsageMonth)
        .where(UsageMonth.month < before, UsageMonth.closed_at.is_(None))
        .values(closed_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def delete_old_events(session: Session) -> None:
    """Delete events whose day is folded and ended three days ago."""
    unfolded = session.scalar(select(func.min(UsageDay.day)).where(UsageDay.folded_at.is_(None)))
    before = (clock.now() - EVENT_RETENTION).date()
    if unfolded is not None:
        before = min(before, unfolded)
    session.execute(
        delete(UsageEvent)
        .where(UsageEvent.at < datetime.combine(before, time.min, UTC))
        .execution_options(synchronize_session=False)
    )


def find_last_closed_month(session: Session) -> date:
    """Return the last month whose counts are final, with or without usage."""
    month = first_of_month((clock.now() - EVENT_RETENTION).date())
    days = select(func.min(UsageDay.day)).where(UsageDay.folded_at.is_(None))
    months = select(func.min(UsageMonth.month)).where(UsageMonth.closed_at.is_(None))
    for waiting in (session.scalar(days), session.scalar(months)):
        if waiting is not None:
            month = min(month, first_of_month(waiting))
    return first_of_month(month - timedelta(days=1))


def _add_counts(session: Session, month: date, counts: Counter[CountKey]) -> None:
    # After a merge of institutions there may be two rows of a key: the first takes the sum.
    stored = {
        (row.institution_id, row.film_id, row.metric): row
        for row in session.scalars(
            select(UsageCount).where(UsageCount.month == month).order_by(UsageCount.id.desc())
        )
    }
    for (institution_id, film_id, metric), n in counts.items():
        row = stored.get((institution_id, film_id, metric))
        if row is not None:
            row.n += n
        else:
            session.add(
                UsageCount(
                    institution_id=institution_id, film_id=film_id, month=month, metric=metric, n=n
                )
            )
    session.flush()
