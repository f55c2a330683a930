"""Corrections of orders and of their tax at the same moment as each other and as payments."""

from collections.abc import Callable
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.models import AuditEntry
from app.billing.models import Invoice
from app.core.email_models import OutboxEmail
from app.core.idempotency import Idempotency
from app.orders.acceptance import accept
from app.orders.corrections import OrderCorrection, correct_order
from app.orders.errors import LinesSettledError
from app.orders.line_corrections import LineCorrection, correct_lines
from app.orders.models import Order
from app.orders.queries import get_order_by_number
from app.orders.schemas import StaffOrderOut
from app.orders.serializers import staff_out
from app.orders.states import IssueCode, OrderState, PaymentState
from app.orders.taxes import enter_tax, reassess_tax
from tests import factories
from tests.billing.test_exemptions import BY_RATES
from tests.factories import STAFF
from tests.orders.test_races import Sessions, Work, at_once, paying

PRICE = 39800


def correcting(number: str, sku: str, quantity: int) -> Work:
    def work(session: Session) -> object:
        correction = LineCorrection.model_validate(
            {"lines": [{"offer": sku, "quantity": quantity}]}
        )
        return correct_lines(
            session, number, correction, reason=f"{quantity}", settings=BY_RATES, actor=STAFF
        ).total_amount

    return work


def placed(session: Session, po_number: str = "") -> tuple[str, str]:
    order = factories.order(session, settings=BY_RATES, po_number=po_number)
    session.commit()
    return order.number, order.lines[0].sku


def check_sums(order: Order) -> None:
    """Check that the sums of the order are those of its parts."""
    assert order.subtotal_amount == sum(line.total_amount for line in order.lines)
    assert order.tax_amount == sum(line.tax_amount for line in order.lines)
    assert order.total_amount == order.subtotal_amount + order.shipping_amount + order.tax_amount


def rated(session: Session) -> None:
    factories.tax_rate(session, percent="10")
    session.commit()


def count_corrections(session: Session, number: str) -> int:
    changed = select(func.count(AuditEntry.id)).where(
        AuditEntry.action == "order.changed", AuditEntry.object_ref == number
    )
    return session.scalar(changed) or 0


def test_two_staff_correct_one_after_the_other(session: Session, sessions: Sessions) -> None:
    rated(session)
    number, sku = placed(session)

    at_once(sessions, *[correcting(number, sku, quantity) for quantity in (2, 3, 2, 3)])

    session.expire_all()
    order = get_order_by_number(session, number)
    check_sums(order)
    [line] = order.lines
    assert line.quantity in {2, 3}
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "order.changed").order_by(AuditEntry.id)
    ).all()
    totals = [(entry.before or {}, entry.after or {}) for entry in entries]
    # Each begins where the one before it ended.
    for (_, after), (before, _) in pairwise(totals):
        assert before == after
    assert totals[-1][1]["total"] == order.total_amount


def test_payment_beside_a_correction_is_never_lost(session: Session, sessions: Sessions) -> None:
    rated(session)
    for turn in range(4):
        number, sku = placed(session)
        old_total = get_order_by_number(session, number).total_amount
        session.rollback()

        results = at_once(
            sessions, paying(number, f"pi_{turn}", old_total), correcting(number, sku, 2)
        )

        session.expire_all()
        order = get_order_by_number(session, number)
        check_sums(order)
        assert order.paid_amount == old_total
        if isinstance(results[1], LinesSettledError):
            assert (order.state, order.lines[0].quantity) == (OrderState.ACCEPTED, 1)
        else:
            codes = [issue.code for issue in order.issues if issue.cleared_at is None]
            assert order.payment_state is PaymentState.PARTIALLY_PAID
            assert codes == [IssueCode.AMOUNT_MISMATCH]
        session.rollback()


