"""Films that can be licensed for a while only: our own rights to them end, or some of them do."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.catalog.kinds import FilmStatus
from app.catalog.models import Film
from app.offers import queries
from app.offers.licensing import offers_on_sale
from app.offers.models import Offer, RightsWindow
from app.offers.states import OfferStatus
from app.offers.windows import last_day_to_grant, rights_end

# A budget year and the half in which it is planned.
SOON_DAYS = 548
# A page of the list, and more than any feed tells.
PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class LastChance:
    """What of a leaving film is still sold, and the last day for it; None: no day is the last."""

    offer: Offer
    until: date | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """A film of which some rights end soon, on ``rights_end_on`` the first of them.

    ``known_at`` is when that became so: the contract was noted, or the day came near enough.
    """

    film_id: int
    rights_end_on: date
    known_at: datetime
    offers: Sequence[LastChance]


def leaving_pages(session: Session, *, on: date) -> int:
    """Return how many pages ``leaving_soon`` has on that day; one, if no film leaves."""
    counted = select(func.count()).select_from(_ending(on, SOON_DAYS).subquery())
    return max(1, -(-(session.scalar(counted) or 0) // PER_PAGE))


def leaving_soon(
    session: Session, *, on: date, within_days: int = SOON_DAYS, page: int = 1
) -> list[Leaving]:
    """Return the films on sale on that day whose rights end within so many days, soonest first.

    A right that goes on under another contract does not end, and what is not on sale does not
    leave: a page holds those of so many films with a right that ends. Takes five queries.
    """
    until = on + timedelta(days=within_days)
    film_ids = session.scalars(
        _ending(on, within_days)
        .order_by(func.min(RightsWindow.ends_on), RightsWindow.film_id)
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    rows: dict[int, list[RightsWindow]] = defaultdict(list)
    for row in queries.windows_of_films(session, film_ids):
        rows[row.film_id].append(row)
    found = []
    for film_id, offers in offers_on_sale(session, film_ids, on=on).items():
        ends = {offer.id: _end(offer, rows[film_id], on) for offer in offers}
        soon = [day for day in ends.values() if day is not None and day <= until]
        if soon:
            found.append(
                Leaving(
                    film_id=film_id,
                    rights_end_on=min(soon),
                    known_at=_known_at(rows[film_id], min(soon), within_days),
                    offers=[LastChance(each, _until(each, rows[film_id], on)) for each in offers],
                )
            )
    return sorted(found, key=lambda leaving: (leaving.rights_end_on, leaving.film_id))


def _ending(on: date, within_days: int) -> Select[int]:
    """Return the query for the public films of which a right ends within so many days.

    A film of which nothing is on sale does not leave; with it pages would come out empty.
    """
    sold = select(Offer.id).where(Offer.film_id == Film.id, Offer.status == OfferStatus.PUBLISHED)
    return (
        select(RightsWindow.film_id)
        .join(Film, Film.id == RightsWindow.film_id)
        .where(
            RightsWindow.ends_on.between(on, on + timedelta(days=within_days)),
            Film.status == FilmStatus.PUBLISHED,
            sold.exists(),
        )
        .group_by(RightsWindow.film_id)
    )


def _end(offer: Offer, rows: Sequence[RightsWindow], on: date) -> date | None:
    needed = offer.bundle.rights_needed(offer.delivery)
    windows = [row.window for row in rows]
    return rights_end(windows, needed=needed, territory=offer.where, on=on)


def _until(offer: Offer, rows: Sequence[RightsWindow], on: date) -> date | None:
    return last_day_to_grant(
        [row.window for row in rows],
        needed=offer.bundle.rights_needed(offer.delivery),
        territory=offer.where,
        term=offer.term,
        on=on,
    )


def _known_at(rows: Sequence[RightsWindow], ends_on: date, within_days: int) -> datetime:
    near = datetime.combine(ends_on - timedelta(days=within_days), time(), UTC)
    noted = [row.updated_at for row in rows if row.ends_on == ends_on]
    return max([near, *noted])
