"""Orders that staff enter for a buyer: agreed prices, their approval, and placement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.models import StaffUser
from app.accounts.permissions import Scope, permissions_of
from app.billing.states import TaxState
from app.core import clock
from app.core.config import Settings
from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
from app.institutions.queries import choose_institution
from app.offers.licensing import Buyer
from app.orders.acceptance import accept
from app.orders.drafts import AcceptedText
from app.orders.models import Order
from app.orders.placement import StaffEntry, buyer_of, place_lines
from app.orders.priced_lines import PricedLine, price_draft
from app.orders.staff_drafts import StaffLine, StaffOrderDraft, TextsAcceptedBy
from app.orders.states import OrderState

PERCENT = 100
APPROVER_SCOPE = Scope.BILLING_WRITE


@dataclass(frozen=True, slots=True)
class Approver:
    """A member of staff who may approve discounts."""

    email: str
    name: str


def find_approvers(session: Session) -> list[Approver]:
    """Return the active members of staff who may approve discounts, by name."""
    users = session.scalars(
        select(StaffUser).where(StaffUser.active).order_by(StaffUser.name)
    ).all()
    return [
        Approver(user.email, user.name)
        for user in users
        if APPROVER_SCOPE in permissions_of(user.roles)
    ]


def place_staff_order(
    session: Session, draft: StaffOrderDraft, *, settings: Settings, actor: Actor
) -> Order:
    """Place an order for a buyer with the checks of any other order, and accept it on terms.

    With ``payment`` "link" it awaits payment, and the buyer gets the link by email. An order whose
    tax is unresolved waits for staff to enter the tax and accept it.

    Raises:
        InvalidInputError: one field problem for each rule that the draft breaks.
    """
    lines, problems = price_staff_lines(
        session,
        draft.lines,
        buyer_of(draft),
        approved_by=draft.approved_by,
        actor=actor,
        settings=settings,
    )
    problems += _agreement_problems(draft)
    if problems:
        raise InvalidInputError.of(*problems)
    institution = None
    if draft.institution_ref:
        institution = choose_institution(
            session, draft.institution_ref, pointer="#/institution_ref"
        )
    order = place_lines(
        session,
        draft,
        lines,
        settings=settings,
        actor=actor,
        charges=draft.charges,
        shipping=None
        if draft.shipping_amount is None
        else Money(draft.shipping_amount, settings.currency),
        entry=StaffEntry(
            entered_by=actor.label,
            texts_accepted_by=draft.texts_accepted_by,
            on_terms=draft.payment == "terms",
            institution=institution,
        ),
    )
    record_agreed_prices(session, lines, actor=actor, object_type="order", ref=order.number)
    can_be_accepted = (
        order.state is OrderState.SUBMITTED and order.tax_state is not TaxState.UNRESOLVED
    )
    if draft.payment == "terms" and can_be_accepted:
        accept(session, order, actor=actor, terms_days=draft.terms_days)
    return order


def accept_current_texts(
    session: Session, draft: StaffOrderDraft, *, settings: Settings
) -> StaffOrderDraft:
    """Return the draft with the license texts that its offers use today, as accepted."""
    lines, _ = price_draft(
        session, draft.lines, buyer_of(draft), on=clock.today(), currency=settings.currency
    )
    texts = dict.fromkeys(line.license_text for line in lines)
    accepted = [
        AcceptedText(code=text.code, version=text.version, sha256=text.sha256) for text in texts
    ]
    return draft.model_copy(update={"accepted_texts": accepted})


def price_staff_lines(
    session: Session,
    lines: Sequence[StaffLine],
    buyer: Buyer,
    *,
    approved_by: str | None,
    actor: Actor,
    settings: Settings,
) -> tuple[list[PricedLine], list[FieldProblem]]:
    """Return the lines at their agreed prices, and the problems with them.

    Each offer must be for sale to the buyer today, as in any order: only its price is agreed.
    """
    listed, problems = price_draft(
        session, lines, buyer, on=clock.today(), currency=settings.currency
    )
    if problems:
        return listed, problems
    approver = _find_approver(session, approved_by)
    if approved_by and approver is None:
        detail = "Choose an active member of staff who may issue invoices."
        problems.append(FieldProblem("#/approved_by", detail))
    agreed = []
    limit = settings.max_discount_percent
    for index, (line, wanted) in enumerate(zip(listed, lines, strict=True)):
        if wanted.unit_amount in {None, line.unit_amount}:
            agreed.append(line)
            continue
        amount = wanted.unit_amount or 0
        if not wanted.price_reason:
            detail = (
                "Enter why the license is free." if amount == 0 else "Enter why the price differs."
            )
            problems.append(FieldProblem(f"#/lines/{index}/price_reason", detail))
        discount = (line.unit_amount - amount) * PERCENT
        if discount > limit * line.unit_amount and not approved_by:
            detail = f"Choose who approved a discount of more than {limit} percent."
            problems.append(FieldProblem("#/approved_by", detail))
        agreed.append(_agree(line, amount, wanted.price_reason, approver, actor))
    return agreed, list(dict.fromkeys(problems))


def _agree(
    line: PricedLine, amount: int, reason: str, approver: Approver | None, actor: Actor
) -> PricedLine:
    """Return the line at the agreed price; its snapshot says so too."""
    unit = Money(amount, line.currency)
    listed = Money(line.unit_amount, line.currency)
    price: dict[str, Any] = line.snapshot["price"]
    label = f"Agreed price (list price {listed.words()})" if amount else "Complimentary license"
    snapshot = line.snapshot | {
        "price": price
        | {
            "unit": _money(unit),
            "total": _money(unit * line.quantity),
            "lines": [*price["lines"], {"label": label, "amount": _money(unit)}],
        },
        "agreement": {
            "list_unit_amount": line.unit_amount,
            "unit_amount": amount,
            "reason": reason,
            "agreed_by": actor.label,
            "approved_by": approver.name if approver else "",
        },
    }
    return replace(
        line,
        snapshot=snapshot,
        unit_amount=amount,
        list_unit_amount=line.unit_amount,
        price_reason=reason,
    )


def record_agreed_prices(
    session: Session, lines: Sequence[PricedLine], *, actor: Actor, object_type: str, ref: str
) -> None:
    """Record each agreed price in the audit log, with its reason and who approved it."""
    for line in lines:
        if line.list_unit_amount is not None:
            audit.record(
                session,
                actor=actor,
                action=f"{object_type}.price_agreed",
                object_type=object_type,
                object_ref=ref,
                before={
                    "sku": line.offer.sku,
                    "amount": line.list_unit_amount,
                    "currency": line.currency,
                },
                after={
                    "sku": line.offer.sku,
                    "amount": line.unit_amount,
                    "currency": line.currency,
                    "approved_by": line.snapshot["agreement"]["approved_by"] or "not needed",
                },
                reason=line.price_reason,
            )


def _find_approver(session: Session, email: str | None) -> Approver | None:
    approvers = find_approvers(session) if email else []
    return next((person for person in approvers if person.email == str(email).lower()), None)


def _agreement_problems(draft: StaffOrderDraft) -> list[FieldProblem]:
    problems = []
    needs_number = draft.texts_accepted_by is TextsAcceptedBy.PURCHASE_ORDER
    if not draft.po_number and (needs_number or draft.payment == "terms"):
        problems.append(FieldProblem("#/po_number", "Enter the purchase order number."))
    if draft.terms_days is not None and draft.payment == "link":
        detail = "Leave the terms empty, or place the order on terms."
        problems.append(FieldProblem("#/terms_days", detail))
    return problems


def _money(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}
