"""The API of quotes, for buyers and for staff."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.keys import create_key
from app.accounts.permissions import Scope
from app.core import clock
from app.core.email_outbox import emails_for
from app.quotes.service import expire_quotes, send_expiry_notices
from tests import factories
from tests.emails import text_of
from tests.quotes.quote_factories import acceptance_json, quote, quote_json

API = "/api/v1/quotes"


def staff_key(session: Session, *scopes: Scope) -> dict[str, str]:
    made = create_key(session, label="Test", scopes=scopes)
    session.commit()
    return {"Authorization": f"Bearer {made}"}


def post_quote(client: TestClient, *skus: str, **changes: object) -> dict[str, Any]:
    response = client.post(API, json=quote_json(*skus, **changes))
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_quote_by_api_becomes_order(session: Session, client: TestClient) -> None:
    sku = factories.offer(session).sku
    session.commit()

    made = post_quote(client, sku)
    headers = {"X-Quote-Token": made["token"]}
    body = {
        "billing_address": factories.ADDRESS,
        "shipping_address": factories.ADDRESS,
        "institution": "Example College",
        "contact_name": "Ada Reader",
        "po_number": "PO-1",
        "accepted_texts": [
            {"code": text["code"], "version": text["version"], "sha256": text["sha256"]}
            for text in made["license_texts"]
        ],
    }
    order = client.post(f"{API}/{made['number']}/accept", json=body, headers=headers).json()
    after = client.get(f"{API}/{made['number']}", headers=headers).json()

    assert made["number"].startswith("RQ-")
    assert made["total"] == {"amount": 39800, "currency": "USD"}
    assert (clock.today() + timedelta(days=58)).isoformat() < made["valid_through"]
    assert made["documents"][0]["url"].endswith(f"{made['number']}.pdf?token={made['token']}")
    assert order["quote_number"] == made["number"]
    assert order["total"] == made["total"]
    assert (after["state"], after["order_number"]) == ("accepted", order["number"])
    assert not after["can_be_accepted"]


def test_wrong_token_is_not_found(session: Session, client: TestClient) -> None:
    made = quote(session)
    number, body = made.number, acceptance_json(made)
    session.commit()

    for headers in ({}, {"X-Quote-Token": "x"}):
        assert client.get(f"{API}/{number}", headers=headers).status_code == 404
        answer = client.post(f"{API}/{number}/accept", json=body, headers=headers)
        assert answer.status_code == 404
    assert client.get(f"/quotes/{number}?token=x").status_code == 404
    assert client.get(f"/quotes/{number}.pdf?token=x").status_code == 404
    assert client.get(f"/quotes/{number}/accept?token=x").status_code == 404


def test_repeated_request_without_key_of_api_hides_token(
    session: Session, client: TestClient
) -> None:
    sku = factories.offer(session).sku
    session.commit()
    key = {"Idempotency-Key": "once"}

    first = client.post(API, json=quote_json(sku), headers=key).json()
    again = client.post(API, json=quote_json(sku), headers=key).json()

    assert first["number"] == again["number"]
    assert again["token"] is None
    assert first["token"] not in str(again)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"lines": [{"offer": "no-such-offer"}]}, "#/lines/0/offer"),
        ({"lines": []}, "#/lines"),
        ({"buyer": {"class": "college", "email": "nobody"}}, "#/buyer/email"),
        ({"billing_address": factories.ADDRESS}, "#/billing_address"),
    ],
)
def test_bad_quote_names_field(
    session: Session, client: TestClient, changes: dict[str, Any], pointer: str
) -> None:
    sku = factories.offer(session).sku
    session.commit()

    response = client.post(API, json=quote_json(sku, **changes))

    assert response.status_code == 422
    assert pointer in {error["pointer"] for error in response.json()["errors"]}


def test_revised_quotes_form_chain(session: Session, client: TestClient) -> None:
    sku = factories.offer(session).sku
    session.commit()
    first = post_quote(client, sku)
    old = {"number": first["number"], "token": first["token"]}

    second = post_quote(client, sku, supersedes=old)
    again = client.post(API, json=quote_json(sku, supersedes=old))
    forged = client.post(API, json=quote_json(sku, supersedes=old | {"token": "x"}))
    shown = client.get(f"{API}/{first['number']}", headers={"X-Quote-Token": first["token"]}).json()

    assert (second["revision"], second["supersedes"]) == (2, first["number"])
    assert (shown["state"], shown["superseded_by"]) == ("superseded", second["number"])
    assert again.status_code == 409
    assert second["number"] in again.json()["detail"]
    assert forged.status_code == 404
    page = client.get(f"/quotes/{first['number']}?token={first['token']}").text
    assert f"/quotes/{second['number']}?token={second['token']}" in page


def test_expiry_and_its_notice_happen_once(session: Session) -> None:
    made = quote(session)
    session.commit()
    start = clock.now()

    def kinds_at(days: int) -> list[str]:
        with time_machine.travel(start + timedelta(days=days), tick=False):
            while send_expiry_notices(session) or expire_quotes(session):
                pass
        return [email.kind for email in emails_for(session, made.number)]

    assert kinds_at(50) == ["quote"]
    assert kinds_at(55) == ["quote", "quote-expiring"]
    assert kinds_at(56) == ["quote", "quote-expiring"]
    assert made.state == "open"
    kinds_at(62)
    assert made.state == "expired"


def test_staff_extend_and_withdraw_with_reason(session: Session, client: TestClient) -> None:
    made = quote(session)
    number, before = made.number, made.valid_through
    session.commit()
    reader = staff_key(session, Scope.ORDERS_READ)
    seller = staff_key(session, Scope.ORDERS_READ, Scope.ORDERS_WRITE)
    later = (before + timedelta(days=10)).isoformat()
    admin = f"/api/v1/admin/quotes/{number}"
    body = {"valid_through": later, "reason": "The board meets late"}

    assert client.get("/api/v1/admin/quotes").status_code == 401
    listed = client.get("/api/v1/admin/quotes?state=open&q=ada@", headers=reader).json()
    assert [row["number"] for row in listed["items"]] == [number]
    assert client.post(f"{admin}/extend", json=body, headers=reader).status_code == 403
    extended = client.post(f"{admin}/extend", json=body, headers=seller).json()
    shorter = client.post(
        f"{admin}/extend", json=body | {"valid_through": before.isoformat()}, headers=seller
    )
    withdrawn = client.post(f"{admin}/withdraw", json={"reason": "A claim"}, headers=seller).json()
    session.expire_all()

    assert extended["valid_through"] == later
    assert [error["pointer"] for error in shorter.json()["errors"]] == ["#/valid_through"]
    assert (withdrawn["state"], withdrawn["close_reason"]) == ("withdrawn", "A claim")
    assert [entry["action"] for entry in withdrawn["thread"]] == [
        "quote.created",
        "quote.extended",
        "quote.state.withdrawn",
    ]
    assert "A claim" in text_of(emails_for(session, number)[-1])