def test_acceptance_beside_a_correction_invoices_what_was_accepted(
    session: Session, sessions: Sessions
) -> None:
    rated(session)

    def accepting(number: str) -> Callable[[Session], object]:
        return lambda s: accept(s, get_order_by_number(s, number), actor=STAFF).total_amount

    for turn in range(4):
        number, sku = placed(session, po_number=f"PO-{turn}")

        at_once(sessions, accepting(number), correcting(number, sku, 2))

        session.expire_all()
        order = get_order_by_number(session, number)
        check_sums(order)
        [invoice] = session.scalars(select(Invoice).where(Invoice.order_number == number))
        assert (order.state, invoice.total_amount) == (OrderState.ACCEPTED, order.total_amount)
        assert order.purchase_order is not None
        assert order.purchase_order.used_amount == order.total_amount
        session.rollback()


def test_same_key_corrects_once(session: Session, sessions: Sessions) -> None:
    rated(session)
    number, sku = placed(session)

    def once(session: Session) -> object:
        key = Idempotency.of_form("test", "once", owner="staff")

        def work() -> StaffOrderOut:
            correcting(number, sku, 2)(session)
            return staff_out(session, get_order_by_number(session, number))

        return key.run_once(session, StaffOrderOut, work)

    results = at_once(sessions, *[once] * 6)

    assert {result.total.amount for result in results if isinstance(result, StaffOrderOut)} == {
        2 * PRICE * 11 // 10
    }
    assert count_corrections(session, number) == 1
    sent = select(func.count(OutboxEmail.id)).where(OutboxEmail.kind == "order-lines-corrected")
    assert session.scalar(sent) == 1


def test_corrected_address_and_number_beside_lines_lose_nothing(
    session: Session, sessions: Sessions
) -> None:
    rated(session)
    number, sku = placed(session)
    order = get_order_by_number(session, number)
    moved = {**(order.shipping or {}), "line1": "9 New Street"}
    session.rollback()

    def moving(session: Session) -> object:
        correction = OrderCorrection.model_validate({"shipping_address": moved, "phone": "1"})
        return correct_order(
            session, number, correction, reason="x", settings=BY_RATES, actor=STAFF
        )

    at_once(sessions, moving, correcting(number, sku, 2), moving, correcting(number, sku, 2))

    session.expire_all()
    order = get_order_by_number(session, number)
    check_sums(order)
    assert (order.lines[0].quantity, order.phone) == (2, "1")
    assert (order.shipping or {})["line1"] == "9 New Street"
    assert count_corrections(session, number) == 2


def test_concurrent_tax_decisions_keep_the_sums_exact(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    number, sku = placed(session)  # no rate is known yet
    rated(session)

    def assessing(session: Session) -> object:
        order = get_order_by_number(session, number)
        return reassess_tax(session, order, settings=BY_RATES, reason="x", actor=STAFF).tax_amount

    def entering(session: Session) -> object:
        order = get_order_by_number(session, number)
        return enter_tax(session, order, amount=1234, reason="x", actor=STAFF).tax_amount

    for _ in range(2):
        at_once(sessions, *[assessing, entering] * 3, correcting(number, sku, 2))

    session.expire_all()
    order = get_order_by_number(session, number)
    check_sums(order)
    assert order.tax_amount in {1234, 2 * PRICE // 10}
    codes = [issue.code for issue in order.issues if issue.cleared_at is None]
    assert IssueCode.TAX_UNRESOLVED not in codes


def test_tax_entered_beside_a_payment_is_refused_or_owed(
    session: Session, sessions: Sessions
) -> None:
    for turn in range(4):
        number, _ = placed(session)
        enter = enter_at(number)
        results = at_once(sessions, enter, paying(number, f"pi_tax_{turn}", PRICE))
        session.expire_all()
        order = get_order_by_number(session, number)
        check_sums(order)
        is_taxed = not isinstance(results[0], Exception)
        assert order.tax_amount == (500 if is_taxed else 0)
        session.rollback()


def enter_at(number: str) -> Work:
    def work(session: Session) -> object:
        order = get_order_by_number(session, number)
        return enter_tax(session, order, amount=500, reason="x", actor=STAFF).tax_amount

    return work
