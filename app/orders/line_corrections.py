"""Corrections by staff of the lines of an order without payment and invoice."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.addresses import AddressIn
from app.billing.invoices import find_live_invoice
from app.billing.states import TaxState
from app.core import clock
from app.core.config import Settings
from app.core.email_address import Email
from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
from app.institutions.attachment import find_member
from app.offers.licensing import Buyer
from app.offers.models import Offer
from app.orders.charges import price_shipping
from app.orders.correction_emails import queue_lines_corrected
from app.orders.drafts import MAX_LINES, Charge
from app.orders.errors import LinesSettledError, OrderClosedError
from app.orders.issues import reopen_issue, resolve_issues
from app.orders.models import Order, OrderLine
from app.orders.payment_recording import complete_free_order
from app.orders.placement import (
    build_line,
    find_address_problems,
    find_total_problems,
)
from app.orders.priced_lines import PricedLine, TextReference, find_line_problems
from app.orders.purchase_order_review import compare_again
from app.orders.queries import lock_order
from app.orders.staff_drafts import StaffLine, TextsAcceptedBy
from app.orders.staff_orders import price_staff_lines, record_agreed_prices
from app.orders.states import IssueCode, OrderState, PaymentState
from app.orders.taxes import assess_order_tax, raise_unresolved_tax

log = logging.getLogger(__name__)
# What a correction of a line may change; its tax follows.
CORRECTED_COLUMNS = (
    "snapshot",
    "quantity",
    "unit_amount",
    "total_amount",
    "list_unit_amount",
    "price_reason",
    "starts_on",
    "ships",
)
# How long the buyer has at least to pay the corrected order.
TIME_TO_ANSWER = timedelta(days=30)


class LineCorrection(BaseModel):
    """All lines that the order is to have, and what they need."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: list[StaffLine] = Field(
        min_length=1,
        max_length=MAX_LINES,
        description=(
            "All lines that the order is to have. A line of the order whose `offer` and `quantity` "
            "stay keeps its price and terms, unless `unit_amount` says another price. Other lines "
            "get today's price"
        ),
    )
    shipping_address: AddressIn | None = Field(
        default=None, description="Required if the order gets its first disc"
    )
    approved_by: Email | None = Field(
        default=None,
        description=(
            "The email of the member of staff who approved the prices. Required for a discount "
            "above the store's limit"
        ),
    )
    texts_accepted_by: TextsAcceptedBy | None = Field(
        default=None,
        description="How the buyer accepted license texts that the order did not have before",
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A line that the order is to have, and the line of the order that it is now, if any."""

    position: int
    line: StaffLine
    present: OrderLine | None

    @property
    def is_unchanged(self) -> bool:
        """Whether the order has the line just so."""
        return (
            self.present is not None
            and self.line.quantity == self.present.quantity
            and self.line.unit_amount in {None, self.present.unit_amount}
            and self.line.starts_on in {None, self.present.starts_on}
        )

    def keep_agreed_price(self) -> StaffLine:
        """Return the line, at the price that was agreed before unless another one is given."""
        present = self.present
        if present is None or present.list_unit_amount is None:
            return self.line
        if self.line.unit_amount not in {None, present.unit_amount}:
            return self.line
        agreed = {
            "unit_amount": present.unit_amount,
            "price_reason": self.line.price_reason or present.price_reason,
        }
        return self.line.model_copy(update=agreed)


def correct_lines(
    session: Session,
    number: str,
    correction: LineCorrection,
    *,
    reason: str,
    settings: Settings,
    actor: Actor,
) -> Order:
    """Replace the lines of an order, with the checks and sums of an order that is placed.

    The tax is assessed again, the buyer gets the new summary by email, and payment pages with the
    old total are closed. Safe to repeat: an order that is as it should be is left alone.

    Raises:
        NotFoundError: no order has this number.
        InvalidInputError: one field problem for each rule that the lines break.
        OrderClosedError: the order is canceled or expired.
        LinesSettledError: the order is accepted, invoiced, licensed, or a payment was made.
    """
    order = lock_order(session, number)
    wanted = _match_lines(order, correction.lines)
    address = correction.shipping_address
    is_same_address = address is None or not order.ships or address.model_dump() == order.shipping
    if all(each.is_unchanged for each in wanted) and len(wanted) == len(order.lines):
        if is_same_address:
            return order
        detail = "Correct the shipping address with the other fields of the order."
        raise InvalidInputError.of(FieldProblem("#/shipping_address", detail))
    refuse_settled(session, order)
    lines = _price_lines(
        session, order, wanted, approved_by=correction.approved_by, settings=settings, actor=actor
    )
    ships = any(line.ships for line in lines)
    to = address or (AddressIn.model_validate(order.shipping) if order.shipping else None)
    shipping = _price_shipping(order, to if ships else None, settings)
    texts, problems = _accept_texts(order, lines, correction.texts_accepted_by, actor)
    problems += find_address_problems(lines, to=to, billed=order.country)
    problems += _find_total_problems(order, lines, shipping)
    if problems:
        raise InvalidInputError.of(*problems)
    before, old_total = _facts(order), order.total_amount
    _store_lines(order, wanted, lines)
    order.accepted_texts = texts
    order.shipping = to.model_dump() if ships and to is not None else None
    order.shipping_amount = shipping.amount
    order.subtotal_amount = sum(line.total_amount for line in lines)
    order.total_amount = (
        order.subtotal_amount + order.charges_amount + order.shipping_amount + order.tax_amount
    )
    order.repriced_at = clock.now()
    if order.expires_at is not None:
        order.expires_at = max(order.expires_at, clock.now() + TIME_TO_ANSWER)
    session.flush()
    assess_order_tax(session, order, settings=settings)
    session.flush()
    _refuse_total(session, order, old_total=old_total)
    if order.total_amount > old_total:
        order.credit_release = ""  # was given for less
    audit.record(
        session,
        actor=actor,
        action="order.changed",
        object_type="order",
        object_ref=order.number,
        before=before,
        after=_facts(order),
        reason=reason,
    )
    priced = [line for line, each in zip(lines, wanted, strict=True) if not each.is_unchanged]
    record_agreed_prices(session, priced, actor=actor, object_type="order", ref=order.number)
    _sync_issues(session, order, actor=actor)
    queue_lines_corrected(session, order)
    if order.total_amount == 0 and order.tax_state is not TaxState.UNRESOLVED:
        complete_free_order(session, order, actor=actor)
    log.info("order.lines_corrected", extra={"order": order.number, "total": str(order.total)})
    return order


def can_correct_lines(session: Session, order: Order) -> bool:
    """Return whether the lines of the order may still be corrected."""
    return order.state is OrderState.SUBMITTED and not _find_obstacle(session, order)


def refuse_settled(session: Session, order: Order) -> None:
    """Return if the lines of the order may still be corrected.

    Raises:
        OrderClosedError: the order is canceled or expired.
        LinesSettledError: it is accepted, invoiced, licensed, or a payment was made.
    """
    if order.state in {OrderState.CANCELED, OrderState.EXPIRED}:
        detail = f"Order {order.number} is {order.state}, so its items can't be corrected."
        raise OrderClosedError(detail)
    if obstacle := _find_obstacle(session, order):
        raise LinesSettledError(obstacle)


def _find_obstacle(session: Session, order: Order) -> str:
    invoice = find_live_invoice(session, order.number)
    if invoice is not None:
        return (
            f"Order {order.number} has invoice {invoice.number}, so its items can't be corrected. "
            "Cancel the order, which credits what the invoice asks for, and enter a new order."
        )
    if order.payments or order.payment_state is not PaymentState.UNPAID:
        return (
            f"A payment of order {order.number} was made, so its items can't be corrected. "
            "Refund it, and enter a new order."
        )
    has_license = any(line.license_id is not None for line in order.lines)
    if has_license or order.state is not OrderState.SUBMITTED:
        return (
            f"Order {order.number} is {order.state}, so its items can't be corrected. "
            "Cancel it, and enter a new order."
        )
    return ""


def _match_lines(order: Order, lines: Sequence[StaffLine]) -> list[_Wanted]:
    """Match each line with the line of the order that has its offer."""
    present: dict[str, list[OrderLine]] = defaultdict(list)
    for each in order.lines:
        present[each.sku].append(each)
    wanted: list[_Wanted] = []
    problems, seen = [], set()
    for position, line in enumerate(lines):
        of_order = present[line.offer].pop(0) if present[line.offer] else None
        if of_order is None and line.offer in seen:
            detail = f"{line.offer} is already in the order. Increase its quantity instead."
            problems.append(FieldProblem(f"#/lines/{position}/offer", detail))
        seen.add(line.offer)
        wanted.append(_Wanted(position, line, of_order))
    if problems:
        raise InvalidInputError.of(*problems)
    return wanted


def _price_lines(
    session: Session,
    order: Order,
    wanted: Sequence[_Wanted],
    *,
    approved_by: str | None,
    settings: Settings,
    actor: Actor,
) -> list[PricedLine]:
    """Return the lines: those that stay as they are, and the others at today's or agreed prices."""
    buyer = Buyer(customer_class=order.customer_class, size=order.size, country=order.country)
    changed = [each for each in wanted if not each.is_unchanged]
    priced, problems = price_staff_lines(
        session,
        [each.keep_agreed_price() for each in changed],
        buyer,
        approved_by=approved_by,
        actor=actor,
        settings=settings,
    )
    if problems:
        raise InvalidInputError.of(*(_move(problem, changed) for problem in problems))
    by_position: dict[int, PricedLine] = {}
    for each, line in zip(changed, priced, strict=True):
        present = each.present
        by_position[each.position] = line
        if present is not None:
            by_position[each.position] = replace(
                line,
                starts_on=each.line.starts_on or present.starts_on,
                ends_on=present.ends_on,
                renews=present.renews,
            )
    ids = [each.present.offer_id for each in wanted if each.present is not None]
    offers = {offer.id: offer for offer in session.scalars(select(Offer).where(Offer.id.in_(ids)))}
    for each in wanted:
        if each.is_unchanged and each.present is not None:
            offer = offers[each.present.offer_id]
            by_position[each.position] = PricedLine.of_agreed(each.present, offer)
    lines = [by_position[each.position] for each in wanted]
    problems = find_line_problems(
        session, lines, country=order.country, on=clock.today(), currency=settings.currency
    )
    if problems:
        raise InvalidInputError.of(*problems)
    return lines


def _move(problem: FieldProblem, changed: Sequence[_Wanted]) -> FieldProblem:
    """Return the problem with a changed line, at its position among all lines."""
    parts = problem.pointer.split("/")
    if parts[1] != "lines":
        return problem
    parts[2] = str(changed[int(parts[2])].position)
    return FieldProblem("/".join(parts), problem.detail)


def _price_shipping(order: Order, to: AddressIn | None, settings: Settings) -> Money:
    """Return the shipping price: as it was, for it may be agreed, unless another one applies."""
    present = AddressIn.model_validate(order.shipping) if order.shipping else None
    before, after = (
        price_shipping(
            settings,
            country=address.place if address else order.country,
            ships=address is not None,
        )
        for address in (present, to)
    )
    return order.shipping_price if before == after else after


def _accept_texts(
    order: Order,
    lines: Sequence[PricedLine],
    accepted_by: TextsAcceptedBy | None,
    actor: Actor,
) -> tuple[list[dict[str, Any]], list[FieldProblem]]:
    """Return the license texts of the lines as accepted, and those not accepted yet."""
    accepted = {
        (text["code"], text["version"], text["sha256"]): text for text in order.accepted_texts
    }
    texts: list[dict[str, Any]] = []
    problems: list[FieldProblem] = []
    for text in dict.fromkeys(line.license_text for line in lines):
        known = accepted.get((text.code, text.version, text.sha256))
        if known is None and accepted_by is None:
            detail = (
                f"Choose how the buyer accepted “{text.title}” ({text.code}, version "
                f"{text.version})."
            )
            problems.append(FieldProblem("#/texts_accepted_by", detail))
            continue
        texts.append(known or _accepted(text, accepted_by, actor))
    return texts, problems


def _accepted(
    text: TextReference, accepted_by: TextsAcceptedBy | None, actor: Actor
) -> dict[str, Any]:
    return {
        **asdict(text),
        "accepted_at": clock.now().isoformat(),
        "accepted_by": accepted_by,
        "recorded_by": actor.label,
    }


def _find_total_problems(
    order: Order, lines: Sequence[PricedLine], shipping: Money
) -> list[FieldProblem]:
    charges = [Charge.model_validate(charge) for charge in order.charges]
    return find_total_problems(lines, charges, shipping, po_number=order.po_number, draft=None)


def _refuse_total(session: Session, order: Order, *, old_total: int) -> None:
    """Refuse a total that the purchase order or the buyer's spending limit does not cover.

    What they did not cover before, staff or an approver have allowed.
    """
    purchase_order = order.purchase_order
    limit = purchase_order.limit if purchase_order is not None else None
    if limit is not None and old_total <= limit.amount < order.total_amount:
        detail = (
            f"The purchase order's limit is {limit.words()}, but the order would be "
            f"{order.total.words()}."
        )
        raise InvalidInputError.of(FieldProblem("#/lines", detail))
    member = find_member(session, order.email, institution_id=order.own_institution_id)
    if member is None or member.spending_limit is None:
        return
    if old_total <= member.spending_limit < order.total_amount:
        most = Money(member.spending_limit, order.currency).words()
        detail = (
            f"{order.email} may spend up to {most}, but the order would be {order.total.words()}. "
            "Send a quote, which an approver of the institution can accept."
        )
        raise InvalidInputError.of(FieldProblem("#/lines", detail))


def _store_lines(order: Order, wanted: Sequence[_Wanted], lines: Sequence[PricedLine]) -> None:
    """Change, add, and remove lines. A line that stays keeps its number, which documents name."""
    number = max(line.number for line in order.lines)
    stored = []
    for each, line in zip(wanted, lines, strict=True):
        if each.present is None:
            number += 1
            stored.append(build_line(number, line))
            continue
        if not each.is_unchanged:
            new = build_line(each.present.number, line)
            for name in CORRECTED_COLUMNS:
                setattr(each.present, name, getattr(new, name))
        stored.append(each.present)
    order.lines = sorted(stored, key=lambda line: line.number)


def _sync_issues(session: Session, order: Order, *, actor: Actor) -> None:
    """Put the purchase order and a tax that is unknown before staff again."""
    if order.tax_state is TaxState.UNRESOLVED:
        raise_unresolved_tax(session, order)
    else:
        resolve_issues(session, order, IssueCode.TAX_UNRESOLVED, actor=actor)
    if order.purchase_order is not None:
        compare_again(session, order, actor=actor)
        detail = f"The items were corrected. Check purchase order {order.po_number} again."
        reopen_issue(session, order, IssueCode.PO_REVIEW, detail)


def _facts(order: Order) -> dict[str, Any]:
    return {
        "lines": [
            {
                "line": line.number,
                "offer": line.sku,
                "quantity": line.quantity,
                "unit_amount": line.unit_amount,
            }
            for line in order.lines
        ],
        "shipping": order.shipping,
        "shipping_amount": order.shipping_amount,
        "tax_amount": order.tax_amount,
        "total": order.total_amount,
    }
