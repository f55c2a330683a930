"""The purchase order of an order: recorded when placed, used when accepted, released."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.billing.models import PurchaseOrder, PurchaseOrderUse
from app.billing.purchase_order_errors import (
    PurchaseOrderClosedError,
    PurchaseOrderExpiredError,
    PurchaseOrderLimitError,
)
from app.billing.purchase_orders import (
    PurchaseOrderDetails,
    change_purchase_order,
    close_unused,
    release_uses,
)
from app.billing.states import PurchaseOrderKind, PurchaseOrderSource, PurchaseOrderState
from app.core import clock
from app.core.errors import InvalidInputError
from app.orders.acceptance import accept
from app.orders.allocations import Allocation
from app.orders.cancellation import cancel
from app.orders.errors import OrderClosedError
from app.orders.models import Order
from app.orders.purchase_order_intake import use_blanket
from app.orders.queries import get_order_by_number
from app.orders.refunds import apply_refund_result, request_refund
from app.orders.states import IssueCode, LicenseEffect, RefundStatus
from tests import factories
from tests.factories import STAFF
from tests.orders.test_races import at_once

PRICE = 39800
BLANKET = {
    "kind": "blanket",
    "limit": {"amount": 3 * PRICE, "currency": "USD"},
    "expires_on": "2090-06-30",
}


def codes(order: Order) -> list[IssueCode]:
    return [issue.code for issue in order.issues if issue.cleared_at is None]


def blanket_orders(session: Session, count: int, **changes: object) -> list[Order]:
    offer = factories.offer(session)
    return [
        factories.order(session, offer, po_number="BPO 9", purchase_order=BLANKET | changes)
        for _ in range(count)
    ]


def uses(session: Session, purchase_order: PurchaseOrder) -> int:
    """Return the sum of what orders use."""
    return (
        session.scalar(
            select(func.coalesce(func.sum(PurchaseOrderUse.amount), 0)).where(
                PurchaseOrderUse.purchase_order_id == purchase_order.id,
                PurchaseOrderUse.released_at.is_(None),
            )
        )
        or 0
    )


def test_placed_order_records_its_purchase_order(session: Session) -> None:
    details = {
        "issued_on": "2026-01-05",
        "expires_on": "2090-06-30",
        "limit": {"amount": 50000, "currency": "USD"},
        "ap_name": "Accounts Payable",
        "ap_email": "ap@example.edu",
    }
    order = factories.order(session, po_number="PO-7", purchase_order=details)

    purchase_order = order.purchase_order
    assert purchase_order is not None
    assert (purchase_order.number, purchase_order.key) == ("PO-7", "po7")
    assert (purchase_order.kind, purchase_order.state) == ("single", "received")
    assert purchase_order.source == PurchaseOrderSource.CHECKOUT
    assert (purchase_order.issued_on, purchase_order.expires_on) == (
        date(2026, 1, 5),
        date(2090, 6, 30),
    )
    assert (purchase_order.limit_amount, purchase_order.used_amount) == (50000, 0)
    assert (order.ap_name, order.ap_email) == ("Accounts Payable", "ap@example.edu")
    assert codes(order) == [IssueCode.PO_REVIEW]
    assert factories.order(session).purchase_order is None


@pytest.mark.parametrize(
    ("po_number", "details", "pointer"),
    [
        (None, {}, "#/po_number"),
        ("P", {"kind": "blanket", "expires_on": "2090-01-01"}, "#/purchase_order/limit"),
        ("P", BLANKET | {"expires_on": None}, "#/purchase_order/expires_on"),
        ("P", {"limit": {"amount": PRICE - 1, "currency": "USD"}}, "#/purchase_order/limit"),
        ("P", {"limit": {"amount": PRICE, "currency": "EUR"}}, "#/purchase_order/limit"),
        ("P", {"limit": {"amount": 2**31, "currency": "USD"}}, "#/purchase_order/limit"),
        ("P", {"expires_on": "2020-01-01"}, "#/purchase_order/expires_on"),
        (
            "P",
            {"issued_on": "2090-01-02", "expires_on": "2090-01-01"},
            "#/purchase_order/expires_on",
        ),
    ],
)
def test_place_with_unusable_details_names_the_field(
    session: Session, po_number: str | None, details: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        factories.order(session, po_number=po_number, purchase_order=details)

    assert [problem.pointer for problem in caught.value.errors] == [pointer]


def test_acceptance_uses_the_order_total_once(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")

    accept(session, order, actor=STAFF)
    accept(session, order, actor=STAFF)

    purchase_order = order.purchase_order
    assert purchase_order is not None
    assert purchase_order.state == PurchaseOrderState.ACCEPTED
    assert purchase_order.used_amount == uses(session, purchase_order) == order.total_amount


def test_acceptance_with_another_number_closes_the_first(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")
    first = order.purchase_order

    accept(session, order, actor=STAFF, po_number="PO-8", reason="They sent a new one")

    assert first is not None
    session.refresh(first)
    assert (first.state, first.used_amount) == (PurchaseOrderState.CLOSED, 0)
    assert order.purchase_order is not None
    assert (order.purchase_order.number, order.purchase_order.state) == ("PO-8", "accepted")
    assert order.purchase_order.source == PurchaseOrderSource.STAFF


def test_blanket_serves_orders_until_its_limit(session: Session) -> None:
    orders = blanket_orders(session, 4)
    purchase_order = orders[0].purchase_order
    assert purchase_order is not None
    assert {order.purchase_order_id for order in orders} == {purchase_order.id}
    assert [codes(order) for order in orders] == [[IssueCode.PO_REVIEW]] * 4

    for order in orders[:3]:
        accept(session, order, actor=STAFF)
    session.commit()
    assert purchase_order.balance is not None
    assert purchase_order.balance.amount == 0
    with pytest.raises(PurchaseOrderLimitError, match=r"\$0.00 is left of purchase order BPO 9"):
        accept(session, orders[3], actor=STAFF)
    session.rollback()

    cancel(session, orders[0], actor=STAFF, reason="Ordered twice")
    cancel(session, orders[0], actor=STAFF, reason="Ordered twice")
    assert purchase_order.used_amount == 2 * PRICE
    accept(session, orders[3], actor=STAFF)
    assert purchase_order.used_amount == uses(session, purchase_order) == 3 * PRICE


def test_only_a_refund_of_all_releases_the_use(session: Session) -> None:
    (order,) = blanket_orders(session, 1)
    accept(session, order, actor=STAFF)
    factories.pay(session, order)
    purchase_order = order.purchase_order
    assert purchase_order is not None

    def refund(amount: int) -> int:
        allocations = [Allocation(line=1, amount=amount)]
        made = request_refund(
            session,
            order,
            allocations=allocations,
            effect=LicenseEffect.KEEP,
            reason="Returned",
            actor=STAFF,
        )
        apply_refund_result(
            session,
            refund_id=made.id,
            reference=f"re_{amount}",
            status=RefundStatus.SUCCEEDED,
            actor=STAFF,
        )
        return purchase_order.used_amount

    assert refund(10000) == PRICE
    assert refund(PRICE - 10000) == 0
    release_uses(session, order.number, actor=STAFF, reason="again")
    assert purchase_order.used_amount == uses(session, purchase_order) == 0


@pytest.mark.parametrize("is_used_meanwhile", [False, True])
def test_failed_full_refund_takes_the_use_again_within_the_balance(
    session: Session, *, is_used_meanwhile: bool
) -> None:
    limit = {"limit": {"amount": PRICE, "currency": "USD"}}
    first, second = blanket_orders(session, 2, **limit)
    purchase_order = first.purchase_order
    assert purchase_order is not None
    factories.pay(session, accept(session, first, actor=STAFF))
    made = request_refund(
        session,
        first,
        allocations=[Allocation(line=1, amount=PRICE)],
        effect=LicenseEffect.KEEP,
        reason="Returned",
        actor=STAFF,
    )
    results = [RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.FAILED]
    for status in results:
        if status is RefundStatus.FAILED and purchase_order.used_amount == 0 and is_used_meanwhile:
            accept(session, second, actor=STAFF)
        apply_refund_result(
            session, refund_id=made.id, reference="re_1", status=status, actor=STAFF
        )

    assert purchase_order.used_amount == uses(session, purchase_order) == PRICE
    assert (IssueCode.PO_LIMIT in codes(first)) is is_used_meanwhile


def test_order_moves_to_the_blanket_with_its_number(session: Session) -> None:
    offer = factories.offer(session)
    first, second = (factories.order(session, offer, po_number="B 1") for _ in range(2))
    blanket, own = first.purchase_order, second.purchase_order
    assert blanket is not None
    assert own is not None
    with pytest.raises(InvalidInputError):
        use_blanket(session, second, blanket, actor=STAFF)
    details = PurchaseOrderDetails(kind=PurchaseOrderKind.BLANKET, limit_amount=2 * PRICE)
    change_purchase_order(session, blanket, number="B 1", key="b1", details=details, actor=STAFF)

    use_blanket(session, second, blanket, actor=STAFF)
    use_blanket(session, second, blanket, actor=STAFF)
    accept(session, second, actor=STAFF)

    assert own.state is PurchaseOrderState.CLOSED
    assert (blanket.used_amount, codes(second)) == (PRICE, [])
    with pytest.raises(OrderClosedError):
        use_blanket(session, second, blanket, actor=STAFF)


def test_expired_purchase_order_is_refused_from_the_day_after(session: Session) -> None:
    with time_machine.travel(datetime(2030, 6, 1, 12, tzinfo=UTC), tick=False):
        first, second = blanket_orders(session, 2, expires_on="2030-06-30")
        session.commit()
    # New York is four hours behind.
    with time_machine.travel(datetime(2030, 7, 1, 3, tzinfo=UTC), tick=False):
        accept(session, first, actor=STAFF)
        session.commit()
    with (
        time_machine.travel(datetime(2030, 7, 1, 5, tzinfo=UTC), tick=False),
        pytest.raises(PurchaseOrderExpiredError, match="expired on June 30, 2030"),
    ):
        accept(session, second, actor=STAFF)


def test_closed_purchase_order_is_refused(session: Session) -> None:
    order = factories.order(session, po_number="PO-7")
    assert order.purchase_order is not None
    close_unused(session, order.purchase_order, actor=STAFF, reason="withdrawn")

    with pytest.raises(PurchaseOrderClosedError):
        accept(session, order, actor=STAFF)


def test_limit_is_never_set_below_what_is_used(session: Session) -> None:
    (order,) = blanket_orders(session, 1)
    accept(session, order, actor=STAFF)
    purchase_order = order.purchase_order
    assert purchase_order is not None

    def change(limit: int) -> bool:
        details = PurchaseOrderDetails(kind=PurchaseOrderKind.BLANKET, limit_amount=limit)
        return change_purchase_order(
            session, purchase_order, number="BPO 9", key="bpo9", details=details, actor=STAFF
        )

    assert change(PRICE)
    assert not change(PRICE)
    with pytest.raises(InvalidInputError) as caught:
        change(PRICE - 1)
    assert [problem.pointer for problem in caught.value.errors] == ["#/limit"]
    assert purchase_order.limit_amount == PRICE


def test_duplicate_is_warned_for_single_purchase_orders_only(session: Session) -> None:
    offer = factories.offer(session)
    factories.order(session, offer, po_number="PO-7")
    second = factories.order(session, offer, po_number="po 7")

    assert codes(second) == [IssueCode.PO_REVIEW, IssueCode.DUPLICATE_PO]


def test_concurrent_orders_never_exceed_the_limit(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    count = 50 if is_postgresql else 8
    limit = {"amount": 5 * PRICE, "currency": "USD"}
    orders = blanket_orders(session, count, limit=limit)
    numbers = [order.number for order in orders]
    ident = orders[0].purchase_order_id
    session.commit()

    def accepting(number: str, session: Session) -> object:
        accept(session, get_order_by_number(session, number), actor=STAFF)
        return number

    results: list[object] = []
    for start in range(0, count, 10):
        works = [
            lambda session, number=number: accepting(number, session)
            for number in numbers[start : start + 10]
        ]
        results += at_once(sessions, *works)

    refused = [result for result in results if isinstance(result, PurchaseOrderLimitError)]
    assert (len(results), len(refused)) == (count, count - 5)
    purchase_order = session.get_one(PurchaseOrder, ident)
    session.refresh(purchase_order)
    assert purchase_order.used_amount == uses(session, purchase_order) == 5 * PRICE


def test_api_tells_nothing_of_a_blanket_before_acceptance(
    session: Session, client: TestClient
) -> None:
    offer = factories.offer(session)
    drafts = [
        factories.draft_json(session, offer.sku, po_number="B1", **details)
        for details in ({"purchase_order": BLANKET}, {})
    ]
    session.commit()
    first, guessed = [client.post("/api/v1/orders", json=draft).json() for draft in drafts]

    assert first["purchase_order"]["kind"] == "blanket"
    assert first["purchase_order"]["limit"] == {"amount": 3 * PRICE, "currency": "USD"}
    assert first["purchase_order"]["balance"] is None
    assert guessed["purchase_order"]["kind"] == "single"
    assert guessed["purchase_order"]["limit"] is guessed["purchase_order"]["expires_on"] is None

    accept(session, get_order_by_number(session, guessed["number"]), actor=STAFF)
    session.commit()
    accepted = client.get(
        f"/api/v1/orders/{guessed['number']}", headers={"X-Order-Token": guessed["token"]}
    ).json()["purchase_order"]
    assert (accepted["state"], accepted["kind"]) == ("accepted", "blanket")
    assert accepted["balance"] == {"amount": 2 * PRICE, "currency": "USD"}


def test_purchase_order_of_a_closed_order_is_closed(session: Session, client: TestClient) -> None:
    order = factories.order(session, po_number="PO-7")
    with time_machine.travel(clock.now() + timedelta(seconds=1), tick=False):
        cancel(session, order, actor=STAFF, reason="x")
    session.commit()

    body = client.get(f"/api/v1/orders/{order.number}?token={order.access_token}").json()

    assert body["purchase_order"]["state"] == "closed"
    assert body["purchase_order"]["can_be_uploaded"] is False
