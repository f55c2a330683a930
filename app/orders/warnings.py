"""What staff should know before they accept an order: what it names may be gone meanwhile."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.core import clock
from app.offers.bundles import RightsBundle
from app.offers.licensing import grant_refusals
from app.offers.models import Offer
from app.offers.states import Delivery, OfferStatus
from app.offers.terms import Term
from app.offers.territories import Territory
from app.orders.models import Order, OrderLine
from app.orders.states import OrderState


def warnings_of(session: Session, order: Order) -> list[str]:
    """Return what has changed since the order was placed, for one that waits to be accepted."""
    if order.state is not OrderState.SUBMITTED:
        return []
    films = session.execute(
        select(Film.id, Film.status).where(Film.id.in_([line.film_id for line in order.lines]))
    )
    offers = session.execute(
        select(Offer.id, Offer.status).where(Offer.id.in_([line.offer_id for line in order.lines]))
    )
    film_status = {row.id: row.status for row in films}
    offer_status = {row.id: row.status for row in offers}
    found = []
    for line in order.lines:
        if film_status[line.film_id] is not FilmStatus.PUBLISHED:
            found.append(f"{line.film_title} is no longer in the catalog (line {line.number}).")
        if offer_status[line.offer_id] is not OfferStatus.PUBLISHED:
            found.append(f"{line.full_title} is no longer available (line {line.number}).")
        found += [
            f"No license can be granted for line {line.number}. {words}"
            for words in _refusals(session, order, line)
        ]
    return found


def _refusals(session: Session, order: Order, line: OrderLine) -> list[str]:
    shot = line.snapshot
    refusals = grant_refusals(
        session,
        film_id=line.film_id,
        needed=RightsBundle.model_validate(shot["rights"]).rights_needed(
            Delivery(shot["delivery"])
        ),
        territory=Territory(frozenset({order.country})),
        term=Term(kind=shot["term"]["kind"], months=shot["term"]["months"]),
        starts_on=clock.today(),
    )
    return [refusal.words for refusal in refusals]
