"""The facts of library records: a film, its offers, and its last change."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.catalog.enums import FilmStatus
from app.catalog.models import Film, FilmRevision, FilmSubject
from app.catalog.parts_models import Credit, Version
from app.core.config import Settings
from app.core.errors import NotFoundError
from app.exports.models import LibraryRecord
from app.offers.licensing import find_public_offers
from app.offers.models import Offer
from app.offers.states import Delivery


@dataclass(frozen=True, slots=True)
class Seller:
    """The organization that makes the records and sells the films."""

    organization: str
    name: str
    place: str
    place_code: str
    base_url: str

    @classmethod
    def of(cls, settings: Settings) -> "Seller":
        """Return the store as the seller."""
        return cls(
            organization=settings.marc_organization,
            name=settings.seller_name,
            place=settings.seller_place,
            place_code=settings.seller_place_code,
            base_url=settings.url(""),
        )


@dataclass(frozen=True, slots=True)
class Holding:
    """One film and its offers on one day. ``on_sale`` holds the offers in their order."""

    film: Film
    on: date
    changed_at: datetime
    on_sale: dict[Delivery, list[Offer]] = field(default_factory=dict)

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries on offer, the first offer's first."""
        return list(self.on_sale)

    def versions(self, delivery: Delivery) -> list[Version]:
        """Return the versions of a delivery; the main one if its offers name none."""
        ids = {version.id for offer in self.on_sale[delivery] for version in offer.versions}
        named = [version for version in self.film.versions if version.id in ids]
        return named or self.film.versions[:1]


def load_holdings(session: Session, film_ids: Collection[int], *, on: date) -> list[Holding]:
    """Return these films, whatever their status, in the order of their ids.

    The number of queries is the same for one film and for all of them.
    """
    films = session.scalars(
        select(Film)
        .where(Film.id.in_(film_ids))
        .order_by(Film.id)
        .options(
            selectinload(Film.versions).selectinload(Version.languages),
            selectinload(Film.versions).selectinload(Version.captions),
            selectinload(Film.credits).joinedload(Credit.person),
            selectinload(Film.subject_rows).joinedload(FilmSubject.subject),
            selectinload(Film.country_rows),
            selectinload(Film.alternative_titles),
            selectinload(Film.accolades),
            selectinload(Film.assets),
            selectinload(Film.identifiers),
        )
    ).all()
    offers = find_public_offers(session, film_ids, on=on)
    changed = _find_last_changes(session, film_ids)
    return [_holding(film, offers.get(film.id, []), changed, on) for film in films]


def load_holding(session: Session, slug: str, *, on: date) -> Holding:
    """Return a published film.

    Raises:
        NotFoundError: the film does not exist or is not published.
    """
    film_id = session.scalar(
        select(Film.id).where(Film.slug == slug, Film.status == FilmStatus.PUBLISHED)
    )
    if film_id is None:
        detail = f"Film “{slug}” not found."
        raise NotFoundError(detail)
    return load_holdings(session, [film_id], on=on)[0]


def _holding(
    film: Film, offers: Sequence[Offer], changed: dict[int, datetime], on: date
) -> Holding:
    on_sale: dict[Delivery, list[Offer]] = defaultdict(list)
    for offer in offers:
        on_sale[offer.delivery].append(offer)
    return Holding(
        film=film, on=on, changed_at=changed.get(film.id, film.updated_at), on_sale=dict(on_sale)
    )


def _find_last_changes(session: Session, film_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each film, or one of its records, last changed."""
    rows = [
        *session.execute(
            select(FilmRevision.film_id, FilmRevision.changed_at).where(
                FilmRevision.film_id.in_(film_ids)
            )
        ),
        *session.execute(
            select(LibraryRecord.film_id, LibraryRecord.changed_at).where(
                LibraryRecord.film_id.in_(film_ids)
            )
        ),
    ]
    latest: dict[int, datetime] = {}
    for film_id, changed_at in rows:
        latest[film_id] = max(changed_at, latest.get(film_id, changed_at))
    return latest
