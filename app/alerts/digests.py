"""The weekly email: who is due, and what came for them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, update
from sqlalchemy.orm import Session, sessionmaker

from app.alerts import links
from app.alerts.emails import NewFilm, SearchMatches, WeeklyDigest
from app.alerts.models import AlertSubscriber, SavedSearch
from app.alerts.searches import find_matches
from app.alerts.service import WEEK
from app.catalog import queries
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.email_content import SenderFacts
from app.core.email_outbox import queue_email
from app.core.work_queue import JobGroup, WorkQueue
from app.exports.models import LibraryRecord
from app.offers.licensing import find_starting_prices

log = logging.getLogger(__name__)
WORK_QUEUE = WorkQueue(
    key=AlertSubscriber.id,
    due_at=AlertSubscriber.next_digest_at,
    is_due=lambda at: and_(
        AlertSubscriber.next_digest_at <= at, AlertSubscriber.paused_at.is_(None)
    ),
    retry_after=timedelta(minutes=10),
    group=JobGroup.EMAILS,
)
# A film's instant is that of its change, which a long import commits later: it is waited for.
COMMIT_MARGIN = timedelta(hours=1)
MAX_FILMS = 12
OUTCOME_SENT, OUTCOME_NOTHING_NEW, OUTCOME_NOT_DUE = "sent", "nothing new", "not due"


def send_digest(
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    settings: Settings,
    *,
    reader_id: int,
) -> str:
    """Queue the week's email if anything came, and note how far we looked, in one transaction.

    Looking is done before, so that nobody who writes waits for it. Done twice, after a crash or by
    two workers at once, the second finds that the week has started.
    """
    now = clock.now()
    with readers() as session:
        reader = session.get(AlertSubscriber, reader_id)
        if reader is None or reader.paused_at is not None or reader.next_digest_at is None:
            return OUTCOME_NOT_DUE
        before = reader.last_digest_at
        if before is not None and now - before < WEEK - COMMIT_MARGIN:
            # A run that wrote has set the day, unless a repeated run postponed it.
            return _postpone(sessions, reader, until=before + WEEK)
        until = now - COMMIT_MARGIN
        new_matches = _find_new_matches(session, reader, until=until)
        digest = (
            _build_digest(session, settings, reader, new_matches) if new_matches.found else None
        )
    with sessions.begin() as session:
        started = session.execute(
            update(AlertSubscriber)
            .where(
                AlertSubscriber.id == reader_id,
                AlertSubscriber.paused_at.is_(None),
                AlertSubscriber.last_digest_at.is_not_distinct_from(before),
            )
            .values(last_digest_at=now, next_digest_at=now + WEEK)
            .returning(AlertSubscriber.id)
        ).all()
        if not started:
            return OUTCOME_NOT_DUE
        session.execute(
            update(SavedSearch)
            .where(SavedSearch.id.in_(new_matches.searches))
            .values(seen_until=until)
        )
        if digest is None:
            return OUTCOME_NOTHING_NEW
        queue_email(
            session,
            digest,
            once=f"{reader.handle}:{now:%Y-%m-%d}",
            reference=links.email_reference(reader),
            to=reader.email,
        )
    return OUTCOME_SENT


@dataclass(frozen=True, slots=True)
class _SearchFilms:
    """What came for one search: some of the films, and how many there are in all."""

    search: SavedSearch
    films: Sequence[Film]
    total: int


@dataclass(frozen=True, slots=True)
class _NewMatches:
    searches: Sequence[int]
    found: Sequence[_SearchFilms]
    added: frozenset[int]


def _find_new_matches(session: Session, reader: AlertSubscriber, *, until: datetime) -> _NewMatches:
    """Return what came up to ``until`` for each confirmed search since it was looked for last."""
    searches: list[int] = []
    found: list[_SearchFilms] = []
    added: set[int] = set()
    for search in reader.searches:
        since = search.seen_until
        if search.confirmed_at is None or since is None or since >= until:
            continue
        searches.append(search.id)
        came = _find_films(session, search, since=since, until=until)
        if came.films:
            found.append(came)
            added |= {film.id for film in came.films if _is_added(film, since)}
    return _NewMatches(searches, found, frozenset(added))


def _build_digest(
    session: Session, settings: Settings, reader: AlertSubscriber, new_matches: _NewMatches
) -> WeeklyDigest:
    ids = {film.id for each in new_matches.found for film in each.films}
    prices = find_starting_prices(session, ids)
    return WeeklyDigest(
        store=SenderFacts.of(settings),
        matches=tuple(
            SearchMatches(
                search=each.search.words,
                list_url=links.list_url(settings, each.search),
                films=tuple(
                    NewFilm(
                        title=film.title,
                        release_year=film.release_year,
                        directors=tuple(film.directors),
                        url=settings.url(f"/films/{film.slug}"),
                        price=prices.get(film.id),
                        is_new=film.id in new_matches.added,
                    )
                    for film in each.films
                ),
                total=each.total,
            )
            for each in new_matches.found
        ),
        manage_url=links.manage_url(settings, reader),
        unsubscribe_url=links.unsubscribe_url(settings, reader),
    )


def _postpone(sessions: sessionmaker[Session], reader: AlertSubscriber, *, until: datetime) -> str:
    with sessions.begin() as session:
        session.execute(
            update(AlertSubscriber)
            .where(AlertSubscriber.id == reader.id, AlertSubscriber.next_digest_at.is_not(None))
            .values(next_digest_at=until)
        )
    return OUTCOME_NOT_DUE


def _find_films(
    session: Session, search: SavedSearch, *, since: datetime, until: datetime
) -> _SearchFilms:
    """Return the films of the search that were added, or came on offer, in this time."""
    offered = exists().where(
        LibraryRecord.film_id == Film.id,
        LibraryRecord.removed_at.is_(None),
        LibraryRecord.added_at > since,
        LibraryRecord.added_at <= until,
    )
    added = and_(Film.published_at > since, Film.published_at <= until)
    ids = find_matches(session, search.query, or_(added, offered.correlate(Film)))
    return _SearchFilms(search, queries.films_by_id(session, ids[:MAX_FILMS]), len(ids))


def _is_added(film: Film, since: datetime) -> bool:
    return film.published_at is not None and film.published_at > since
