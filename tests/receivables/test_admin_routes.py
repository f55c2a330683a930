"""Checks and transfers over the API."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.keys import Scope, create_key
from app.orders.acceptance import accept
from tests import factories
from tests.factories import STAFF

URL = "/api/v1/admin/payments"
Headers = dict[str, str]


@pytest.fixture
def biller(session: Session) -> Headers:
    made = create_key(session, label="Billing", scopes=(Scope.ORDERS_READ, Scope.BILLING_WRITE))
    session.commit()
    return {"Authorization": f"Bearer {made}"}


@pytest.fixture
def numbers(session: Session) -> list[str]:
    orders = [factories.order(session, po_number=f"PO-{n}") for n in range(2)]
    made = [accept(session, order, actor=STAFF).number for order in orders]
    session.commit()
    return sorted(made)  # as answers list them


def body(amount: int, *numbers: str, **changes: object) -> dict[str, object]:
    return {
        "payer": "State of New York",
        "number": "1001",
        "amount": {"amount": amount, "currency": "USD"},
        "deposit_reference": "DEP-114",
        "matches": [{"number": number} for number in numbers],
        **changes,
    }


def test_check_is_recorded_once_listed_and_voided(
    client: TestClient, session: Session, biller: Headers, numbers: list[str]
) -> None:
    reader = create_key(session, label="Reader", scopes=(Scope.ORDERS_READ, Scope.REFUNDS_WRITE))
    session.commit()
    request = body(100000, *numbers)
    denied = client.post(URL, json=request, headers={"Authorization": f"Bearer {reader}"})
    assert denied.status_code == 403

    headers = biller | {"Idempotency-Key": "check-1001"}
    answers = [client.post(URL, json=request, headers=headers) for _ in range(2)]
    answers.append(client.post(URL, json=request, headers=biller))
    assert [answer.status_code for answer in answers] == [201] * 3, answers[0].text
    receipt = answers[0].json()
    assert answers[1].json() == answers[2].json() == receipt
    assert receipt["unmatched"] == {"amount": 20400, "currency": "USD"}
    assert [match["order"] for match in receipt["matches"]] == numbers
    order = client.get(f"/api/v1/admin/orders/{numbers[0]}", headers=biller).json()
    assert order["payment_state"] == "paid"
    assert [payment["number"] for payment in order["payments"]] == ["1001"]

    listed = client.get(f"{URL}?q={numbers[1].lower()}&unmatched=true", headers=biller).json()
    assert [item["number"] for item in listed["items"]] == [receipt["number"]]
    assert client.get(f"{URL}?unmatched=false", headers=biller).json()["items"] == []

    one = f"{URL}/{receipt['number']}"
    match = receipt["matches"][0]["id"]
    undone = client.post(f"{one}/matches/{match}/undo", json={"reason": "no"}, headers=biller)
    assert undone.json()["unmatched"]["amount"] == 60200
    again = client.post(
        f"{one}/matches", json={"matches": [{"number": numbers[0]}]}, headers=biller
    )
    assert again.json()["unmatched"]["amount"] == 20400
    refund = {"amount": {"amount": 400, "currency": "USD"}, "number": "9", "reason": "Too much"}
    assert client.post(f"{one}/refunds", json=refund, headers=biller).status_code == 200
    void = client.post(f"{one}/void", json={"reason": "mistake"}, headers=biller)
    assert (void.status_code, void.json()["type"]) == (409, "receipt-refunded")
    assert client.get(f"{URL}/RC-NONE", headers=biller).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount": {"amount": 0, "currency": "USD"}}, "#/amount/amount"),
        ({"amount": {"amount": 10**11, "currency": "USD"}}, "#/amount/amount"),
        ({"amount": {"amount": 100, "currency": "XXX"}}, "#/amount/currency"),
        ({"amount": {"amount": 100, "currency": "EUR"}}, "#/matches/0/number"),
        ({"method": "card"}, "#/method"),
        ({"number": "-"}, "#/number"),
        ({"received_on": "2999-01-01"}, "#/received_on"),
        ({"institution": "IN-NONE"}, "#/institution"),
        ({"matches": [{"number": "RR-00000000"}]}, "#/matches/0/number"),
    ],
)
def test_invalid_check_points_at_field(
    client: TestClient,
    biller: Headers,
    numbers: list[str],
    change: dict[str, object],
    pointer: str,
) -> None:
    answer = client.post(URL, json=body(39800, numbers[0]) | change, headers=biller)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert client.get(URL, headers=biller).json()["items"] == []
