"""The weekly email: who is due, and what came for them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, update
from sqlalchemy.orm import Session, sessionmaker

from app.alerts import links
from app.alerts.emails import NewFilm, SearchMatches, WeeklyDigest
from app.alerts.models import AlertReader, AlertSearch
from app.alerts.searches import matching
from app.alerts.service import WEEK
from app.catalog import queries
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.due import Agenda
from app.core.email_content import SenderFacts
from app.core.email_outbox import queue_email
from app.exports.models import LibraryRecord
from app.offers.licensing import starting_prices

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
    """Queue the week's email if anything came, and note how far we looked, in one transaction.

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
        digest = _digest(session, settings, reader, looked) if looked.found else None
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
        if digest is None:
            return NOTHING
        queue_email(
            session,
            digest,
            once=f"{reader.handle}:{now:%Y-%m-%d}",
            reference=links.about(reader),
            to=reader.email,
        )
    return SENT


@dataclass(frozen=True, slots=True)
class _Found:
    """What came for one search: some of the films, and how many there are in all."""

    search: AlertSearch
    films: Sequence[Film]
    total: int


@dataclass(frozen=True, slots=True)
class _Looked:
    searches: Sequence[int]
    found: Sequence[_Found]
    added: frozenset[int]


def _look(session: Session, reader: AlertReader, *, until: datetime) -> _Looked:
    """Return what came up to ``until`` for each confirmed search since it was looked for last."""
    searches: list[int] = []
    found: list[_Found] = []
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


def _digest(
    session: Session, settings: Settings, reader: AlertReader, looked: _Looked
) -> WeeklyDigest:
    ids = {film.id for each in looked.found for film in each.films}
    prices = starting_prices(session, ids)
    return WeeklyDigest(
        store=SenderFacts.of(settings),
        matches=tuple(
            SearchMatches(
                search=each.search.words,
                list_url=links.list_page(settings, each.search),
                films=tuple(
                    NewFilm(
                        title=film.title,
                        release_year=film.release_year,
                        directors=tuple(film.directors),
                        url=settings.url(f"/films/{film.slug}"),
                        price=prices.get(film.id),
                        is_new=film.id in looked.added,
                    )
                    for film in each.films
                ),
                total=each.total,
            )
            for each in looked.found
        ),
        manage_url=links.manage_page(settings, reader),
        unsubscribe_url=links.unsubscribe_page(settings, reader),
    )


def _postpone(sessions: sessionmaker[Session], reader: AlertReader, *, until: datetime) -> str:
    with sessions.begin() as session:
        session.execute(
            update(AlertReader)
            .where(AlertReader.id == reader.id, AlertReader.next_digest_at.is_not(None))
            .values(next_digest_at=until)
        )
    return NOT_DUE


def _came(session: Session, search: AlertSearch, *, since: datetime, until: datetime) -> _Found:
    """Return the films of the search that were added, or came on offer, in this time."""
    offered = exists().where(
        LibraryRecord.film_id == Film.id,
        LibraryRecord.removed_at.is_(None),
        LibraryRecord.added_at > since,
        LibraryRecord.added_at <= until,
    )
    added = and_(Film.published_at > since, Film.published_at <= until)
    ids = matching(session, search.query, or_(added, offered.correlate(Film)))
    return _Found(search, queries.films_by_id(session, ids[:MOST_FILMS]), len(ids))


def _is_added(film: Film, since: datetime) -> bool:
    return film.published_at is not None and film.published_at > since
