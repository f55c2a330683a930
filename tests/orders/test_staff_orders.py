"""Orders that staff enter for a buyer, over the API: the checks of any order, and agreed prices."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.keys import Scope, create_key
from app.accounts.models import AuditEntry
from app.accounts.permissions import Role
from app.accounts.staff import create_staff
from app.core import clock
from app.core.email_outbox import emails_for
from app.core.numbers import new_number
from app.core.text import normalize_key
from app.institutions.models import Institution
from app.offers.models import Offer, RightsWindow
from app.orders.models import Order
from tests import factories
from tests.emails import text_of
from tests.factories import STAFF

URL = "/api/v1/admin/orders"
APPROVER = "finley@example.org"


@pytest.fixture
def key(session: Session) -> dict[str, str]:
    made = create_key(session, label="ERP", scopes=(Scope.ORDERS_READ, Scope.ORDERS_WRITE))
    for email, role in ((APPROVER, Role.FINANCE), ("sam@example.org", Role.SALES)):
        create_staff(
            session,
            email=email,
            name=email.partition("@")[0].title(),
            password="a long enough password",
            roles=[role],
            actor=STAFF,
        )
    session.commit()
    return {"Authorization": f"Bearer {made}"}


def draft(
    session: Session, *offers: Offer, line: dict[str, Any] | None = None, **changes: object
) -> dict[str, Any]:
    """Return a staff order on terms that breaks no rule; ``line`` changes its first line."""
    body = factories.draft_json(session, *(offer.sku for offer in offers))
    body |= {
        "po_number": "PO-7",
        "texts_accepted_by": "purchase_order",
        "payment": "terms",
    } | changes
    body["lines"][0] |= line or {}
    session.commit()
    return body


def pointers(answer: Any) -> set[str]:  # noqa: ANN401 - a response
    assert answer.status_code == 422, answer.text
    return {error["pointer"] for error in answer.json()["errors"]}


def test_staff_order_on_terms_is_accepted_with_agreed_price(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    offer, other = factories.offer(session, amount=39800), factories.offer(session, amount=10000)
    body = draft(
        session,
        offer,
        other,
        line={"unit_amount": 29800, "price_reason": "Consortium discount", "quantity": 2},
        charges=[{"description": "Captioning", "amount": 5000}],
        approved_by=APPROVER,
        terms_days=45,
        purchase_order={"ap_name": "Accounts Payable", "ap_email": "ap@example.edu"},
    )

    answer = client.post(URL, json=body, headers=key)

    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert (order["state"], order["payment_state"]) == ("accepted", "unpaid")
    assert order["due_on"] == (clock.today("America/New_York") + timedelta(days=45)).isoformat()
    assert order["total"]["amount"] == 2 * 29800 + 10000 + 5000
    assert [line["list_unit"] for line in order["lines"]] == [
        {"amount": 39800, "currency": "USD"},
        None,
    ]
    [agreed] = order["agreed_prices"]
    assert (agreed["reason"], agreed["approved_by"], agreed["agreed_by"]) == (
        "Consortium discount",
        "Finley",
        "ERP",
    )
    assert "Agreed price (list price $398.00)" in [
        step["label"] for step in order["lines"][0]["price_explanation"]
    ]
    assert all(line["license"] for line in order["lines"])
    purchase_order = order["purchase_order"]
    assert (purchase_order["ap_name"], purchase_order["ap_email"]) == (
        "Accounts Payable",
        "ap@example.edu",
    )
    assert {(text["accepted_by"], text["recorded_by"]) for text in order["accepted_texts"]} == {
        ("purchase_order", "ERP")
    }
    kinds = [email.kind for email in emails_for(session, order["number"])]
    assert kinds == ["invoice-issued", "order-accepted"]
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "order.price_agreed")
    ).one()
    assert (entry.before or {})["amount"] == 39800
    assert (entry.after or {})["approved_by"] == "Finley"
    assert entry.reason == "Consortium discount"


def test_staff_order_with_link_emails_buyer_at_once(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    body = draft(
        session, factories.offer(session), payment="link", texts_accepted_by="email", po_number=None
    )

    order = client.post(URL, json=body, headers=key).json()

    [email] = emails_for(session, order["number"])
    assert email.kind == "order-received"
    assert email.next_attempt_at is not None
    assert email.next_attempt_at <= clock.now()
    text = text_of(email)
    assert f"We entered order {order['number']}" in text
    assert order["url"] in text
    assert (order["state"], order["can_be_paid"]) == ("submitted", True)


def close_rights(session: Session, offer: Offer) -> None:
    for window in session.query(RightsWindow).filter_by(film_id=offer.film_id):
        window.ends_on = clock.today() - timedelta(days=1)
    session.commit()


def test_staff_order_outside_rights_window_is_refused(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    offer = factories.offer(session)
    body = draft(session, offer, line={"unit_amount": 39800})
    close_rights(session, offer)

    assert pointers(client.post(URL, json=body, headers=key)) == {"#/lines/0/offer"}


HOSPITAL = {
    "institution": "Mercy",
    "class": "hospital",
    "size": 10,
    "contact_name": "Ada",
    "email": "ada@example.edu",
}


@pytest.mark.parametrize(
    ("breach", "pointer"),
    [
        (({}, {"buyer": HOSPITAL}), "#/lines/0/offer"),
        (({"unit_amount": 0}, {"approved_by": APPROVER}), "#/lines/0/price_reason"),
        (({"unit_amount": 39000}, {}), "#/lines/0/price_reason"),
        (({"unit_amount": 45000}, {}), "#/lines/0/price_reason"),
        (({"unit_amount": 31839, "price_reason": "x"}, {}), "#/approved_by"),
        (({"unit_amount": 0, "price_reason": "x"}, {}), "#/approved_by"),
        (({}, {"approved_by": "sam@example.org"}), "#/approved_by"),
        (({}, {"approved_by": "nobody@example.org"}), "#/approved_by"),
        (({}, {"po_number": None, "texts_accepted_by": "email"}), "#/po_number"),
        (({}, {"po_number": None, "payment": "link"}), "#/po_number"),
        (({}, {"payment": "link", "terms_days": 45}), "#/terms_days"),
        (({}, {"institution_ref": "IN-NOPE"}), "#/institution_ref"),
        (({}, {"accepted_texts": []}), "#/accepted_texts"),
        (({}, {"shipping_address": None}), "#/shipping_address"),
        (({"unit_amount": -1}, {}), "#/lines/0/unit_amount"),
        (({"expected_amount": 1}, {}), "#/lines/0/expected_amount"),
        (({}, {"texts_accepted_by": "buyer"}), "#/texts_accepted_by"),
        (({}, {"charges": [{"description": "x", "amount": 0}]}), "#/charges/0/amount"),
    ],
)
def test_staff_order_that_breaks_a_rule_names_the_field(
    session: Session,
    client: TestClient,
    key: dict[str, str],
    breach: tuple[dict[str, Any], dict[str, Any]],
    pointer: str,
) -> None:
    line, changes = breach
    body = draft(session, factories.offer(session), line=line, **changes)

    assert pointers(client.post(URL, json=body, headers=key)) == {pointer}
    assert session.scalar(select(func.count()).select_from(Order)) == 0


@pytest.mark.parametrize("amount", [31840, 39800])
def test_discount_up_to_the_limit_needs_no_approver(
    session: Session, client: TestClient, key: dict[str, str], amount: int
) -> None:
    line = {"unit_amount": amount, "price_reason": "Loyal buyer"}
    body = draft(session, factories.offer(session), line=line)

    answer = client.post(URL, json=body, headers=key)

    assert answer.status_code == 201, answer.text
    assert len(answer.json()["agreed_prices"]) == (amount != 39800)


def test_complimentary_order_is_licensed_without_payment(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    line = {"unit_amount": 0, "price_reason": "Jury member"}
    body = draft(session, factories.offer(session), line=line, approved_by=APPROVER)

    order = client.post(URL, json=body, headers=key).json()

    assert (order["total"]["amount"], order["payment_state"]) == (0, "paid")
    assert order["lines"][0]["license"] is not None


def test_staff_order_belongs_to_institution(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    institution = Institution(
        ref=new_number("IN"),
        name="Example College",
        name_key=normalize_key("Example College"),
        customer_class="college",
        size=4200,
        country="US",
        verified_at=clock.now(),
    )
    session.add(institution)
    session.flush()
    body = draft(session, factories.offer(session), institution_ref=institution.ref.lower())

    number = client.post(URL, json=body, headers=key).json()["number"]

    order = session.scalars(select(Order).where(Order.number == number)).one()
    assert (order.institution_id, order.class_verified) == (institution.id, True)


def test_concurrent_duplicates_place_one_order(
    session: Session,
    sessions: sessionmaker[Session],
    client: TestClient,
    key: dict[str, str],
) -> None:
    body = draft(session, factories.offer(session))
    headers = key | {"Idempotency-Key": "po-7"}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(URL, json=body, headers=headers), range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    with sessions() as other:
        assert other.scalar(select(func.count()).select_from(Order)) == 1


def test_staff_order_requires_scope(session: Session, client: TestClient) -> None:
    weak = create_key(session, label="Reader", scopes=(Scope.ORDERS_READ,))
    body = draft(session, factories.offer(session))

    answers = [
        client.post(URL, json=body, headers=headers)
        for headers in ({}, {"Authorization": f"Bearer {weak}"})
    ]

    assert [answer.status_code for answer in answers] == [401, 403]
