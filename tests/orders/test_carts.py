from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.errors import InvalidInputError, NotFoundError
from app.core.money import Money
from app.offers import offer_service
from app.offers.licensing import Buyer
from app.orders import carts
from app.orders.models import Cart, CartLine
from tests import factories
from tests.factories import SETTINGS, STAFF

COLLEGE = Buyer(customer_class=CustomerClass.COLLEGE, size=4200, country="US")


@pytest.fixture
def today() -> date:
    return clock.today()


def refusal(error: pytest.ExceptionInfo[InvalidInputError]) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.detail) for problem in error.value.errors]


def test_cart_is_found_by_token_after_restart(
    session: Session, sessions: sessionmaker[Session], today: date
) -> None:
    offer = factories.offer(session)
    cart, token = carts.create_cart(session, buyer=COLLEGE)
    carts.add_line(session, cart, sku=offer.sku, on=today)
    session.commit()

    with sessions() as later:
        found = carts.find_cart(later, token)
        assert found is not None
        assert [(line.sku, line.quantity) for line in found.lines] == [(offer.sku, 1)]
        assert carts.buyer_of(found) == COLLEGE
        assert carts.find_cart(later, token + "x") is None
        assert carts.find_cart(later, None) is None
        assert token not in str(later.scalars(select(Cart.token_hash)).all())


def test_cart_sums_add_up(session: Session, today: date) -> None:
    disc = factories.offer(session, amount=39800)
    site = factories.offer(session, amount=15000, delivery="file")
    settings = SETTINGS.model_copy(update={"shipping_domestic_amount": 700})
    cart, _ = carts.create_cart(session, buyer=COLLEGE)

    carts.add_line(session, cart, sku=disc.sku, on=today)
    carts.add_line(session, cart, sku=disc.sku, quantity=2, on=today)
    carts.add_line(session, cart, sku=site.sku, on=today)
    review = carts.price_cart(session, cart, on=today, settings=settings)

    assert [(view.line.quantity, view.total) for view in review.lines] == [
        (3, Money(119400, "USD")),
        (1, Money(15000, "USD")),
    ]
    assert review.subtotal == Money(134400, "USD")
    assert review.shipping == Money(700, "USD")
    assert review.total == Money(135100, "USD")
    assert review.can_check_out
    assert review.problems == []


def test_add_line_twice_keeps_one_license(session: Session, today: date) -> None:
    site = factories.offer(session, delivery="file")
    cart, _ = carts.create_cart(session, buyer=COLLEGE)

    carts.add_line(session, cart, sku=site.sku, on=today)
    carts.add_line(session, cart, sku=site.sku, on=today)

    assert [(line.sku, line.quantity) for line in cart.lines] == [(site.sku, 1)]


def test_add_line_refuses_unavailable_offer(session: Session, today: date) -> None:
    offer = factories.offer(session)
    school = Buyer(customer_class=CustomerClass.K12_SCHOOL, size=300, country="US")
    cart, _ = carts.create_cart(session, buyer=school)

    with pytest.raises(InvalidInputError) as not_for_class:
        carts.add_line(session, cart, sku=offer.sku, on=today)
    with pytest.raises(InvalidInputError) as unknown:
        carts.add_line(session, cart, sku="https://www.ovid.tv/", on=today)
    with pytest.raises(InvalidInputError) as too_many:
        carts.add_line(session, cart, sku=offer.sku, quantity=101, on=today)

    assert [pointer for pointer, _ in refusal(not_for_class)] == ["#/offer"]
    assert refusal(unknown) == [("#/offer", "Offer “https://www.ovid.tv/” not found.")]
    assert refusal(too_many) == [("#/quantity", "Enter a number from 1 to 100.")]
    assert session.scalars(select(CartLine)).all() == []


def test_changed_price_is_shown_until_seen(session: Session, today: date) -> None:
    offer = factories.offer(session, amount=39800)
    cart, _ = carts.create_cart(session, buyer=COLLEGE)
    carts.add_line(session, cart, sku=offer.sku, on=today)
    tomorrow = factories.reprice(session, offer.sku, 42500)

    [view] = carts.price_cart(session, cart, on=tomorrow, settings=SETTINGS).lines
    assert view.changed_price is not None
    assert view.changed_price.before == Money(39800, "USD")
    assert view.changed_price.after == Money(42500, "USD")
    assert view.reasons == ["The price changed from $398.00 to $425.00."]
    assert view.can_be_ordered

    carts.acknowledge_prices(session, cart, on=tomorrow)
    [view] = carts.price_cart(session, cart, on=tomorrow, settings=SETTINGS).lines
    assert (view.changed_price, view.reasons) == (None, [])


