from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from app.accounts.keys import Scope, create_key
from app.core import clock
from app.orders.models import Order
from tests import factories

ALL = (Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.FULFILLMENT_WRITE)


@pytest.fixture
def key(session: Session) -> dict[str, str]:
    made = create_key(session, label="Test", scopes=ALL)
    session.commit()
    return {"Authorization": f"Bearer {made}"}


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that run meanwhile."""
    seen: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def numbers(answer: Any) -> list[str]:  # noqa: ANN401 - a response
    assert answer.status_code == 200, answer.text
    return [item["number"] for item in answer.json()["items"]]


@pytest.mark.parametrize("scopes", [None, (Scope.CATALOG_WRITE,)])
def test_staff_endpoints_require_scope(
    session: Session, client: TestClient, scopes: tuple[Scope, ...] | None
) -> None:
    order = factories.order(session)
    headers = {}
    if scopes:
        headers["Authorization"] = f"Bearer {create_key(session, label='x', scopes=scopes)}"
    session.commit()
    url = f"/api/v1/admin/orders/{order.number}"

    answers = [
        client.get("/api/v1/admin/orders", headers=headers),
        client.get(url, headers=headers),
        client.post(f"{url}/accept", json={"po_number": "P"}, headers=headers),
        client.post(f"{url}/cancel", json={"reason": "x"}, headers=headers),
        client.post(f"{url}/ship", json={"carrier": "ups"}, headers=headers),
        client.post(f"{url}/note", json={"body": "x"}, headers=headers),
    ]

    assert {answer.status_code for answer in answers} == {403 if scopes else 401}
    session.refresh(order)
    assert factories.states(order) == ("submitted", "unpaid", "none")
    assert order.notes == []


def test_orders_are_listed_newest_first_and_paged(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    offer = factories.offer(session)
    placed = [factories.order(session, offer).number for _ in range(5)]
    session.commit()

    found: list[str] = []
    cursor = None
    while True:
        params: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/api/v1/admin/orders", params=params, headers=key)
        found += numbers(answer)
        cursor = answer.json()["next"]
        if cursor is None:
            break

    assert found == placed[::-1]


def test_orders_are_filtered(session: Session, client: TestClient, key: dict[str, str]) -> None:
    offer = factories.offer(session)
    plain = factories.order(session, offer)
    with_po = factories.order(session, offer, po_number="PO-99_x")
    paid = factories.pay(session, factories.order(session, offer), reference="pi_abc")
    session.commit()

    def listed(**params: str) -> list[str]:
        return numbers(client.get("/api/v1/admin/orders", params=params, headers=key))

    assert listed(payment_state="paid") == [paid.number]
    assert listed(state="submitted") == [with_po.number, plain.number]
    assert listed(attention="true") == [with_po.number]
    assert listed(attention="false") == [paid.number, plain.number]
    assert listed(to_ship="true") == [paid.number]
    assert listed(fulfillment_state="fulfilled") == []
    assert listed(q="po-99_") == [with_po.number]
    assert listed(q="po-99%") == []
    assert listed(q="PI_ABC") == [paid.number]
    assert listed(q=plain.number[:9].lower()) == [plain.number]
    assert len(listed(q="example college")) == 3
    assert len(listed(q=offer.sku)) == 3


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"state": "lost"}, "?/state"),
        ({"cursor": "nonsense"}, "?/cursor"),
        ({"cursor": "WyJ4IiwxXQ=="}, "?/cursor"),
        ({"limit": "0"}, "?/limit"),
        ({"sate": "x"}, "?/sate"),
    ],
)
def test_a_bad_filter_is_refused(
    client: TestClient, key: dict[str, str], params: dict[str, str], pointer: str
) -> None:
    answer = client.get("/api/v1/admin/orders", params=params, headers=key)

    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]


def test_list_of_fifty_orders_takes_queries_of_one(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    offer = factories.offer(session)
    engine = session.get_bind().engine
    made = 0
    counts = []
    for target in (1, 12):
        while made < target:
            factories.paid_order(session, offer)
            made += 1
        session.commit()
        client.get("/api/v1/admin/orders", headers=key)
        with counted(engine) as seen:
            assert len(numbers(client.get("/api/v1/admin/orders", headers=key))) == target
        counts.append(len([s for s in seen if s.startswith("SELECT")]))

    assert counts[0] == counts[1]
    assert counts[1] <= 12


def test_order_goes_from_po_to_shipment(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    order = factories.order(session)
    session.commit()
    url = f"/api/v1/admin/orders/{order.number}"

    accepted = client.post(f"{url}/accept", json={"po_number": "PO-5"}, headers=key)
    noted = client.post(f"{url}/note", json={"body": "They are in a hurry."}, headers=key)
    shipped = client.post(f"{url}/ship", json={"carrier": "usps", "tracking": "9400"}, headers=key)
    again = client.post(f"{url}/ship", json={"carrier": "usps"}, headers=key)
    canceled = client.post(f"{url}/cancel", json={"reason": "x"}, headers=key)

    assert (accepted.status_code, noted.status_code, shipped.status_code) == (200, 200, 200)
    assert accepted.json()["lines"][0]["license"]["status"] == "active"
    assert [note["body"] for note in noted.json()["notes"]] == ["They are in a hurry."]
    body = shipped.json()
    assert body["fulfillment_state"] == "fulfilled"
    assert body["shipments"][0]["tracking_url"].endswith("=9400")
    assert (again.status_code, again.json()["type"]) == (409, "nothing-to-ship")
    assert (canceled.status_code, canceled.json()["type"]) == (409, "order-closed")
    actions = [item["action"] for item in body["thread"]]
    assert actions == [
        "order.placed",
        "order.po_number_added",
        "order.state.accepted",
        "license.granted",
        "shipment.state.shipped",
        "order.fulfillment_state.fulfilled",
    ]
    assert {item["actor"] for item in body["thread"][1:]} == {"Test"}


def test_ship_with_duplicate_line_is_refused(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    order = factories.pay(session, factories.order(session, quantity=3))
    session.commit()
    lines = [{"line": 1, "quantity": 2}, {"line": 1, "quantity": 1}]

    answer = client.post(
        f"/api/v1/admin/orders/{order.number}/ship",
        json={"carrier": "usps", "lines": lines},
        headers=key,
    )

    assert (answer.status_code, answer.json()["type"]) == (422, "invalid-input")
    assert answer.json()["errors"] == [
        {"pointer": "#/lines/1/line", "detail": "Enter each line once."}
    ]
    session.refresh(order, ["shipments"])
    assert [(s.state, s.lines) for s in order.shipments] == [
        ("pending", [{"line": 1, "quantity": 3}])
    ]


def test_actions_report_missing_fields(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    order = factories.paid_order(session)
    unpaid = factories.order(session)
    session.commit()

    def post(number: str, action: str, body: dict[str, Any]) -> tuple[int, str, list[str]]:
        answer = client.post(f"/api/v1/admin/orders/{number}/{action}", json=body, headers=key)
        told = answer.json()
        return answer.status_code, told["type"], [p["pointer"] for p in told["errors"]]

    assert post(unpaid.number, "accept", {}) == (422, "invalid-input", ["#/po_number"])
    assert post(order.number, "ship", {}) == (422, "invalid-input", ["#/carrier"])
    assert post(order.number, "cancel", {}) == (422, "invalid-input", ["#/reason"])
    assert post(order.number, "cancel", {"reason": "x"}) == (409, "refund-first", [])
    assert post("RR-00000000", "cancel", {"reason": "x"}) == (404, "not-found", [])
    assert post(order.number, "note", {"body": " "}) == (422, "invalid-input", ["#/body"])


def test_staff_order_shows_refundable_and_issues(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    order: Order = factories.order(session)
    factories.pay(session, order, amount=40000)
    session.commit()

    body = client.get(f"/api/v1/admin/orders/{order.number}", headers=key).json()

    assert body["refundable"] == {
        "1": {"amount": 39800, "currency": "USD"},
        "overpayment": {"amount": 200, "currency": "USD"},
    }
    assert [(c["code"], c["cleared_at"]) for c in body["attention"]] == [("amount_mismatch", None)]
    assert [p["amount"]["amount"] for p in body["payments"]] == [40000]


@pytest.fixture
def finance(session: Session) -> dict[str, str]:
    made = create_key(session, label="Finance", scopes=(Scope.ORDERS_READ, Scope.BILLING_WRITE))
    session.commit()
    return {"Authorization": f"Bearer {made}"}


def test_check_is_recorded_once_and_voided(
    session: Session, client: TestClient, finance: dict[str, str], key: dict[str, str]
) -> None:
    order = factories.order(session)
    session.commit()
    url = f"/api/v1/admin/orders/{order.number}/payments"
    body = {"amount": {"amount": 39800, "currency": "USD"}, "method": "check", "number": "1001"}
    assert client.post(url, json=body, headers=key).status_code == 403

    answers = [client.post(url, json=body, headers=finance) for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json()["payment_state"] == "paid"
    (payment,) = answers[1].json()["payments"]
    assert (payment["number"], payment["method"]) == ("1001", "check")

    void = f"{url}/{payment['id']}/void"
    answer = client.post(void, json={"reason": "another order's"}, headers=finance)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["payment_state"], answer.json()["payments"]) == ("unpaid", [])
    assert answer.json()["holds"]
    assert client.post(void, json={"reason": "again"}, headers=finance).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount": {"amount": 0, "currency": "USD"}}, "#/amount/amount"),
        ({"amount": {"amount": 100, "currency": "EUR"}}, "#/amount/currency"),
        ({"amount": {"amount": 100.5, "currency": "USD"}}, "#/amount/amount"),
        ({"method": "card"}, "#/method"),
        ({"number": " "}, "#/number"),
        ({"received_on": "2999-01-01"}, "#/received_on"),
    ],
)
def test_invalid_check_points_at_field(
    session: Session,
    client: TestClient,
    finance: dict[str, str],
    change: dict[str, object],
    pointer: str,
) -> None:
    order = factories.order(session)
    session.commit()
    body = {"amount": {"amount": 39800, "currency": "USD"}, "number": "1001"} | change
    answer = client.post(
        f"/api/v1/admin/orders/{order.number}/payments", json=body, headers=finance
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_orders_are_filtered_by_day_placed(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    days = [datetime(2026, 3, day, 23, 59, 59, tzinfo=UTC) for day in (1, 2, 3)]
    made = []
    for day in days:
        order = factories.order(session)
        order.created_at = day
        made.append(order.number)
    session.commit()

    def listed(query: str) -> list[str]:
        return numbers(client.get(f"/api/v1/admin/orders?{query}", headers=key))

    assert listed("placed_from=2026-03-02") == made[:0:-1]
    assert listed("placed_to=2026-03-02") == made[1::-1]
    assert listed("placed_from=2026-03-02&placed_to=2026-03-02") == [made[1]]
    assert listed("placed_from=2026-03-02&placed_to=9999-12-31") == made[:0:-1]
    assert client.get("/api/v1/admin/orders?placed_to=0", headers=key).status_code == 422
    answer = client.get("/api/v1/admin/orders?placed_from=yesterday", headers=key)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "?/placed_from"


def test_licenses_are_listed_filtered_and_read(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    orders = [factories.paid_order(session) for _ in range(3)]
    licenses = [order.lines[0].license for order in orders]
    ended = licenses[0]
    assert ended is not None
    ended.starts_on = clock.today() - timedelta(days=9)
    ended.ends_on = clock.today() - timedelta(days=3)  # the hourly job has not seen it yet
    session.commit()
    known = [each.number for each in licenses if each]

    def listed(query: str) -> list[str]:
        return numbers(client.get(f"/api/v1/admin/licenses?{query}", headers=key))

    assert listed("") == known[::-1]
    first = client.get("/api/v1/admin/licenses?limit=2", headers=key).json()
    assert listed(f"cursor={first['next']}") == [known[0]]
    assert listed("status=expired") == [known[0]]
    assert listed("status=active") == known[:0:-1]
    assert listed(f"order_number={orders[1].number}") == [known[1]]
    assert listed(f"q={orders[2].lines[0].film_title}") == [known[2]]
    # The day of a grant is the licensee's, which may be that before in UTC.
    assert listed(f"granted_to={clock.today() - timedelta(days=2)}") == []
    assert client.get("/api/v1/admin/licenses?granted_to=0", headers=key).status_code == 422
    assert listed(f"ends_to={clock.today()}") == [known[0]]

    one = client.get(f"/api/v1/admin/licenses/{known[0].lower()}", headers=key)
    assert (one.json()["status"], one.json()["order_number"]) == ("expired", orders[0].number)
    assert client.get("/api/v1/admin/licenses/RL-00000000", headers=key).status_code == 404
    assert client.get("/api/v1/admin/licenses").status_code == 401
