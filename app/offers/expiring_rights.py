"""Films that can be licensed for a while only: our own rights to them end, or some of them do."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.core.errors import NotFoundError
from app.offers import queries
from app.offers.licensing import find_public_offers
from app.offers.models import Offer, RightsWindow
from app.offers.states import OfferStatus
from app.offers.window_rules import last_grant_day, rights_end

# A budget year and the half in which it is planned.
SOON_DAYS = 548
# So many films are looked at together.
BATCH_SIZE = 200
# By the first day on which a right of theirs ends, and then by their ids, films stand in order.
Place = tuple[date | None, int]


@dataclass(frozen=True, slots=True)
class LastOrderDay:
    """What of a leaving film is still sold, and the last day for it; None: no day is the last."""

    offer: Offer
    until: date | None


@dataclass(frozen=True, slots=True)
class ExpiringFilm:
    """A film of which some rights end soon, on ``rights_end_on`` the first of them.

    ``known_at`` is when that became so: the contract was noted, or the day came near enough.
    """

    film_id: int
    rights_end_on: date
    known_at: datetime
    offers: Sequence[LastOrderDay]


@dataclass(frozen=True, slots=True)
class ExpiringPage:
    """Some of the leaving films, soonest first; the next page goes on after film ``last_id``."""

    films: Sequence[ExpiringFilm]
    last_id: int | None


def find_expiring_films(
    session: Session, *, on: date, most: int, within_days: int = SOON_DAYS, after: str = ""
) -> ExpiringPage:
    """Return up to ``most`` films on sale on that day whose rights end within so many days.

    A right that goes on under another contract does not end, and what is not on sale does not
    leave: films of which a right ends are looked at, soonest first, until so many do leave. Takes
    five queries for each lot of them.

    Raises:
        NotFoundError: no right of the film ``after``, by its slug, ends within so many days.
    """
    place = _get_position(session, after, on, within_days) if after else None
    found: dict[int, ExpiringFilm] = {}
    while len(found) <= most:
        lot = session.execute(_find_ending(on, within_days, beyond=place).limit(BATCH_SIZE)).all()
        leaving = _build_film(session, [film_id for _, film_id in lot], on, within_days)
        found |= {film_id: leaving[film_id] for _, film_id in lot if film_id in leaving}
        if len(lot) < BATCH_SIZE:
            break
        day, film_id = lot[-1]
        place = day, film_id
    shown = list(found.values())[:most]
    return ExpiringPage(
        sorted(shown, key=lambda leaving: (leaving.rights_end_on, leaving.film_id)),
        last_id=shown[-1].film_id if len(found) > most else None,
    )


def _build_film(
    session: Session, film_ids: Sequence[int], on: date, within_days: int
) -> dict[int, ExpiringFilm]:
    until = on + timedelta(days=within_days)
    rows: dict[int, list[RightsWindow]] = defaultdict(list)
    for row in queries.find_windows(session, film_ids):
        rows[row.film_id].append(row)
    found = {}
    for film_id, offers in find_public_offers(session, film_ids, on=on).items():
        ends = {offer.id: _end(offer, rows[film_id], on) for offer in offers}
        soon = [day for day in ends.values() if day is not None and day <= until]
        if soon:
            found[film_id] = ExpiringFilm(
                film_id=film_id,
                rights_end_on=min(soon),
                known_at=_known_at(rows[film_id], min(soon), within_days),
                offers=[LastOrderDay(each, _until(each, rows[film_id], on)) for each in offers],
            )
    return found


def _find_ending(on: date, within_days: int, *, beyond: Place | None) -> Select[date | None, int]:
    """Return the query for the public films of which a right ends soon: their places, in order.

    A film of which nothing is on sale is left out at once; ``beyond`` is the place of another.
    """
    sold = select(Offer.id).where(Offer.film_id == Film.id, Offer.status == OfferStatus.PUBLISHED)
    first = func.min(RightsWindow.ends_on)
    statement = (
        select(first, RightsWindow.film_id)
        .join(Film, Film.id == RightsWindow.film_id)
        .where(
            RightsWindow.ends_on.between(on, on + timedelta(days=within_days)),
            Film.status == FilmStatus.PUBLISHED,
            sold.exists(),
        )
        .group_by(RightsWindow.film_id)
        .order_by(first, RightsWindow.film_id)
    )
    if beyond is None:
        return statement
    day, film_id = beyond
    same_day = and_(first == day, RightsWindow.film_id > film_id)
    return statement.having(or_(first > day, same_day))


def _get_position(session: Session, slug: str, on: date, within_days: int) -> Place:
    row = session.execute(
        _find_ending(on, within_days, beyond=None).where(Film.slug == slug)
    ).one_or_none()
    if row is None:
        detail = "No rights to this film end soon."
        raise NotFoundError(detail)
    day, film_id = row
    return day, film_id


def _end(offer: Offer, rows: Sequence[RightsWindow], on: date) -> date | None:
    needed = offer.bundle.rights_needed(offer.delivery)
    windows = [row.window for row in rows]
    return rights_end(windows, needed=needed, territory=offer.sale_territory, on=on)


def _until(offer: Offer, rows: Sequence[RightsWindow], on: date) -> date | None:
    return last_grant_day(
        [row.window for row in rows],
        needed=offer.bundle.rights_needed(offer.delivery),
        territory=offer.sale_territory,
        term=offer.term,
        on=on,
    )


def _known_at(rows: Sequence[RightsWindow], ends_on: date, within_days: int) -> datetime:
    near = datetime.combine(ends_on - timedelta(days=within_days), time(), UTC)
    noted = [row.updated_at for row in rows if row.ends_on == ends_on]
    return max([near, *noted])
