"""PDFs of purchase orders, their comparison with the order, and what staff decide."""

import io

import pikepdf
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from app.accounts.keys import Scope, create_key
from app.billing.purchase_order_comparison import find_differences
from app.billing.purchase_order_errors import PurchaseOrderClosedError, PurchaseOrderDiffersError
from app.billing.states import PurchaseOrderState
from app.console.queue_routes import find_tasks
from app.core.email_outbox import emails_for
from app.orders.acceptance import accept
from app.orders.cancellation import cancel
from app.orders.models import Order
from app.orders.purchase_order_review import (
    compare_purchase_order,
    counter_purchase_order,
    ordered_facts,
    reject_purchase_order,
)
from app.orders.purchase_order_schemas import CompareIn, StatedLineIn
from app.orders.purchase_order_statements import read_statement
from app.orders.queries import get_order_by_number
from app.orders.states import IssueCode, OrderState
from tests import factories
from tests.factories import STAFF
from tests.orders.test_purchase_orders import codes


def pdf(pages: int = 1) -> bytes:
    """Return a PDF whose bytes depend on ``pages``."""
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page()
    file = io.BytesIO()
    document.save(file, deterministic_id=True)
    return file.getvalue()


def send(
    client: TestClient, number: str, data: bytes, *, headers: dict[str, str], **fields: str
) -> Response:
    path = f"/api/v1/orders/{number}/purchase-order/files"
    if "Authorization" in headers:
        path = path.replace("/v1/", "/v1/admin/")
    files = {"file": ("PO <7>.pdf", data, "application/pdf")}
    return client.post(path, files=files, data=fields, headers=headers)


@pytest.fixture
def key(session: Session) -> dict[str, str]:
    made = create_key(session, label="Test", scopes=(Scope.ORDERS_READ, Scope.ORDERS_WRITE))
    session.commit()
    return {"Authorization": f"Bearer {made}"}


def waiting(session: Session) -> list[str]:
    """Return the orders that wait for a corrected purchase order in the queue of staff."""
    tasks = find_tasks(session, scopes=frozenset())
    return [task.number for task in tasks if task.reason.startswith("Waiting for the buyer")]


def say(session: Session, order: Order, **changes: object) -> None:
    """Compare with what a purchase order says of line 1 where it differs."""
    body = CompareIn(lines=[StatedLineIn.model_validate({"line": 1} | changes)] if changes else [])
    stated = read_statement(ordered_facts(order), body)
    compare_purchase_order(session, order, stated, actor=STAFF)