def test_unavailable_line_shows_reason_and_title(session: Session, today: date) -> None:
    film = factories.film(session, title="The Red Soul")
    offer = factories.offer(session, of=film)
    other = factories.offer(session, amount=10000)
    cart, _ = carts.create_cart(session, buyer=COLLEGE)
    carts.add_line(session, cart, sku=offer.sku, on=today)
    carts.add_line(session, cart, sku=other.sku, on=today)
    offer_service.withdraw_offer(session, sku=offer.sku, actor=STAFF)

    review = carts.price_cart(session, cart, on=today, settings=SETTINGS)

    gone = review.lines[0]
    assert gone.answer is None
    assert gone.title == "The Red Soul: DVD with public performance rights"
    assert gone.reasons == ["This license is no longer available."]
    assert review.problems == [f"{gone.title}: This license is no longer available."]
    assert not review.can_check_out
    assert review.total == Money(10000, "USD")


def test_update_buyer_reprices_cart(session: Session, today: date) -> None:
    offer = factories.offer(session, amount=39800)
    factories.add_price(session, offer.sku, 12900, customer_class=CustomerClass.PUBLIC_LIBRARY)
    cart, _ = carts.create_cart(session, buyer=COLLEGE)
    carts.add_line(session, cart, sku=offer.sku, on=today)

    library = Buyer(customer_class=CustomerClass.PUBLIC_LIBRARY, size=None, country="US")
    carts.update_buyer(session, cart, buyer=library)

    [view] = carts.price_cart(session, cart, on=today, settings=SETTINGS).lines
    assert view.total == Money(12900, "USD")


def test_update_line_changes_and_removes(session: Session, today: date) -> None:
    offer = factories.offer(session)
    cart, _ = carts.create_cart(session, buyer=COLLEGE)
    carts.add_line(session, cart, sku=offer.sku, on=today)
    [line] = cart.lines

    carts.update_line(session, cart, line_id=line.id, quantity=5, on=today)
    assert line.quantity == 5
    with pytest.raises(InvalidInputError):
        carts.update_line(session, cart, line_id=line.id, quantity=-1, on=today)
    assert line.quantity == 5
    carts.update_line(session, cart, line_id=line.id, quantity=0, on=today)
    assert cart.lines == []
    with pytest.raises(NotFoundError):
        carts.update_line(session, cart, line_id=line.id, quantity=1, on=today)


def test_update_line_of_other_cart_is_refused(session: Session, today: date) -> None:
    offer = factories.offer(session)
    mine, _ = carts.create_cart(session, buyer=COLLEGE)
    carts.add_line(session, mine, sku=offer.sku, on=today)
    theirs, _ = carts.create_cart(session, buyer=COLLEGE)

    with pytest.raises(NotFoundError):
        carts.update_line(session, theirs, line_id=mine.lines[0].id, quantity=7, on=today)
    carts.remove_line(session, theirs, line_id=mine.lines[0].id)

    session.refresh(mine, ["lines"])
    assert [line.quantity for line in mine.lines] == [1]


def test_cart_unused_for_sixty_days_is_deleted(session: Session) -> None:
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as traveller:
        _, token = carts.create_cart(session, buyer=COLLEGE)
        traveller.shift(timedelta(days=60))
        assert carts.find_cart(session, token) is None
        assert carts.delete_expired(session) == 0
        traveller.shift(timedelta(seconds=1))
        assert carts.delete_expired(session) == 1
    assert session.scalars(select(Cart)).all() == []


def test_line_in_other_currency_shows_reason(session: Session, today: date) -> None:
    cart, _ = carts.create_cart(session, buyer=COLLEGE)
    carts.add_line(session, cart, sku=factories.offer(session).sku, on=today)
    euros = SETTINGS.model_copy(update={"currency": "EUR"})

    review = carts.price_cart(session, cart, on=today, settings=euros)

    assert review.lines[0].reasons == ["This license is priced in USD, but the store sells in EUR."]
    assert (review.can_check_out, review.total) == (False, Money(0, "EUR"))
