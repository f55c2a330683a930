"""A film that an institution may stream: a stored package, and a paid streaming license."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.claims import CLAIM_COOKIE, Method, make_claim, set_claim_cookie
from app.catalog.models import Film
from app.core.config import Settings
from app.core.storage import Storage
from app.institutions.models import Institution
from app.licenses.models import License
from app.media.sample_film import attach_sample_film, store_sample_film
from app.offers.offer_service import withdraw_offer
from tests import factories
from tests.institutions.people import add_institution

# One of the films that the sample film stands for, and that no other test looks at.
SLUG = "beyond-the-bolex"
SEEDS = Path(__file__).parents[2] / "seeds"
STREAM_RIGHTS = factories.SITE_LICENSE | {
    "digital_site_license": {"included": False},
    "archive_copy": "prohibited",
}


@dataclass(frozen=True, slots=True)
class Licensed:
    """Who may stream what."""

    college: Institution
    film: Film
    license: License


def license_stream(session: Session, storage: Storage) -> Licensed:
    """Return a film with the sample film, licensed to a college for a year from today.

    It is made, unless the sample catalog has it. The offer is withdrawn again: other tests count
    what is for sale.
    """
    film = session.scalar(select(Film).where(Film.slug == SLUG))
    film = film or factories.film(session, title="Beyond the Bolex", slug=SLUG)
    attach_sample_film(session, SEEDS)
    store_sample_film(storage, SEEDS)
    college = add_institution(session, "Stream College", "stream.example.edu")
    offer = factories.offer(session, of=film, delivery="stream", rights=STREAM_RIGHTS)
    order = factories.paid_order(session, offer)
    order.institution_id = college.id
    license_ = order.lines[0].license
    assert license_ is not None
    withdraw_offer(session, sku=offer.sku, actor=factories.STAFF)
    session.commit()
    return Licensed(college, film, license_)


def claim_cookie(settings: Settings, college: Institution) -> dict[str, str]:
    """Return the cookie of a viewer who signed in through the college."""
    response = Response()
    set_claim_cookie(response, make_claim(settings, college.id, Method.SAML), settings=settings)
    value = response.headers["set-cookie"].partition(";")[0].partition("=")[2]
    return {CLAIM_COOKIE: value}
