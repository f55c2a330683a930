"""Corrections of an order's lines: prices, checks, sums, and what follows from them."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.keys import Scope, create_key
from app.accounts.models import AuditEntry, StaffUser
from app.accounts.permissions import Role
from app.billing.purchase_order_errors import PurchaseOrderDiffersError
from app.core.config import Settings
from app.core.email_models import OutboxEmail
from app.core.errors import InvalidInputError
from app.institutions.member_models import Member
from app.orders.acceptance import accept
from app.orders.attachment import attach_order
from app.orders.cancellation import cancel
from app.orders.errors import LinesSettledError, OrderClosedError
from app.orders.history import find_public_history
from app.orders.line_corrections import LineCorrection, correct_lines
from app.orders.models import Order
from app.orders.purchase_order_view import find_reviews
from app.orders.queries import get_order_by_number
from app.orders.states import IssueCode, OrderState
from tests import factories
from tests.billing.test_exemptions import BY_RATES, college
from tests.factories import ADDRESS, STAFF
from tests.orders.test_purchase_order_review import say
from tests.orders.test_purchase_orders import BLANKET, codes

PRICE = 39800


def correct(
    session: Session,
    settings: Settings,
    order: Order,
    *lines: dict[str, Any],
    **changes: Any,  # noqa: ANN401
) -> Order:
    correction = LineCorrection.model_validate({"lines": list(lines)} | changes)
    return correct_lines(
        session, order.number, correction, reason="Typed wrong", settings=settings, actor=STAFF
    )


def wanted(order: Order, line: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    present = next(each for each in order.lines if each.number == line)
    return {"offer": present.sku, "quantity": present.quantity} | changes


def test_correct_lines_changes_adds_and_removes_with_exact_sums(
    session: Session,
) -> None:
    settings = BY_RATES
    factories.tax_rate(session, percent="10")
    first, second, third = (factories.offer(session, amount=n) for n in (10000, 20000, 30000))
    order = factories.order(session, first, second, settings=settings)
    kept = order.lines[1].id
    before = order.shipping_amount
    for _ in range(2):
        correct(
            session,
            settings,
            order,
            wanted(order, 2, quantity=3),
            {"offer": third.sku, "quantity": 1},
        )

    assert [(line.number, line.sku, line.quantity) for line in order.lines] == [
        (2, second.sku, 3),
        (3, third.sku, 1),
    ]
    assert order.lines[0].id == kept
    assert (order.subtotal_amount, order.shipping_amount) == (90000, before)
    assert [line.tax_amount for line in order.lines] == [6000, 3000]
    assert order.total_amount == 90000 + before + order.tax_amount
    mails = session.scalars(
        select(OutboxEmail).where(OutboxEmail.kind == "order-lines-corrected")
    ).all()
    assert len(mails) == 1
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "order.changed"))
    assert [line["offer"] for line in (entry.before or {})["lines"]] == [first.sku, second.sku]
    assert entry.reason == "Typed wrong"
    assert "Items corrected by our staff" in [
        item.text for item in find_public_history(session, order)
    ]
    paid = factories.pay(session, order)
    assert (paid.state, paid.attention) == (OrderState.ACCEPTED, [])


def test_correct_lines_needs_a_reason_and_an_approver_for_prices(
    session: Session, settings: Settings
) -> None:
    order = factories.order(session, quantity=1)
    boss = add_approver(session)
    limit = settings.max_discount_percent
    low = PRICE * (100 - limit) // 100 - 100
    for line, pointer in (
        (wanted(order, unit_amount=PRICE - 100), "#/lines/0/price_reason"),
        (wanted(order, unit_amount=low, price_reason="Deal"), "#/approved_by"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            correct(session, settings, order, line)
        assert [problem.pointer for problem in caught.value.errors] == [pointer]
    deal = wanted(order, unit_amount=low, price_reason="Deal")
    correct(session, settings, order, deal, approved_by=boss)
    assert (order.lines[0].unit_amount, order.lines[0].list_unit_amount) == (low, PRICE)

    # An agreed price stays when only the copies change.
    correct(session, settings, order, wanted(order, quantity=2), approved_by=boss)
    assert order.subtotal_amount == 2 * low
    correct(session, settings, order, wanted(order, unit_amount=PRICE))
    assert (order.subtotal_amount, order.lines[0].list_unit_amount) == (2 * PRICE, None)


def add_approver(session: Session) -> str:
    """Add a member of staff who may approve discounts; return their email."""
    user = StaffUser(
        email="boss@example.org", name="Boss", password_hash="-", roles=[Role.FINANCE.value]
    )
    session.add(user)
    session.flush()
    return user.email


def test_correct_lines_refuses_what_placement_refuses(session: Session, settings: Settings) -> None:
    site = factories.offer(session, delivery="file")
    abroad = factories.offer(session, territory=("CA",))
    disc = factories.offer(session)
    order = factories.order(session, site)
    for lines, changes, pointer in (
        ([wanted(order), {"offer": abroad.sku}], {}, "#/lines/1/offer"),
        ([wanted(order), {"offer": "no-such-offer"}], {}, "#/lines/1/offer"),
        ([wanted(order), wanted(order)], {}, "#/lines/1/offer"),
        ([wanted(order, quantity=2)], {}, "#/lines/0/quantity"),
        (
            [wanted(order), {"offer": disc.sku}],
            {"texts_accepted_by": "email"},
            "#/shipping_address",
        ),
        (
            [wanted(order), {"offer": disc.sku}],
            {"shipping_address": ADDRESS},
            "#/texts_accepted_by",
        ),
        (
            [wanted(order), {"offer": disc.sku}],
            {
                "shipping_address": ADDRESS | {"country": "FR", "region": ""},
                "texts_accepted_by": "email",
            },
            "#/shipping_address/country",
        ),
    ):
        with pytest.raises(InvalidInputError) as caught:
            correct(session, settings, order, *lines, **changes)
        assert [problem.pointer for problem in caught.value.errors] == [pointer]

    changes = {"shipping_address": ADDRESS, "texts_accepted_by": "email"}
    correct(session, settings, order, wanted(order), {"offer": disc.sku}, **changes)
    assert order.shipping is not None
    assert order.shipping_amount == settings.shipping_domestic_amount
    assert [text.get("accepted_by") for text in order.accepted_texts] == [None, "email"]
    correct(session, settings, order, wanted(order))
    assert not order.ships
    assert (order.shipping_amount, len(order.accepted_texts)) == (0, 1)


def test_correct_lines_is_refused_once_settled(session: Session, settings: Settings) -> None:
    accepted = factories.order(session, po_number="PO-1")
    accept(session, accepted, actor=STAFF)
    partly = factories.pay(session, factories.order(session), amount=100)
    closed = factories.order(session)
    cancel(session, closed, actor=STAFF, reason="x")
    for order, error, words in (
        (accepted, LinesSettledError, "which credits what the invoice"),
        (partly, LinesSettledError, "A payment"),
        (closed, OrderClosedError, "canceled"),
    ):
        with pytest.raises(error, match=words):
            correct(session, settings, order, wanted(order, quantity=2))
        correct(session, settings, order, wanted(order))  # nothing changes


def test_correct_lines_compares_the_purchase_order_again(
    session: Session, settings: Settings
) -> None:
    order = factories.order(session, po_number="PO-7")
    say(session, order, unit_amount=29800)
    line = wanted(order, unit_amount=29800, price_reason="As quoted")
    correct(session, settings, order, line, approved_by=add_approver(session))

    newest, first = find_reviews(session, order)
    assert (len(first.differences), newest.differences, newest.stated) == (3, [], first.stated)
    assert codes(order) == [IssueCode.PO_REVIEW]
    other = factories.offer(session)
    correct(session, settings, order, {"offer": other.sku})
    with pytest.raises(PurchaseOrderDiffersError):
        accept(session, order, actor=STAFF)
    session.rollback()


def test_correct_lines_respects_limits_of_purchase_order_and_person(
    session: Session, settings: Settings
) -> None:
    limit = {"limit": {"amount": PRICE + 1000, "currency": "USD"}}
    order = factories.order(session, po_number="BPO 9", purchase_order=BLANKET | limit)
    number, twice = order.number, wanted(order, quantity=2)
    session.commit()
    with pytest.raises(InvalidInputError) as caught:
        correct(session, settings, order, twice)
    assert "purchase order's limit" in caught.value.errors[0].detail
    session.rollback()
    assert get_order_by_number(session, number).lines[0].quantity == 1

    school = college(session)
    own = factories.order(session)
    attach_order(session, own, school, actor=STAFF)
    session.add(
        Member(
            ref="MB-1", email=own.email, institution_id=school.id, roles=[], spending_limit=PRICE
        )
    )
    session.commit()
    with pytest.raises(InvalidInputError) as caught:
        correct(session, settings, own, wanted(own, quantity=2))
    assert "may spend up to" in caught.value.errors[0].detail
    session.rollback()


def test_post_lines_checks_scope_etag_and_key(client: TestClient, session: Session) -> None:
    order = factories.order(session)
    reader, seller = (
        {"Authorization": f"Bearer {create_key(session, label='x', scopes=scopes)}"}
        for scopes in ([Scope.ORDERS_READ], [Scope.ORDERS_READ, Scope.ORDERS_WRITE])
    )
    body = {"lines": [wanted(order, quantity=2)], "reason": "Two copies"}
    session.commit()
    path = f"/api/v1/admin/orders/{order.number}"
    assert client.post(f"{path}/lines", json=body, headers=reader).status_code == 403
    tag = client.get(path, headers=seller).headers["etag"]
    once = seller | {"If-Match": tag, "Idempotency-Key": "lines-1"}
    first = client.post(f"{path}/lines", json=body, headers=once)
    assert first.status_code == 200, first.text
    assert first.json()["lines"][0]["quantity"] == 2
    assert client.post(f"{path}/lines", json=body, headers=once).json() == first.json()
    stale = seller | {"If-Match": tag}
    assert client.post(f"{path}/lines", json=body, headers=stale).status_code == 412
    again = client.post(f"{path}/lines", json=body, headers=seller)
    assert again.status_code == 200
    factories.pay(session, session.get_one(Order, order.id, populate_existing=True))
    session.commit()
    body["lines"] = [wanted(order, quantity=3)]
    settled = client.post(f"{path}/lines", json=body, headers=seller)
    assert (settled.status_code, settled.json()["type"].rpartition("/")[2]) == (
        409,
        "lines-settled",
    )
