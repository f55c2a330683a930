from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.core.money import Money
from app.licenses.states import LicenseStatus
from app.orders.disputes import record_dispute
from app.orders.models import Order
from app.orders.refunds import record_external_refund
from app.orders.states import DisputeStatus, PaymentState, RefundStatus
from tests import factories
from tests.console.staff_browser import Page, StaffBrowser

Fetch = Callable[[str], Order]


def form(number: str) -> str:
    return f"/console/orders/{number}/refund"


def preview(finance: StaffBrowser, number: str, **fields: object) -> Page:
    asked = {"part-1": "398.00", "effect": "revoke", "reason": "Wrong film", "step": "preview"}
    return finance.fill(finance.see(form(number)), form(number), **(asked | fields))


def test_refund_is_previewed_and_made(finance: StaffBrowser, paid: str, fetch: Fetch) -> None:
    page = preview(finance, paid)

    assert page.title == "Refund $398.00?"
    (license_,) = [line.license for line in fetch(paid).lines]
    assert license_ is not None
    assert f"Revoked: {license_.number}" in page.words
    assert "$0.00 of $398.00" in page.words
    assert fetch(paid).refunds == []

    answer = finance.fill(page, form(paid), step="confirm")

    assert "Refund requested." in answer.words
    order = fetch(paid)
    (refund,) = order.refunds
    assert (refund.status, refund.amount, refund.reason) == (
        RefundStatus.SUCCEEDED,
        39800,
        "Wrong film",
    )
    assert refund.requested_by == "Finance Person"
    assert (order.payment_state, order.refunded_amount) == (PaymentState.REFUNDED, 39800)
    assert order.lines[0].license is not None
    assert order.lines[0].license.status is LicenseStatus.REVOKED


def test_partial_refund_keeps_license(finance: StaffBrowser, paid: str, fetch: Fetch) -> None:
    page = preview(finance, paid, **{"part-1": "$98", "effect": "keep", "reason": "Damaged"})
    assert "All stay active." in page.words
    assert "$300.00 of $398.00" in page.words

    finance.fill(page, form(paid), step="confirm")

    order = fetch(paid)
    assert order.payment_state is PaymentState.PARTIALLY_REFUNDED
    assert order.lines[0].refunded_amount == 9800
    assert order.lines[0].license is not None
    assert order.lines[0].license.status is LicenseStatus.ACTIVE
    assert "Up to $300.00" in finance.see(form(paid)).words


def test_repeated_confirmation_refunds_once(finance: StaffBrowser, paid: str, fetch: Fetch) -> None:
    page = preview(finance, paid, **{"part-1": "10"})
    finance.fill(page, form(paid), step="confirm")
    again = finance.fill(page, form(paid), step="confirm")

    assert "This form was already submitted." in again.words
    assert [refund.amount for refund in fetch(paid).refunds] == [1000]


def test_refund_edit_keeps_input(finance: StaffBrowser, paid: str) -> None:
    page = preview(finance, paid, **{"part-1": "12.50"})

    back = finance.fill(page, form(paid), step="edit")

    assert back.status == 200
    assert back.tree.get_element_by_id("part-1").get("value") == "12.50"
    assert back.tree.get_element_by_id("reason").get("value") == "Wrong film"
    assert back.tree.xpath("//input[@name='effect'][@checked]/@value") == ["revoke"]


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"part-1": "398.01"}, "part-1", "Enter at most $398.00."),
        ({"part-1": "a lot"}, "part-1", "Enter an amount like $398.00"),
        ({"part-1": ""}, "parts", "Enter what to refund"),
        ({"part-1": "0"}, "parts", "Enter what to refund"),
        ({"part-7": "1", "part-1": ""}, "part-7", "Unknown part"),
        ({"reason": " "}, "reason", "Enter a reason"),
        ({"effect": None}, "effect", "Choose whether to keep or revoke the licenses"),
    ],
)
def test_invalid_refund_shows_field_errors(
    *,
    finance: StaffBrowser,
    paid: str,
    fetch: Fetch,
    changed: dict[str, str],
    field: str,
    said: str,
) -> None:
    page = preview(finance, paid, **changed)

    assert page.status == 422
    assert said in page.words
    assert f"#{field}" in page.links()
    assert fetch(paid).refunds == []


def test_refund_above_remaining_amount_is_refused(
    finance: StaffBrowser, paid: str, fetch: Fetch
) -> None:
    first, second = preview(finance, paid), preview(finance, paid)
    finance.fill(first, form(paid), step="confirm")

    late = finance.fill(second, form(paid), step="confirm")

    assert late.status == 422
    assert fetch(paid).refunded_amount == 39800


def test_disputed_payment_cannot_be_refunded(
    finance: StaffBrowser, paid: str, fetch: Fetch, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        record_dispute(
            session,
            payment_reference="check 1001",
            reference="du_1",
            amount=Money(39800, "USD"),
            status=DisputeStatus.NEEDS_RESPONSE,
            actor=Actor.stripe("evt_1"),
        )

    assert "The buyer's bank decides" in finance.see(form(paid)).words
    answer = finance.force(
        form(paid), **{"part-1": "398", "effect": "keep", "reason": "x", "step": "confirm"}
    )
    assert answer.status == 409
    assert fetch(paid).refunds == []


def test_unpaid_order_cannot_be_refunded(finance: StaffBrowser, placed: str) -> None:
    assert "Nothing is left to refund." in finance.see(form(placed)).words


def test_external_refund_is_allocated(
    finance: StaffBrowser, paid: str, fetch: Fetch, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        refund = record_external_refund(
            session,
            payment_reference="check 1001",
            reference="re_1",
            amount=Money(5000, "USD"),
            status=RefundStatus.SUCCEEDED,
            actor=Actor.stripe("evt_1"),
        )
    action = f"/console/orders/{paid}/refunds/{refund.id}/allocate"
    page = finance.see(f"/console/orders/{paid}")
    wrong = finance.fill(page, action, **{"part-1": "49", "effect": "keep"})
    assert wrong.status == 422
    assert "Enter amounts that add up to $50.00" in wrong.words

    answer = finance.fill(page, action, **{"part-1": "50", "effect": "keep"})

    assert "Refund allocated." in answer.words
    order = fetch(paid)
    assert order.lines[0].refunded_amount == 5000
    assert order.attention == []


def test_refund_of_other_order_is_refused(
    finance: StaffBrowser, paid: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        other = factories.order(session).number
    preview_page = preview(finance, paid, **{"part-1": "10"})
    finance.fill(preview_page, form(paid), step="confirm")

    answer = finance.force(f"/console/orders/{other}/refunds/1/retry")

    assert answer.status == 409


def test_full_refund_fills_in_remaining_amounts(
    finance: StaffBrowser, sessions: sessionmaker[Session], fetch: Fetch
) -> None:
    with sessions.begin() as session:
        order = factories.order(session, factories.offer(session), factories.offer(session))
        for amount in (50000, 29600):  # no single payment bears all
            factories.pay(session, order, amount=amount)
        number = order.number
    page = finance.see(form(number))
    assert "Refund all $796.00" in page.words
    asked = finance.fill(page, form(number), step="all", effect="revoke", reason="Closed")
    assert asked.title == "Refund $796.00?"
    finance.fill(asked, form(number), step="confirm")
    order = fetch(number)
    assert sorted(refund.amount for refund in order.refunds) == [29600, 50000]
