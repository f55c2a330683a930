"""Whether too little or too much was paid: said while it is so, and taken back when it is not."""

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core.money import Money
from app.orders.issues import clear_one, raise_issue
from app.orders.models import Order
from app.orders.states import COUNTED_REFUNDS, IssueCode


def settle_amount_concerns(session: Session, order: Order, *, about: str, actor: Actor) -> None:
    """Bring the concerns about the order's sums to what the sums say now.

    ``about`` names what moved the sums, such as a payment's reference.
    """
    session.flush()
    over = _over(order)
    open_ = [concern for concern in order.issues if concern.cleared_at is None]
    twice = [concern for concern in open_ if concern.code is IssueCode.PAID_TWICE]
    if over and twice:
        return  # both say what to refund, and the sums are above the total as before
    detail = _detail(order, over)
    # A payment in another currency never entered the sums: a person settles what is said of it.
    foreign = {p.reference for p in order.payments if p.currency != order.currency}
    said = [
        concern
        for concern in open_
        if concern.code is IssueCode.AMOUNT_MISMATCH and concern.about not in foreign
    ]
    for concern in (*twice, *said):
        if concern.detail != detail:
            clear_one(session, order, concern, actor=actor)
    if detail and all(concern.detail != detail for concern in said):
        # Named with the sum: the same payment can be voided and recorded again.
        name = f"{about} {order.paid_amount}"[-255:]
        raise_issue(session, order, IssueCode.AMOUNT_MISMATCH, detail, about=name)


def _detail(order: Order, over: int) -> str:
    if over:
        excess = Money(over, order.currency)
        return (
            f"{order.paid.words()} was paid, an overpayment of {excess.words()}. Refund the "
            f"difference."
        )
    if order.refunded_amount >= order.paid_amount or order.paid_amount >= order.total_amount:
        return ""
    missing = order.balance.words()
    return f"{order.paid.words()} of {order.total.words()} was paid. {missing} is due."


def _over(order: Order) -> int:
    """Return what is still here of the money beyond the order's total."""
    returned = sum(
        entry["amount"]
        for refund in order.refunds
        if refund.status in COUNTED_REFUNDS
        for entry in refund.allocations
        if entry["line"] == "overpayment"
    )
    kept = order.paid_amount - order.refunded_amount
    over = order.paid_amount - order.total_amount - returned
    return over if over > 0 and kept > order.total_amount else 0
