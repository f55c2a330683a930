"""Staff are warned before they accept what is gone meanwhile."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.core import clock
from app.offers.models import Offer, RightsWindow
from app.offers.states import OfferStatus
from app.orders.acceptance import accept, find_warnings
from tests import factories
from tests.factories import STAFF


def test_warnings_name_withdrawn_film_offer_and_rights(session: Session) -> None:
    order = factories.order(session, po_number="PO-1")
    assert find_warnings(session, order) == []
    line = order.lines[0]

    film = session.get_one(Film, line.film_id)
    film.status = FilmStatus.WITHDRAWN
    session.get_one(Offer, line.offer_id).status = OfferStatus.WITHDRAWN
    session.flush()
    gone = [
        f"{line.film_title} is no longer in the catalog (line 1).",
        f"{line.full_title} is no longer available (line 1).",
    ]
    assert find_warnings(session, order) == gone

    for window in session.query(RightsWindow).filter_by(film_id=film.id):
        window.ends_on = clock.today() - timedelta(days=1)
    session.flush()
    rest = find_warnings(session, order)[2:]
    assert rest
    assert all(why.startswith("No license can be granted for line 1. Our rights") for why in rest)

    accept(session, order, actor=STAFF)
    assert find_warnings(session, order) == []
