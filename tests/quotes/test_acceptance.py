"""A quote becomes one order, at the quoted prices, and only within the rights."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from urllib.parse import parse_qs, urlparse

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.catalog import film_service
from app.core import clock
from app.core.errors import InvalidInputError
from app.institutions.member_models import MemberRole
from app.offers import offer_service
from app.offers.models import RightsWindow
from app.orders.models import Order
from app.quotes.approvals import approver_url
from app.quotes.errors import QuoteNotOpenError
from app.quotes.models import Quote
from app.quotes.states import QuoteState
from tests import factories
from tests.factories import ADDRESS, SETTINGS, STAFF
from tests.institutions.people import add_institution, add_member
from tests.quotes.quote_factories import accept, acceptance_json, quote


def test_acceptance_after_price_rise_keeps_quoted_price_and_terms(session: Session) -> None:
    disc = factories.offer(session, amount=39800)
    site = factories.offer(session, amount=15000, delivery="file")
    made = quote(session, disc, site)
    agreed = [line.snapshot for line in made.lines]
    factories.reprice(session, disc.sku, 99900)

    with time_machine.travel(clock.now() + timedelta(days=40), tick=False):
        order = accept(session, made, po_number="PO-7")

    assert order.total_amount == made.total_amount == 39800 + 15000
    assert [line.snapshot for line in order.lines] == agreed
    assert (order.quote_number, made.order_number) == (made.number, order.number)
    assert (order.customer_class, order.size) == (made.customer_class, made.size)
    assert (made.state, order.po_number) == (QuoteState.ACCEPTED, "PO-7")
    assert order.expires_at is not None
    assert order.expires_at >= made.expires_at


def test_acceptance_keeps_quoted_shipping(session: Session) -> None:
    made = quote(session)
    settings = factories.SETTINGS.model_copy(update={"shipping_domestic_amount": 900})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.quotes.quote_factories.SETTINGS", settings)
        order = accept(session, made)

    assert order.shipping_amount == made.shipping_amount == 0


def close_window(session: Session, made: Quote) -> None:
    yesterday = clock.today() - timedelta(days=1)
    film_ids = [line.film_id for line in made.lines]
    change = update(RightsWindow).where(RightsWindow.film_id.in_(film_ids))
    session.execute(change.values(starts_on=yesterday - timedelta(days=9), ends_on=yesterday))


def withdraw_offer(session: Session, made: Quote) -> None:
    offer_service.withdraw_offer(session, sku=made.lines[0].sku, actor=STAFF)


def withdraw_film(session: Session, made: Quote) -> None:
    film_service.withdraw_film(session, slug=made.lines[0].film_slug, actor=STAFF)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (close_window, "Our rights for"),
        (withdraw_offer, "This license is no longer available."),
        (withdraw_film, "This film is not in our catalog."),
    ],
)
def test_acceptance_outside_rights_is_refused_and_quote_stays_open(
    session: Session, change: object, detail: str
) -> None:
    made = quote(session)
    assert callable(change)
    change(session, made)
    session.expire_all()

    with pytest.raises(InvalidInputError) as caught:
        accept(session, made)

    assert {problem.pointer for problem in caught.value.errors} == {"#/lines/0/offer"}
    assert detail in caught.value.errors[0].detail
    assert made.state is QuoteState.OPEN
    assert session.scalar(select(func.count(Order.id))) == 0


def test_acceptance_asks_for_what_quote_lacks(session: Session) -> None:
    made = quote(session)
    abroad = ADDRESS | {"country": "CA", "region": "ON", "postal_code": "M5V 2T6"}

    with pytest.raises(InvalidInputError) as caught:
        accept(session, made, institution="", contact_name="", billing_address=abroad)

    assert {problem.pointer for problem in caught.value.errors} == {
        "#/institution",
        "#/contact_name",
        "#/billing_address/country",
    }


def test_acceptance_by_approver_is_recorded(session: Session) -> None:
    made = quote(session)
    approver = {"name": "Ben Dean", "title": "Dean", "email": "ben@example.edu"}
    url = approver_url(session, made, "Ben@example.edu", SETTINGS)
    (key,) = parse_qs(urlparse(url).query)["approver"]
    own = approver_url(session, made, made.email, SETTINGS)
    elsewhere = approver_url(session, made, "ben@example.com", SETTINGS)
    assert "approver=" not in own + elsewhere
    for forged in ("", key[:-1], key.replace("ben@", "eve@"), key.replace(made.number, "RQ-1")):
        with pytest.raises(InvalidInputError) as caught:
            accept(session, made, contact_name="", accepted_by=approver, approval=forged)
        assert [problem.pointer for problem in caught.value.errors] == ["#/accepted_by"]
    assert made.state is QuoteState.OPEN

    order = accept(session, made, contact_name="", accepted_by=approver, approval=key)

    assert made.accepted_by == approver
    assert not order.is_unconfirmed
    assert order.contact_name == "Ben Dean"
    assert order.email == "ada@example.edu"


@pytest.mark.parametrize(
    ("roles", "limit", "is_accepted"),
    [
        (None, None, False),  # an address without an account approves no more than the buyer may
        ([MemberRole.REQUESTER], None, False),
        ([MemberRole.APPROVER], 39799, False),
        ([MemberRole.APPROVER], 39800, True),
        ([MemberRole.LIBRARIAN], None, True),
    ],
)
def test_quote_over_the_buyers_limit_needs_an_approver_over_the_api_too(
    *,
    app: FastAPI,
    client: TestClient,
    session: Session,
    roles: list[MemberRole] | None,
    limit: int | None,
    is_accepted: bool,
) -> None:
    college = add_institution(session, "Example College", "example.edu")
    add_member(session, "ada@example.edu", college).spending_limit = 39799
    if roles is not None:
        add_member(session, "ben@example.edu", college, roles).spending_limit = limit
    made = quote(session)
    url = approver_url(session, made, "ben@example.edu", app.state.settings)
    (key,) = parse_qs(urlparse(url).query)["approver"]
    session.commit()
    address, headers = f"/api/v1/quotes/{made.number}/accept", {"x-quote-token": made.access_token}
    body = acceptance_json(made)

    refused = client.post(address, json=body, headers=headers)
    assert (refused.status_code, refused.json()["type"][-15:]) == (409, "approver-needed")
    approver = {"name": "Ben Dean", "email": "ben@example.edu"}
    body |= {"accepted_by": approver, "approval": key}
    answer = client.post(address, json=body, headers=headers)
    assert answer.status_code == (201 if is_accepted else 409), answer.text


def test_quote_is_valid_to_end_of_last_day_in_western_zone(session: Session) -> None:
    with time_machine.travel(datetime(2026, 12, 1, 12, tzinfo=UTC), tick=False):
        made = quote(session)
    # January 30 lasts until 10:00 UTC in Honolulu, and on the Aleutian Islands.
    assert made.valid_through.isoformat() == "2027-01-30"

    with (
        time_machine.travel(made.expires_at, tick=False),
        pytest.raises(QuoteNotOpenError, match="valid through January 30, 2027"),
    ):
        accept(session, made)
    with time_machine.travel(made.expires_at - timedelta(seconds=1), tick=False):
        assert accept(session, made).quote_number == made.number
    assert made.expires_at == datetime(2027, 1, 31, 10, tzinfo=UTC)


def test_quote_ends_when_term_no_longer_fits_rights(session: Session) -> None:
    last = clock.today() + timedelta(days=375)
    made = quote(session, factories.offer(session, delivery="file", rights_end=last))

    assert clock.today() <= made.valid_through < clock.today() + timedelta(days=15)


def test_concurrent_acceptances_place_one_order(
    sessions: sessionmaker[Session], client: TestClient
) -> None:
    with sessions.begin() as session:
        made = quote(session)
        number, body = made.number, acceptance_json(made)
        headers = {"X-Quote-Token": made.access_token}
    barrier = Barrier(4)

    def attempt(index: int) -> int:
        barrier.wait()
        response = client.post(
            f"/api/v1/quotes/{number}/accept",
            json=body | {"note": f"attempt {index}"},
            headers=headers,
        )
        return response.status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(attempt, range(4)))

    assert answers == [201, 409, 409, 409]
    with sessions() as session:
        order = session.scalars(select(Order)).one()
        assert order.quote_number == number
