"""The weekly mail: who is due, and what came for them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, update
from sqlalchemy.orm import Session, sessionmaker

from app.alerts import letters, links
from app.alerts.letters import Found
from app.alerts.models import AlertReader, AlertSearch
from app.alerts.searches import matching
from app.alerts.service import WEEK
from app.catalog import queries
from app.catalog.models import Film
from app.core import clock, mail
from app.core.config import Settings
from app.core.due import Agenda
from app.exports.models import LibraryRecord
from app.offers.licensing import starting_prices
from app.orders.letters import Letter

log = logging.getLogger(__name__)
AGENDA = Agenda(
    key=AlertReader.id,
    due_at=AlertReader.next_digest_at,
    is_due=lambda at: and_(AlertReader.next_digest_at <= at, AlertReader.paused_at.is_(None)),
    lease=timedelta(minutes=10),
)
# A film's instant is that of its change, which a long import commits later: it is waited for.
SETTLED = timedelta(hours=1)
MOST_FILMS = 12
SENT, NOTHING, NOT_DUE = "sent", "nothing new", "not due"


def write(
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    settings: Settings,
    *,
    reader_id: int,
) -> str:
    """Queue the week's mail if anything came, and note how far we looked, in one transaction.

    Looking is done before, so that nobody who writes waits for it. Done twice, after a crash or by
    two workers at once, the second finds that the week has begun.
    """
    now = clock.now()
    with readers() as session:
        reader = session.get(AlertReader, reader_id)
        if reader is None or reader.paused_at is not None or reader.next_digest_at is None:
            return NOT_DUE
        before = reader.last_digest_at
        if before is not None and now - before < WEEK - SETTLED:
            # Whoever wrote has set the day, unless it was held once more.
            return _postpone(sessions, reader, until=before + WEEK)
        until = now - SETTLED
        looked = _look(session, reader, until=until)
        letter = _letter(session, settings, reader, looked) if looked.found else None
    with sessions.begin() as session:
        begun = session.execute(
            update(AlertReader)
            .where(
                AlertReader.id == reader_id,
                AlertReader.paused_at.is_(None),
                AlertReader.last_digest_at.is_not_distinct_from(before),
            )
            .values(last_digest_at=now, next_digest_at=now + WEEK)
            .returning(AlertReader.id)
        ).all()
        if not begun:
            return NOT_DUE
        session.execute(
            update(AlertSearch).where(AlertSearch.id.in_(looked.searches)).values(seen_until=until)
        )
        if letter is None:
            return NOTHING
        mail.queue(
            session,
            key=f"alert-digest:{reader.handle}:{now:%Y-%m-%d}",
            about=links.about(reader),
            to=reader.email,
            subject=letter.subject,
            text=letter.text(),
            html=letter.html(),
            unsubscribe_url=links.unsubscribe_page(settings, reader),
        )
    return SENT


@dataclass(frozen=True, slots=True)
class _Looked:
    searches: Sequence[int]
    found: Sequence[Found]
    added: frozenset[int]


def _look(session: Session, reader: AlertReader, *, until: datetime) -> _Looked:
    """Return what came up to ``until`` for each confirmed search since it was looked for last."""
    searches: list[int] = []
    found: list[Found] = []
    added: set[int] = set()
    for search in reader.searches:
        since = search.seen_until
        if search.confirmed_at is None or since is None or since >= until:
            continue
        searches.append(search.id)
        came = _came(session, search, since=since, until=until)
        if came.films:
            found.append(came)
            added |= {film.id for film in came.films if _is_added(film, since)}
    return _Looked(searches, found, frozenset(added))


def _letter(session: Session, settings: Settings, reader: AlertReader, looked: _Looked) -> Letter:
    ids = {film.id for each in looked.found for film in each.films}
    prices = starting_prices(session, ids)
    return letters.digest(settings, reader, looked.found, prices=prices, added=looked.added)


def _postpone(sessions: sessionmaker[Session], reader: AlertReader, *, until: datetime) -> str:
    with sessions.begin() as session:
        session.execute(
            update(AlertReader)
            .where(AlertReader.id == reader.id, AlertReader.next_digest_at.is_not(None))
            .values(next_digest_at=until)
        )
    return NOT_DUE


def _came(session: Session, search: AlertSearch, *, since: datetime, until: datetime) -> Found:
    """Return the films of the search that were added, or came on offer, in this time."""
    offered = exists().where(
        LibraryRecord.film_id == Film.id,
        LibraryRecord.removed_at.is_(None),
        LibraryRecord.added_at > since,
        LibraryRecord.added_at <= until,
    )
    added = and_(Film.published_at > since, Film.published_at <= until)
    ids = matching(session, search.query, or_(added, offered.correlate(Film)))
    return Found(search, queries.films_by_id(session, ids[:MOST_FILMS]), len(ids))


def _is_added(film: Film, since: datetime) -> bool:
    return film.published_at is not None and film.published_at > since
