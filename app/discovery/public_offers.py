"""Which prices are everyone's to read: the list prices of a college that has not said its size."""

from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.offers.licensing import Buyer, LicensingAnswer, licensing_options


def public_buyer(settings: Settings) -> Buyer:
    """Return the buyer for whom prices are published: see docs/discovery.md.

    Without a size, only what costs every college the same has a price. A price that depends on the
    size would be wrong for most who read it.
    """
    return Buyer(CustomerClass.COLLEGE, size=None, country=settings.shipping_country)


def public_answer(session: Session, film: Film, settings: Settings) -> LicensingAnswer:
    """Return what the public buyer may license today; the API answers the same."""
    return licensing_options(session, film, public_buyer(settings), on=clock.today())
