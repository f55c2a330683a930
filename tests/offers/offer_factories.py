"""Offers for tests: a film with rights, texts, offers and prices, made through the services."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.customers import CustomerClass
from app.catalog.models import Film
from app.offers import offer_service, price_rows, window_service
from app.offers.licensing import Buyer
from app.offers.models import Offer, PriceRow, RightsWindow
from app.offers.staff_schemas import OfferIn, PriceIn, WindowIn
from tests import factories

STAFF = Actor.staff("sales@example.org", "Sal Sales")
COLLEGE = Buyer(CustomerClass.COLLEGE, 5000, "US")


def offer_in(film: Film, /, **changes: Any) -> OfferIn:  # noqa: ANN401 - any field of the schema
    """Return a site license of one year for the US and Canada, but for ``changes``."""
    return OfferIn.model_validate(
        {
            "sku": f"{film.slug}-dsl-1y",
            "film": film.slug,
            "title": "Digital site license, 1 year",
            "delivery": "file",
            "versions": ["Feature"],
            "rights": factories.SITE_LICENSE,
            "term": {"kind": "months", "months": 12},
            "territory": ["US", "CA"],
            "license_text": {"code": "digital-site-license", "version": "1.0"},
        }
        | changes
    )


def price_in(amount: int = 19900, **changes: Any) -> PriceIn:  # noqa: ANN401
    """Return a price for colleges of every size, from today, but for ``changes``."""
    price = {"amount": amount, "currency": "USD"}
    return PriceIn.model_validate({"class": "college", "price": price} | changes)


def window_in(film: Film, right: str, /, **changes: Any) -> WindowIn:  # noqa: ANN401
    """Return a right held everywhere since 2020, without an end, but for ``changes``."""
    return WindowIn.model_validate(
        {
            "film": film.slug,
            "right": right,
            "contract_ref": "contract-1",
            "owner": "The producers",
            "territory": ["WORLD"],
            "starts_on": date(2020, 1, 1),
            "may_sublicense_perpetual": True,
            "royalty_bp": 5000,
        }
        | changes
    )


def window(session: Session, film: Film, right: str, /, **changes: Any) -> RightsWindow:  # noqa: ANN401
    """Hold a right."""
    return window_service.add_window(session, draft=window_in(film, right, **changes), actor=STAFF)


def film_with_rights(session: Session, *, title: str = "The Red Soul") -> Film:
    """Return a film that may be sold in every way, and the texts to sell it under."""
    film = factories.film(session, title=title)
    for right in ("dvd", "ppr", "dsl"):
        window(session, film, right)
    for code in ("dvd-ppr", "digital-site-license"):
        factories.license_text(session, code=code)
    return film


def draft(session: Session, film: Film, /, **changes: Any) -> Offer:  # noqa: ANN401
    """Create an offer, and leave it a draft without prices."""
    return offer_service.create_offer(session, draft=offer_in(film, **changes), actor=STAFF)


def price(session: Session, offer: Offer, amount: int = 19900, **changes: Any) -> PriceRow:  # noqa: ANN401
    """Add a price to an offer."""
    return price_rows.add_price(
        session, sku=offer.sku, draft=price_in(amount, **changes), currency="USD", actor=STAFF
    )


def published(session: Session, film: Film, /, **changes: Any) -> Offer:  # noqa: ANN401
    """Publish an offer, at $199 for colleges."""
    offer = draft(session, film, **changes)
    price(session, offer)
    return offer_service.publish_offer(session, sku=offer.sku, actor=STAFF)


def disc(session: Session, film: Film, /, **changes: Any) -> Offer:  # noqa: ANN401
    """Put a DVD with public performance rights on sale, at $199 for colleges."""
    return published(
        session,
        film,
        **{
            "sku": f"{film.slug}-dvd-ppr",
            "title": "DVD with public performance rights",
            "delivery": "dvd",
            "rights": factories.CLASSROOM_DISC,
            "term": {"kind": "life_of_media"},
            "license_text": {"code": "dvd-ppr", "version": "1.0"},
        }
        | changes,
    )
