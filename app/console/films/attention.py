"""The list of films, and why one of them may need somebody."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.catalog.parts_models import Caption, PartnerLink, Version, WatchLink
from app.console.lists import Listing
from app.offers.models import Offer, RightsWindow
from app.offers.states import OfferStatus

ENDS_SOON = timedelta(days=180)
LOOKED_LONG_AGO = timedelta(days=180)


class AttentionReason(StrEnum):
    """Why a film may need somebody."""

    NO_OFFER = "no_offer"
    NO_CAPTIONS = "no_captions"
    WINDOW_ENDS = "window_ends"
    OLD_LINKS = "old_links"


NEED_LABELS: Mapping[AttentionReason, str] = {
    AttentionReason.NO_OFFER: "No published offers",
    AttentionReason.NO_CAPTIONS: "No version has captions",
    AttentionReason.WINDOW_ENDS: "Rights end within six months",
    AttentionReason.OLD_LINKS: "A link has not been checked for six months",
}


def _no_offer(today: date) -> ColumnElement[bool]:
    del today
    on_sale = exists().where(Offer.film_id == Film.id, Offer.status == OfferStatus.PUBLISHED)
    return and_(Film.status == FilmStatus.PUBLISHED, ~on_sale)


def _no_captions(today: date) -> ColumnElement[bool]:
    del today
    captioned = (
        select(Caption.version_id)
        .join(Version, Version.id == Caption.version_id)
        .where(Version.film_id == Film.id)
        .correlate(Film)
        .exists()
    )
    return and_(Film.status == FilmStatus.PUBLISHED, ~captioned)


def _window_ends(today: date) -> ColumnElement[bool]:
    """Return whether a right ends soon, or has ended, and no other window of it goes on."""
    longer = aliased(RightsWindow)
    goes_on = exists().where(
        longer.film_id == RightsWindow.film_id,
        longer.right == RightsWindow.right,
        or_(longer.ends_on.is_(None), longer.ends_on > today + ENDS_SOON),
    )
    ends = exists().where(
        RightsWindow.film_id == Film.id, RightsWindow.ends_on <= today + ENDS_SOON, ~goes_on
    )
    return and_(Film.status == FilmStatus.PUBLISHED, ends)


def _old_links(today: date) -> ColumnElement[bool]:
    before = today - LOOKED_LONG_AGO
    return or_(
        exists().where(WatchLink.film_id == Film.id, WatchLink.checked_on < before),
        exists().where(PartnerLink.film_id == Film.id, PartnerLink.checked_on < before),
    )


NEEDS: Mapping[AttentionReason, Callable[[date], ColumnElement[bool]]] = {
    AttentionReason.NO_OFFER: _no_offer,
    AttentionReason.NO_CAPTIONS: _no_captions,
    AttentionReason.WINDOW_ENDS: _window_ends,
    AttentionReason.OLD_LINKS: _old_links,
}
ON_SALE = (
    select(func.count(Offer.id))
    .where(Offer.film_id == Film.id, Offer.status == OfferStatus.PUBLISHED)
    .correlate(Film)
    .scalar_subquery()
)
FILMS = Listing(
    "films.html",
    select(
        Film.slug,
        Film.title,
        Film.release_year,
        Film.genre,
        Film.status,
        Film.updated_at,
        ON_SALE.label("on_sale"),
    ),
    unique=Film.id,
    state=Film.status,
    sorts={
        "title": Film.sort_key,
        "year": Film.release_year,
        "changed": Film.updated_at,
    },
    contains=(Film.title, Film.original_title, Film.slug),
)