def test_uploaded_pdf_is_kept_for_holders_only(session: Session, client: TestClient) -> None:
    order = factories.order(session, po_number="PO-7")
    number, headers = order.number, {"X-Order-Token": order.access_token}
    session.commit()
    data = pdf()

    stranger = send(client, number, data, headers={"X-Order-Token": "x"})
    sent = send(client, number, data, headers=headers)
    again = send(client, number, data, headers=headers)

    assert stranger.status_code == 404
    assert (sent.status_code, again.status_code) == (201, 201)
    (file,) = again.json()["files"]
    assert (file["name"], file["pages"], file["size_bytes"]) == ("PO <7>.pdf", 1, len(data))
    path = f"/api/v1/orders/{number}/purchase-order/files/{file['sha256']}"
    for got in (client.get(path, headers=headers), client.get(file["url"])):
        assert got.content == data
        assert got.headers["content-disposition"].startswith("attachment;")
        assert got.headers["content-security-policy"].startswith("default-src 'none'; sandbox")
        assert got.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in got.headers["cache-control"]
    assert client.get(path).status_code == 404
    assert client.get(file["url"].partition("?")[0]).status_code == 404
    assert client.get(f"/files/{file['sha256']}/kept.pdf").status_code == 404
    other = factories.order(session, po_number="PO-8")
    strange = f"/api/v1/orders/{other.number}/purchase-order/files/{file['sha256']}"
    token = {"X-Order-Token": other.access_token}
    session.commit()
    assert client.get(strange, headers=token).status_code == 404


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "Choose the purchase order as a PDF."),
        (b"<script>alert(1)</script>", "This file is not a PDF."),
        (b"%PDF-1.7 and nothing", "damaged"),
        (b"%PDF-" + b"0" * 10_000_000, "smaller than 10 MB"),
    ],
)
def test_upload_of_no_pdf_is_refused(
    session: Session, client: TestClient, data: bytes, detail: str
) -> None:
    order = factories.order(session, po_number="PO-7")
    number, headers = order.number, {"X-Order-Token": order.access_token}
    session.commit()

    answer = send(client, number, data, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/file"
    assert detail in answer.json()["errors"][0]["detail"]


def test_too_large_a_body_is_refused_before_it_is_read(
    session: Session, client: TestClient
) -> None:
    order = factories.order(session, po_number="PO-7")
    number, headers = order.number, {"X-Order-Token": order.access_token}
    session.commit()

    assert send(client, number, b"0" * 10_200_000, headers=headers).status_code == 413


def test_upload_to_an_order_without_number_needs_one(session: Session, client: TestClient) -> None:
    order = factories.order(session)
    number, headers = order.number, {"X-Order-Token": order.access_token}
    session.commit()

    missing = send(client, number, pdf(), headers=headers)
    long = send(client, number, pdf(), headers=headers, po_number="x" * 61)
    sent = send(client, number, pdf(), headers=headers, po_number=" PO-9 ")

    assert [answer.json()["errors"][0]["pointer"] for answer in (missing, long)] == [
        "#/po_number"
    ] * 2
    assert sent.json()["number"] == "PO-9"
    session.expire_all()
    found = get_order_by_number(session, number)
    assert (found.po_number, codes(found)) == ("PO-9", [IssueCode.PO_REVIEW])
    assert found.purchase_order is not None
    assert found.purchase_order.source == "upload"


def test_countered_order_waits_in_the_queue_until_canceled(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")
    assert waiting(session) == []
    counter_purchase_order(session, order, actor=STAFF, reason="The price is $398")
    assert waiting(session) == [order.number]
    cancel(session, order, actor=STAFF, reason="x")
    assert waiting(session) == []


def test_wrong_price_is_countered_corrected_and_accepted(
    session: Session, client: TestClient
) -> None:
    order = factories.order(session, po_number="PO-7")
    number, headers = order.number, {"X-Order-Token": order.access_token}
    session.commit()
    send(client, number, pdf(1), headers=headers)
    order = get_order_by_number(session, number)
    with pytest.raises(PurchaseOrderDiffersError, match="Compare purchase order PO-7"):
        accept(session, order, actor=STAFF)
    session.rollback()

    say(session, order, unit_amount=29800)
    session.commit()
    with pytest.raises(PurchaseOrderDiffersError, match="3 differences"):
        accept(session, order, actor=STAFF)
    session.rollback()
    counter_purchase_order(session, order, actor=STAFF, reason="The price is $398")
    counter_purchase_order(session, order, actor=STAFF, reason="The price is $398")
    session.commit()

    seen = client.get(f"/api/v1/orders/{number}", headers=headers).json()
    assert seen["purchase_order"]["state"] == "countered"
    assert seen["purchase_order"]["reason"] == "The price is $398"
    assert [
        (each["field"], each["ordered"], each["stated"])
        for each in seen["purchase_order"]["differences"]
    ] == [
        ("Unit price", "$398.00", "$298.00"),
        ("Line total", "$398.00", "$298.00"),
        ("Total", "$398.00", "$298.00"),
    ]
    assert "needs a correction" in seen["next_steps"][0]
    assert waiting(session) == [number]
    assert (seen["total"]["amount"], seen["lines"][0]["unit"]["amount"]) == (39800, 39800)
    sent = [email.key for email in emails_for(session, number) if "countered" in email.key]
    assert len(sent) == 1
    session.rollback()

    corrected = send(client, number, pdf(2), headers=headers).json()
    assert (corrected["state"], corrected["differences"]) == ("received", [])
    assert waiting(session) == []
    order = get_order_by_number(session, number)
    assert codes(order) == [IssueCode.PO_REVIEW]
    say(session, order)
    accept(session, order, actor=STAFF)
    session.commit()

    assert order.state is OrderState.ACCEPTED
    assert order.purchase_order is not None
    assert order.purchase_order.state is PurchaseOrderState.ACCEPTED
    texts = [item["text"] for item in seen["history"]]
    assert "Correction of the purchase order requested" in texts


def test_difference_is_accepted_with_a_reason(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")
    before = order.lines[0].snapshot["rights_text"]
    say(session, order, rights="DVD with streaming rights", title="The Read Soul")

    accept(session, order, actor=STAFF, reason="A slip of theirs; they know")

    assert order.lines[0].license is not None
    assert order.lines[0].license.rights_text == before


def test_texts_are_compared_without_case_and_spaces(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")
    title = f"  {order.lines[0].film_title.upper()} "

    say(session, order, title=title.replace(" ", "  "))

    accept(session, order, actor=STAFF)
    assert order.state is OrderState.ACCEPTED


def test_missing_and_added_lines_and_other_text_differ(session: Session) -> None:
    order = factories.order(session, factories.offer(session), factories.offer(session))
    body = CompareIn(
        lines=[
            StatedLineIn(line=2, is_missing=True),
            StatedLineIn(title="Another film", quantity=2, unit_amount=100),
        ],
        other_text="Includes streaming",
    )
    order.po_number = "PO-7"
    ordered = ordered_facts(order)

    stated = read_statement(ordered, body)

    assert [
        (each.line, each.field, each.ordered[-7:], each.stated[-7:])
        for each in (find_differences(ordered, stated))
    ] == [
        (2, "Line", "$398.00", "e order"),
        (None, "Line", "ordered", ", $2.00"),
        (None, "Total", "$796.00", "$400.00"),
        (None, "Other text", "ordered", "reaming"),
    ]
    assert find_differences(ordered, ordered) == []


def test_rejected_purchase_order_waits_for_another(session: Session, client: TestClient) -> None:
    order = factories.order(session, po_number="PO-7")
    reject_purchase_order(session, order, actor=STAFF, reason="We can't trade on these terms")
    number, headers = order.number, {"X-Order-Token": order.access_token}
    session.commit()
    with pytest.raises(PurchaseOrderClosedError, match="PO-7 is rejected"):
        accept(session, order, actor=STAFF, reason="after all")
    session.rollback()

    sent = send(client, number, pdf(), headers=headers, po_number="PO-8").json()

    assert (sent["number"], sent["state"], sent["reason"]) == ("PO-8", "received", "")
    order = get_order_by_number(session, number)
    say(session, order)
    accept(session, order, actor=STAFF)
    assert order.po_number == "PO-8"


def test_counter_for_one_order_leaves_an_accepted_blanket(session: Session) -> None:
    details = {
        "kind": "blanket",
        "limit": {"amount": 200_000, "currency": "USD"},
        "expires_on": "2090-06-30",
    }
    offer = factories.offer(session)
    first, second = (
        factories.order(session, offer, po_number="B-1", purchase_order=details) for _ in range(2)
    )
    accept(session, first, actor=STAFF)

    counter_purchase_order(session, second, actor=STAFF, reason="Wrong release number")

    assert second.purchase_order is not None
    assert second.purchase_order.state is PurchaseOrderState.ACCEPTED
    with pytest.raises(PurchaseOrderDiffersError, match="was countered"):
        accept(session, second, actor=STAFF)


def test_staff_review_over_the_api(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    order = factories.order(session, po_number="PO-7")
    number, ident = order.number, order.purchase_order_id
    session.commit()
    base = f"/api/v1/admin/orders/{number}"

    sent = send(client, number, pdf(), headers=key)
    compared = client.post(
        f"{base}/purchase-order/compare",
        json={"lines": [{"line": 1, "quantity": 2}]},
        headers=key,
    )
    wrong = client.post(
        f"{base}/purchase-order/compare", json={"lines": [{"line": 7}, {}]}, headers=key
    )
    refused = client.post(f"{base}/accept", json={}, headers=key)
    accepted = client.post(f"{base}/accept", json={"reason": "They meant one"}, headers=key)
    late = client.post(f"{base}/purchase-order/counter", json={"reason": "x"}, headers=key)
    listed = client.get("/api/v1/admin/purchase-orders?q=po 7&state=accepted", headers=key).json()
    one = client.get(f"/api/v1/admin/purchase-orders/{ident}", headers=key).json()

    assert sent.status_code == 201
    fields = [each["field"] for each in compared.json()["reviews"][0]["differences"]]
    assert fields == ["Quantity", "Line total", "Total"]
    assert [problem["pointer"] for problem in wrong.json()["errors"]] == [
        "#/lines/0/line",
        "#/lines/1/title",
    ]
    assert (refused.status_code, refused.json()["type"]) == (409, "purchase-order-differs")
    assert accepted.status_code == 200
    assert (late.status_code, late.json()["type"]) == (409, "order-closed")
    assert [row["id"] for row in listed["items"]] == [ident]
    assert [(use["order"], use["amount"]["amount"]) for use in one["uses"]] == [(number, 39800)]
    got = client.get(
        f"{base}/purchase-order/files/{accepted.json()['purchase_order']['files'][0]['sha256']}",
        headers=key,
    )
    assert got.content == pdf()


def test_staff_change_and_close_over_the_api(
    session: Session, client: TestClient, key: dict[str, str]
) -> None:
    order = factories.order(session, po_number="PO-7")
    number, ident = order.number, order.purchase_order_id
    session.commit()
    path = f"/api/v1/admin/purchase-orders/{ident}"
    change = {
        "number": "PO-70",
        "kind": "blanket",
        "limit": {"amount": 39799, "currency": "USD"},
        "expires_on": "2090-01-01",
        "ap_email": "ap@example.edu",
    }

    bad = client.put(path, json=change | {"limit": None, "expires_on": None}, headers=key)
    changed = client.put(path, json=change, headers=key)
    refused = client.post(f"/api/v1/admin/orders/{number}/accept", json={}, headers=key)
    closed = [
        client.post(f"{path}/close", json={"reason": "Year over"}, headers=key) for _ in range(2)
    ]
    after = client.put(path, json=change | {"number": "X"}, headers=key)

    assert [problem["pointer"] for problem in bad.json()["errors"]] == ["#/limit", "#/expires_on"]
    assert changed.json()["balance"] == {"amount": 39799, "currency": "USD"}
    assert (refused.status_code, refused.json()["type"]) == (409, "purchase-order-limit")
    assert [answer.json()["state"] for answer in closed] == ["closed", "closed"]
    assert after.json()["type"] == "purchase-order-closed"
    session.expire_all()
    assert get_order_by_number(session, number).po_number == "PO-70"
