"""Quotes that staff make over the API, with agreed prices that the accepted order keeps."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.keys import Scope, create_key
from app.accounts.models import AuditEntry
from app.core import clock
from app.core.email_outbox import emails_for
from app.offers.models import RightsWindow
from app.quotes.models import Quote
from tests import factories

URL = "/api/v1/admin/quotes"
BUYER = {"class": "college", "size": 4200, "email": "ada@example.edu"}
AGREED = {"unit_amount": 36000, "price_reason": "Loyal buyer"}


@pytest.fixture
def key(session: Session) -> dict[str, str]:
    made = create_key(session, label="ERP", scopes=(Scope.ORDERS_READ, Scope.ORDERS_WRITE))
    session.commit()
    return {"Authorization": f"Bearer {made}"}


def test_staff_quote_keeps_agreed_price_through_acceptance(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    offer = factories.offer(session)
    session.commit()
    body = {
        "lines": [{"offer": offer.sku} | AGREED],
        "buyer": BUYER,
        "charges": [{"description": "Captioning", "amount": 5000}],
    }
    headers = key | {"Idempotency-Key": "one"}

    first, second = (client.post(URL, json=body, headers=headers) for _ in range(2))

    assert (first.status_code, first.json()) == (201, second.json())
    number = first.json()["number"]
    assert first.json()["total"]["amount"] == 41000
    assert first.json()["lines"][0]["list_unit"]["amount"] == 39800
    assert [email.kind for email in emails_for(session, number)] == ["quote"]
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "quote.price_agreed")
    ).one()
    assert (entry.object_ref, entry.reason) == (number, "Loyal buyer")

    quote = session.scalars(select(Quote)).one()
    draft = factories.draft_json(session, offer.sku)
    session.commit()
    accepted = client.post(
        f"/api/v1/quotes/{number}/accept",
        headers={"x-quote-token": quote.access_token},
        json={
            "institution": "Example College",
            "contact_name": "Ada Reader",
            "billing_address": draft["billing_address"],
            "shipping_address": draft["shipping_address"],
            "accepted_texts": draft["accepted_texts"],
            "po_number": "PO-7",
        },
    )

    assert accepted.status_code in {200, 201}, accepted.text
    order = client.get(f"/api/v1/admin/orders/{accepted.json()['number']}", headers=key).json()
    [agreed] = order["agreed_prices"]
    assert (agreed["unit"]["amount"], agreed["reason"], agreed["agreed_by"]) == (
        36000,
        "Loyal buyer",
        "ERP",
    )
    assert order["total"]["amount"] == 41000


@pytest.mark.parametrize(
    ("line", "changes", "pointer"),
    [
        ({"unit_amount": 0}, {"approved_by": None}, "#/lines/0/price_reason"),
        ({"unit_amount": 100, "price_reason": "x"}, {}, "#/approved_by"),
        ({}, {"buyer": BUYER | {"class": "hospital"}}, "#/lines/0/offer"),
        ({}, {"valid_through": "2020-01-01"}, "#/valid_through"),
        ({}, {"institution_ref": "IN-NOPE"}, "#/institution_ref"),
    ],
)
def test_staff_quote_that_breaks_a_rule_names_the_field(  # noqa: PLR0917 - a table
    session: Session,
    client: TestClient,
    key: dict[str, str],
    line: dict[str, Any],
    changes: dict[str, Any],
    pointer: str,
) -> None:
    offer = factories.offer(session)
    session.commit()
    body = {"lines": [{"offer": offer.sku} | line], "buyer": BUYER} | changes

    answer = client.post(URL, json=body, headers=key)

    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}
    assert session.scalar(select(func.count()).select_from(Quote)) == 0


def test_staff_quote_outside_rights_window_is_refused(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    offer = factories.offer(session)
    for window in session.query(RightsWindow).filter_by(film_id=offer.film_id):
        window.ends_on = clock.today() - timedelta(days=1)
    session.commit()
    body = {"lines": [{"offer": offer.sku} | AGREED], "buyer": BUYER}

    answer = client.post(URL, json=body, headers=key)

    assert {error["pointer"] for error in answer.json()["errors"]} == {"#/lines/0/offer"}


def test_staff_quote_requires_scope(session: Session, client: TestClient) -> None:
    weak = create_key(session, label="Reader", scopes=(Scope.ORDERS_READ,))
    offer = factories.offer(session)
    session.commit()
    body = {"lines": [{"offer": offer.sku}], "buyer": BUYER}

    answers = [
        client.post(URL, json=body, headers=headers)
        for headers in ({}, {"Authorization": f"Bearer {weak}"})
    ]

    assert [answer.status_code for answer in answers] == [401, 403]
