"""Checks and transfers: recorded once, matched with several orders, undone, and voided."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.core.errors import AppError, InvalidInputError
from app.core.money import Money
from app.core.numbers import new_number
from app.orders.acceptance import accept
from app.orders.models import Order
from app.orders.queries import get_order_by_number
from app.orders.states import PaymentMethod, PaymentState
from app.receivables import receipts
from app.receivables.errors import ReceiptRefundedError, ReceiptTakenError, ReceiptVoidError
from app.receivables.models import Receipt
from app.receivables.queries import find_suggestions, get_receipt
from app.receivables.receipts import MatchDraft, ReceiptDraft
from tests import factories
from tests.factories import STAFF
from tests.orders.test_races import Work, at_once

TODAY = date(2026, 11, 30)


def draft(amount: int, number: str = "1001", payer: str = "State of New York") -> ReceiptDraft:
    return ReceiptDraft(
        payer=payer,
        method=PaymentMethod.CHECK,
        reference=number,
        amount=Money(amount, "USD"),
        received_on=TODAY,
    )


def record(session: Session, amount: int, *matches: MatchDraft, number: str = "1001") -> Receipt:
    return receipts.record_receipt(
        session, draft(amount, number), matches, today=TODAY, actor=STAFF
    )


def on_terms(session: Session, institution: str = "Example College") -> Order:
    buyer = factories.draft_json(session)["buyer"] | {"institution": institution}
    order = factories.order(session, po_number=f"PO-{new_number('X')}", buyer=buyer)
    return accept(session, order, actor=STAFF)


def paid(order: Order) -> tuple[int, PaymentState]:
    return order.paid_amount, order.payment_state


def test_check_pays_several_orders_and_the_rest_is_credit(session: Session) -> None:
    first, second = on_terms(session), on_terms(session)
    receipt = record(session, 100000, MatchDraft(first.number), MatchDraft(second.number, 10000))
    assert paid(first) == (39800, PaymentState.PAID)
    assert paid(second) == (10000, PaymentState.PARTIALLY_PAID)
    assert receipt.unmatched == Money(50200, "USD")
    assert receipt.institution_key == first.institution_key

    with pytest.raises(InvalidInputError) as refused:
        receipts.match_receipt(
            session, receipt.number, [MatchDraft(second.number, 29801)], actor=STAFF
        )
    assert refused.value.errors[0].pointer == "#/matches/0/amount"
    receipts.match_receipt(session, receipt.number, [MatchDraft(second.number)], actor=STAFF)
    assert paid(second) == (39800, PaymentState.PAID)
    assert receipt.unmatched == Money(20400, "USD")

    receipts.refund_rest(
        session,
        receipt.number,
        amount=Money(20400, "USD"),
        refunded_on=TODAY,
        today=TODAY,
        reference="4410",
        reason="Paid twice",
        actor=STAFF,
    )
    assert receipt.unmatched == Money(0, "USD")
    with pytest.raises(ReceiptRefundedError):
        receipts.void_receipt(session, receipt.number, actor=STAFF, reason="mistake")
    actions = [entry.action for entry in entries_about(session, "receipt", receipt.number)]
    assert actions == [
        "receipt.recorded",
        "receipt.matched",
        "receipt.matched",
        "receipt.matched",
        "receipt.refunded",
    ]


def test_void_opens_the_orders_again_and_frees_the_number(session: Session) -> None:
    first, second = on_terms(session), on_terms(session)
    receipt = record(session, 79600, MatchDraft(first.number), MatchDraft(second.number))
    for _ in range(2):
        receipts.void_receipt(session, receipt.number, actor=STAFF, reason="another store's")
    assert paid(first) == paid(second) == (0, PaymentState.UNPAID)
    assert (receipt.matched_amount, receipt.unmatched.amount) == (0, 0)
    with pytest.raises(ReceiptVoidError):
        receipts.match_receipt(session, receipt.number, [MatchDraft(first.number)], actor=STAFF)
    again = record(session, 79600, MatchDraft(first.number))
    assert again.number != receipt.number
    assert paid(first) == (39800, PaymentState.PAID)


def test_undone_match_becomes_credit(session: Session) -> None:
    first, second = on_terms(session), on_terms(session)
    receipt = record(session, 79600, MatchDraft(first.number), MatchDraft(second.number))
    (payment,) = second.payments
    receipts.void_order_payment(
        session, second, payment_id=payment.id, actor=STAFF, reason="wrong order"
    )
    assert paid(first) == (39800, PaymentState.PAID)
    assert paid(second) == (0, PaymentState.UNPAID)
    assert receipt.unmatched == Money(39800, "USD")
    (payment,) = first.payments
    receipts.void_order_payment(
        session, first, payment_id=payment.id, actor=STAFF, reason="not ours"
    )
    assert receipt.voided_at


def test_same_check_is_one_receipt_and_other_facts_are_refused(session: Session) -> None:
    first, second = on_terms(session), on_terms(session)
    receipt = record(session, 39800, MatchDraft(first.number))
    assert record(session, 39800, MatchDraft(first.number)) is receipt
    assert paid(first) == (39800, PaymentState.PAID)
    with pytest.raises(ReceiptTakenError):
        record(session, 39900, MatchDraft(first.number))
    with pytest.raises(ReceiptTakenError):
        record(session, 39800, MatchDraft(second.number))
    elsewhere = on_terms(session, "Other School")
    assert record(session, 39800, MatchDraft(elsewhere.number)) is not receipt


def test_match_of_another_institution_is_refused(session: Session) -> None:
    ours = on_terms(session)
    theirs = on_terms(session, "Other School")
    with pytest.raises(InvalidInputError) as refused:
        record(session, 79600, MatchDraft(ours.number), MatchDraft(theirs.number))
    (problem,) = refused.value.errors
    assert problem.pointer == "#/matches/1/number"
    assert "Other School" in problem.detail


@pytest.mark.parametrize("number", ["RR-00000000", "INV-1", "", "\x00", "RR-" + "9" * 90])
def test_unknown_number_is_refused(session: Session, number: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        record(session, 100, MatchDraft(number))
    assert refused.value.errors[0].pointer == "#/matches/0/number"


def test_suggestions_begin_with_what_was_typed(session: Session) -> None:
    first, second = on_terms(session), on_terms(session)
    found = [target.order.number for target, _ in find_suggestions(session, q="", amount=39800)]
    assert found == [first.number, second.number]
    assert second.po_number is not None
    by_po = find_suggestions(session, q=second.po_number, amount=39800)
    assert by_po[0][0].order is second
    assert [owed for _, owed in find_suggestions(session, q="example coll", amount=None)] == [
        39800,
        39800,
    ]
    assert find_suggestions(session, q="", amount=None) == []


@pytest.mark.once(on="postgresql")
def test_concurrent_matches_never_pay_more_than_there_is(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        numbers = [on_terms(session).number for _ in range(3)]
        receipt = record(session, 59700).number

    def matching(number: str) -> Work:
        chosen = [MatchDraft(number, 19900)]
        return lambda session: receipts.match_receipt(session, receipt, chosen, actor=STAFF).id

    results = at_once(sessions, *(matching(numbers[index % 3]) for index in range(12)))
    refused = [result for result in results if isinstance(result, InvalidInputError)]
    assert len(refused) == 9
    with sessions() as session:
        stored = get_receipt(session, receipt)
        assert stored.unmatched.amount == 0
        orders = [get_order_by_number(session, number) for number in numbers]
        assert sum(order.paid_amount for order in orders) == 59700


Step = tuple[str, int, int]


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("record", "match", "undo", "refund", "void", "card")),
            st.integers(0, 5),
            st.integers(1, 60000),
        ),
        max_size=14,
    )
)
def test_sums_are_exact_after_any_sequence(
    sessions: sessionmaker[Session], steps: Sequence[Step]
) -> None:
    with sessions.begin() as session:
        orders = [on_terms(session).number for _ in range(3)]
        known: list[str] = []
    for step in steps:
        try:
            with sessions.begin() as session:
                take(session, step, orders, known)
        except AppError:
            pass  # refused as a whole
        with sessions() as session:
            check_sums(session, orders, known)


def take(session: Session, step: Step, orders: list[str], known: list[str]) -> None:
    kind, index, amount = step
    order = orders[index % 3]
    if kind == "card":
        factories.pay(session, get_order_by_number(session, order), amount=amount)
    elif kind == "record":
        matches = [MatchDraft(order, None if index < 3 else amount // 2 or 1)]
        number = new_number("C")
        made = receipts.record_receipt(
            session, draft(amount, number), matches, today=TODAY, actor=STAFF
        )
        known.append(made.number)
    elif known:
        number = known[index % len(known)]
        receipt = get_receipt(session, number)
        if kind == "match":
            receipts.match_receipt(session, number, [MatchDraft(order, amount)], actor=STAFF)
        elif kind == "undo" and receipt.active_matches:
            match_id = receipt.active_matches[0].id
            receipts.undo_match(session, number, match_id=match_id, actor=STAFF, reason="r")
        elif kind == "void":
            receipts.void_receipt(session, number, actor=STAFF, reason="r")
        elif kind == "refund":
            receipts.refund_rest(
                session,
                number,
                amount=Money(amount, "USD"),
                refunded_on=TODAY,
                today=TODAY,
                reference="1",
                reason="r",
                actor=STAFF,
            )


def check_sums(session: Session, orders: list[str], known: list[str]) -> None:
    from_receipts = dict.fromkeys(orders, 0)
    for receipt in session.scalars(select(Receipt).where(Receipt.number.in_(known))):
        matched = sum(match.amount for match in receipt.active_matches)
        refunded = sum(refund.amount for refund in receipt.refunds)
        assert (matched, refunded) == (receipt.matched_amount, receipt.refunded_amount)
        if receipt.voided_at is None:
            assert receipt.amount == matched + refunded + receipt.unmatched.amount
        else:
            assert (matched, receipt.unmatched.amount) == (0, 0)
        for match in receipt.active_matches:
            from_receipts[match.order.number] += match.amount
    for number in orders:
        order = get_order_by_number(session, number)
        cards = sum(p.amount for p in order.payments if p.method is PaymentMethod.CARD)
        assert order.paid_amount == cards + from_receipts[number]
