"""Mails about money: it came, it is on its way, it did not come, it went back."""

from sqlalchemy.orm import Session

from app.core import mail
from app.core.money import Money
from app.orders import links
from app.orders.card_limits import is_too_small
from app.orders.holds import suspended
from app.orders.letter_parts import (
    certificates,
    keep_the_link,
    licenses_of,
    rows_of,
    send,
    signature,
    totals_of,
)
from app.orders.letters import Letter, Link, Row
from app.orders.local_days import local_day
from app.orders.mails import received_key
from app.orders.models import Order, Refund
from app.orders.next_steps import other_ways
from app.orders.states import LicenseEffect, PaymentMethod, PaymentState


def payment_received(session: Session, order: Order, paid: Money, *, reference: str) -> None:
    """Tell the buyer that the order is paid, what is licensed now, and where the documents are.

    If the mail about the order still waits, this one stands for both.
    """
    mail.drop(session, received_key(order))
    granted = [line.license for line in order.lines if line.license is not None]
    one = "Your license is granted" if len(granted) == 1 else "Your licenses are granted"
    following = [
        f"{one}, and the certificate proves it: keep it with your records."
        if granted
        else "Your documents are on the order's page."
    ]
    if any(not line.ships for line in order.lines):
        following.insert(0, "We write to you when the files are ready.")
    if order.ships:
        following.insert(0, "We pack the disc now and write to you when it leaves.")
    told = f"We received {paid.words_in(order.country)} for order {order.number}."
    send(
        session,
        order,
        key=f"payment-received:{order.number}:{reference}"[:200],
        letter=Letter(
            subject=f"Payment received for order {order.number}",
            headline="Thank you for your payment",
            paragraphs=[" ".join([told, *following])],
            action=Link("Open your order", links.order_page(order)),
            rows=rows_of(order),
            totals=[*totals_of(order), ("Paid", order.paid.words_in(order.country))],
            facts=licenses_of(granted),
            documents=certificates(order, granted),
            closing=[keep_the_link()],
            signature=signature(order),
        ),
    )


def payment_in_part(session: Session, order: Order, paid: Money, *, reference: str) -> None:
    """Tell the buyer that a part of the sum arrived, and what is still to be paid."""
    if order.payment_state is PaymentState.PENDING:
        rest = "Your bank has been asked for the rest; there is nothing to do."
    elif is_too_small(order.balance):
        rest = f"The rest is too small for a card payment. {other_ways(order)}"
    else:
        rest = (
            "You can pay the rest by card or bank debit on the order's page. If you think that "
            f"you paid all of it, write to {order.seller['email']}."
        )
    send(
        session,
        order,
        key=f"payment-in-part:{order.number}:{reference}"[:200],
        letter=Letter(
            subject=f"A part of the payment for order {order.number} arrived",
            headline="A part of your payment arrived",
            paragraphs=[
                (
                    f"We received {paid.words_in(order.country)} for order {order.number}. "
                    f"{order.balance.words_in(order.country)} of "
                    f"{order.total.words_in(order.country)} is still to be paid."
                ),
                rest,
            ],
            action=Link("Open your order", links.order_page(order)),
            totals=[*totals_of(order), ("Paid", order.paid.words_in(order.country))],
            signature=signature(order),
        ),
    )


def payment_voided(session: Session, order: Order, money: Money, *, payment_id: int) -> None:
    """Tell the buyer that a payment was recorded by mistake."""
    paragraphs = [
        (
            f"We recorded a payment of {money.words_in(order.country)} for order {order.number} "
            "by mistake, and have corrected that. No money was moved."
        )
    ]
    if order.balance.amount:
        paragraphs.append(f"{order.balance.words_in(order.country)} is still to be paid.")
    if suspended(order):
        paragraphs.append("Your license is on hold until then.")
    send(
        session,
        order,
        key=f"payment-voided:{order.number}:{payment_id}",
        letter=Letter(
            subject=f"Correction to the payments of order {order.number}",
            headline="A correction to your order",
            paragraphs=paragraphs,
            action=Link("Open your order", links.order_page(order)),
            signature=signature(order),
        ),
    )


def payment_pending(session: Session, order: Order, *, reference: str) -> None:
    """Tell the buyer that the bank debit is under way."""
    mail.drop(session, received_key(order))
    send(
        session,
        order,
        key=f"payment-pending:{order.number}:{reference}"[:200],
        letter=Letter(
            subject=f"Your bank debit for order {order.number} is under way",
            headline="Your bank debit is under way",
            paragraphs=[
                (
                    f"Your bank has been asked for {order.balance.words_in(order.country)} for "
                    f"order {order.number}. Banks take up to five business days."
                ),
                (
                    "There is nothing to do meanwhile. We write to you as soon as the money is "
                    "here, and your license is granted at that moment."
                ),
            ],
            action=Link("Open your order", links.order_page(order)),
            rows=rows_of(order),
            totals=totals_of(order),
            closing=[keep_the_link()],
            signature=signature(order),
        ),
    )


def payment_failed(session: Session, order: Order, *, reason: str, reference: str) -> None:
    """Tell the buyer that the bank debit failed, and how to pay otherwise."""
    why = f" The bank said: {reason.rstrip('.')}." if reason else ""
    until = local_day(order, order.expires_at) if order.expires_at else ""
    held = f" We hold the order until {until}." if until else ""
    send(
        session,
        order,
        key=f"payment-failed:{order.number}:{reference}"[:200],
        letter=Letter(
            subject=f"The payment for order {order.number} did not go through",
            headline="Your payment did not go through",
            paragraphs=[
                (
                    f"Your bank did not pay {order.balance.words_in(order.country)} for order "
                    f"{order.number}.{why}"
                ),
                (
                    f"Nothing was charged, and nothing is lost.{held} You can try again, or pay "
                    "another way, on the order's page."
                ),
            ],
            action=Link("Continue to payment", links.order_page(order)),
            signature=signature(order),
        ),
    )


def refunded(session: Session, order: Order, refund: Refund) -> None:
    """Tell the buyer that money went back, and what that means for the licenses."""
    one = len(order.lines) == 1
    effect = "Your license stays as it is." if one else "Your licenses stay as they are."
    if refund.license_effect is LicenseEffect.REVOKE:
        whose = "The license" if one else "The licenses of the refunded lines"
        effect = f"{whose} ended with it."
    how = "went back the way it came. Cards and banks show it within five to ten business days."
    if refund.payment.method in {PaymentMethod.CHECK, PaymentMethod.OTHER}:
        how = "is refunded."
    titles: dict[object, str] = {line.number: line.full_title for line in order.lines}
    titles |= {"shipping": "Shipping", "overpayment": "Paid too much"}
    send(
        session,
        order,
        key=f"refunded:{order.number}:{refund.id}",
        letter=Letter(
            subject=f"Refund for order {order.number}",
            headline=f"We refunded {refund.money.words_in(order.country)}",
            paragraphs=[
                (f"{refund.money.words_in(order.country)} of order {order.number} {how} {effect}")
            ],
            rows=[
                Row(
                    titles.get(entry["line"], str(entry["line"])),
                    "",
                    Money(entry["amount"], refund.currency).words_in(order.country),
                )
                for entry in refund.allocations
            ],
            totals=[("Refunded", refund.money.words_in(order.country))]
            if refund.allocations
            else [],
            action=Link("Open your order", links.order_page(order)),
            signature=signature(order),
        ),
    )
