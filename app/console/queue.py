"""Work queue: every reason with its order, its age and its next step, in one list."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.permissions import Scope
from app.console.status_marks import Shape
from app.core import clock
from app.core.email_models import EmailStatus, OutboxEmail
from app.core.money import Money
from app.orders.holds import find_hold
from app.orders.models import Order, OrderIssue, Refund, Shipment
from app.orders.states import (
    OPEN_SHIPMENTS,
    IssueCode,
    OrderState,
    PaymentState,
    RefundStatus,
    ShipmentKind,
    ShipmentState,
)
from app.payments.models import ReconciliationRun, StripeEvent

# One kind of trouble must not push all others off the page.
PER_SOURCE = 200


class TaskType(StrEnum):
    """A pile of the queue. The order here is the order in which they are worked."""

    DISPUTE = "dispute"
    MONEY = "money"
    ACCEPT = "accept"
    LICENSE = "license"
    PACK = "pack"
    SHIP = "ship"
    WAIT = "wait"
    EVENT = "event"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class TaskTypeInfo:
    """How a pile is named, drawn and whose work it is."""

    label: str
    shape: Shape
    acts: Scope
    assigned_to: str


TASK_TYPES: dict[TaskType, TaskTypeInfo] = {
    TaskType.DISPUTE: TaskTypeInfo("Dispute", Shape.ALERT, Scope.REFUNDS_WRITE, "finance"),
    TaskType.MONEY: TaskTypeInfo("Payment", Shape.ALERT, Scope.REFUNDS_WRITE, "finance"),
    TaskType.ACCEPT: TaskTypeInfo("To accept", Shape.EMPTY, Scope.ORDERS_WRITE, "sales"),
    TaskType.LICENSE: TaskTypeInfo("License", Shape.ALERT, Scope.ORDERS_WRITE, "sales"),
    TaskType.PACK: TaskTypeInfo("To pack", Shape.EMPTY, Scope.FULFILLMENT_WRITE, "fulfillment"),
    TaskType.SHIP: TaskTypeInfo("To deliver", Shape.HALF, Scope.FULFILLMENT_WRITE, "fulfillment"),
    TaskType.WAIT: TaskTypeInfo("Waiting", Shape.PAUSE, Scope.ORDERS_READ, "no one"),
    TaskType.EVENT: TaskTypeInfo("Payment event", Shape.ALERT, Scope.EVENTS_WRITE, "finance"),
    TaskType.EMAIL: TaskTypeInfo("Email", Shape.ALERT, Scope.ORDERS_WRITE, "sales"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: a page to go to, or with ``post`` a form of one button."""

    label: str
    path: str
    post: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One reason why somebody is needed."""

    kind: TaskType
    since: datetime
    why: str
    step: Step
    number: str = ""
    institution: str = ""
    total: Money | None = None
    facts: TaskTypeInfo = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", TASK_TYPES[self.kind])


# What each concern is about, and the part of the order's page where it is dealt with.
ISSUE_STEPS: dict[IssueCode, tuple[TaskType, str, str]] = {
    IssueCode.DISPUTE_OPEN: (TaskType.DISPUTE, "View dispute", "payments"),
    IssueCode.DISPUTE_LOST: (TaskType.DISPUTE, "Review license", "reinstate"),
    IssueCode.AMOUNT_MISMATCH: (TaskType.MONEY, "Compare payments", "payments"),
    IssueCode.PAID_AFTER_CLOSE: (TaskType.MONEY, "Keep or refund", "payments"),
    IssueCode.PAID_TWICE: (TaskType.MONEY, "Refund duplicate", "payments"),
    IssueCode.PAYMENT_REFUSED: (TaskType.MONEY, "Offer other payment", "concerns"),
    IssueCode.REFUND_FAILED: (TaskType.MONEY, "View refund", "refunds"),
    IssueCode.EXTERNAL_REFUND: (TaskType.MONEY, "Review license", "refunds"),
    IssueCode.PO_REVIEW: (TaskType.ACCEPT, "Accept on terms", "accept"),
    IssueCode.DUPLICATE_PO: (TaskType.ACCEPT, "Compare orders", "concerns"),
    IssueCode.LICENSE_NOT_GRANTED: (TaskType.LICENSE, "View line", "lines"),
}


def queue(session: Session, *, scopes: frozenset[Scope]) -> list[Task]:
    """Return what waits for anyone, as far as a person with ``scopes`` may see it.

    Piles in the order of :class:`QueueKind`; within one, what has waited longest comes first.
    """
    items = [
        *_concerns(session),
        *_shipments(session),
        *_pending(session),
        *_overdue(session),
        *_slow_refunds(session),
        *_emails(session),
        *_waiting_emails(session),
    ]
    if Scope.EVENTS_READ in scopes:
        items += [*_events(session), *_findings(session)]
    order = list(TaskType)
    return sorted(items, key=lambda item: (order.index(item.kind), item.since))


def counts(items: Iterable[Task]) -> dict[TaskType, int]:
    """Return how many items each pile has; empty piles are left out."""
    found: dict[TaskType, int] = {}
    for item in items:
        found[item.kind] = found.get(item.kind, 0) + 1
    return found


def _order_item(row: Row, kind: TaskType, *, since: datetime, why: str, step: Step) -> Task:  # type: ignore[type-arg]
    return Task(
        kind=kind,
        since=since,
        why=why,
        step=step,
        number=row.number,
        institution=row.institution,
        total=Money(row.total_amount, row.currency),
    )


_ORDER = (Order.number, Order.institution, Order.total_amount, Order.currency)


def _concerns(session: Session) -> Iterable[Task]:
    rows = session.execute(
        select(OrderIssue.code, OrderIssue.detail, OrderIssue.created_at, *_ORDER)
        .join(Order, Order.id == OrderIssue.order_id)
        .where(OrderIssue.cleared_at.is_(None))
        .order_by(OrderIssue.created_at)
        .limit(PER_SOURCE)
    )
    for row in rows:
        kind, label, anchor = ISSUE_STEPS[row.code]
        step = Step(label, f"/console/orders/{row.number}#{anchor}")
        yield _order_item(row, kind, since=row.created_at, why=row.detail, step=step)


def _shipments(session: Session) -> Iterable[Task]:
    rows = session.execute(
        select(Shipment, Order)
        .join(Order, Order.id == Shipment.order_id)
        .where(Shipment.state.in_(OPEN_SHIPMENTS))
        .order_by(Shipment.updated_at)
        .options(selectinload(Order.lines))
        .limit(PER_SOURCE)
    )
    for shipment, order in rows:
        yield _shipment(shipment, order)


def _shipment(shipment: Shipment, order: Order) -> Task:
    page = f"/console/orders/{order.number}"
    is_parcel = shipment.kind is ShipmentKind.PARCEL
    if hold := find_hold(order, shipment):
        what = "Parcel on hold." if is_parcel else "Files or streams on hold."
        kind, why = TaskType.WAIT, f"{what} {hold}"
        step = Step("View hold", f"{page}#shipments")
    elif is_parcel and shipment.state is ShipmentState.PENDING:
        kind, why = TaskType.PACK, "Parcel to pack."
        step = Step("Mark as packed", f"{page}/pack", post=True)
    elif is_parcel:
        kind, why = TaskType.SHIP, "Packed. Add the carrier and tracking number."
        step = Step("Ship", f"{page}#ship")
    else:
        kind, why = TaskType.SHIP, "Files to deliver."
        step = Step("Deliver files", f"{page}#ship")
    return Task(
        kind=kind,
        since=shipment.updated_at,
        why=why,
        step=step,
        number=order.number,
        institution=order.institution,
        total=order.total,
    )


def _pending(session: Session) -> Iterable[Task]:
    rows = session.execute(_orders().where(Order.payment_state == PaymentState.PENDING))
    for row in rows:
        step = Step("View payment", f"/console/orders/{row.number}#payments")
        why = "A bank debit is processing. It settles or fails within a few days."
        yield _order_item(row, TaskType.WAIT, since=row.updated_at, why=why, step=step)


def _overdue(session: Session) -> Iterable[Task]:
    rows = session.execute(
        _orders().where(
            Order.due_on < clock.today(),
            Order.payment_state.in_([PaymentState.UNPAID, PaymentState.PARTIALLY_PAID]),
            Order.state.in_([OrderState.ACCEPTED, OrderState.COMPLETED]),
        )
    )
    for row in rows:
        step = Step("View payments", f"/console/orders/{row.number}#payments")
        why = f"Accepted on terms. Payment was due on {row.due_on:%B} {row.due_on.day}."
        since = datetime.combine(row.due_on, time(), UTC)
        yield _order_item(row, TaskType.MONEY, since=since, why=why, step=step)


def _orders() -> Select[datetime, date | None, str, str, int, str]:
    return (
        select(Order.updated_at, Order.due_on, *_ORDER).order_by(Order.updated_at).limit(PER_SOURCE)
    )


def _slow_refunds(session: Session) -> Iterable[Task]:
    rows = session.execute(
        select(Refund.amount.label("back"), Refund.created_at, Refund.failure, *_ORDER)
        .join(Order, Order.id == Refund.order_id)
        .where(
            or_(
                Refund.status == RefundStatus.REQUESTED,
                and_(Refund.status == RefundStatus.PENDING, Refund.failure > ""),
            )
        )
        .order_by(Refund.created_at)
        .limit(PER_SOURCE)
    )
    for row in rows:
        back = Money(row.back, row.currency).words()
        step = Step("View refund", f"/console/orders/{row.number}#refunds")
        kind = TaskType.MONEY if row.failure else TaskType.WAIT
        held = row.failure or "Stripe has not responded yet."
        why = f"A refund of {back} is pending. {held}"
        yield _order_item(row, kind, since=row.created_at, why=why, step=step)


def _emails(session: Session) -> Iterable[Task]:
    rows = session.execute(
        select(
            OutboxEmail.id,
            OutboxEmail.reference,
            OutboxEmail.to_address,
            OutboxEmail.subject,
            OutboxEmail.updated_at,
        )
        .where(OutboxEmail.status == EmailStatus.FAILED)
        .order_by(OutboxEmail.updated_at)
        .limit(PER_SOURCE)
    )
    for row in rows:
        yield Task(
            kind=TaskType.EMAIL,
            since=row.updated_at,
            why=f"“{row.subject}” could not be sent to {row.to_address}.",
            step=Step("View and resend", f"/console/emails/{row.id}"),
            number=row.reference if row.reference.startswith("RR-") else "",
        )


def _waiting_emails(session: Session) -> Iterable[Task]:
    """Tell once of all emails that wait after a failed attempt: mostly it is the mail server."""
    failing = and_(OutboxEmail.status == EmailStatus.QUEUED, OutboxEmail.last_error.is_not(None))
    many, since = session.execute(
        select(func.count(), func.min(OutboxEmail.created_at)).where(failing)
    ).one()
    if many:
        said = session.scalar(
            select(OutboxEmail.last_error)
            .where(failing)
            .order_by(OutboxEmail.updated_at.desc())
            .limit(1)
        )
        verb = "email is waiting" if many == 1 else "emails are waiting"
        yield Task(
            kind=TaskType.EMAIL,
            since=since,
            why=f"{many} {verb} for another attempt. The last attempt failed: {said}",
            step=Step("View emails", "/console/emails?status=queued"),
        )


def _events(session: Session) -> Iterable[Task]:
    rows = session.execute(
        select(
            StripeEvent.id,
            StripeEvent.type,
            StripeEvent.order_number,
            StripeEvent.last_error,
            StripeEvent.received_at,
        )
        .where(StripeEvent.is_stuck)
        .order_by(StripeEvent.received_at)
        .limit(PER_SOURCE)
    )
    for row in rows:
        yield Task(
            kind=TaskType.EVENT,
            since=row.received_at,
            why=f"{row.type} could not be processed: {row.last_error or 'no error recorded'}",
            step=Step("View and retry", f"/console/events/{row.id}"),
            number=row.order_number or "",
        )


def _findings(session: Session) -> Iterable[Task]:
    last = session.scalar(
        select(ReconciliationRun)
        .where(ReconciliationRun.finished_at.is_not(None))
        .order_by(ReconciliationRun.id.desc())
        .limit(1)
    )
    if last is None:
        return
    many = sum(not finding["is_fixed"] for finding in last.findings)
    if not (many or last.error):
        return
    why = (
        f"The nightly comparison with Stripe found {many} difference{'s' * (many != 1)}."
        if many
        else "The nightly comparison with Stripe failed."
    )
    yield Task(
        kind=TaskType.EVENT,
        since=last.started_at,
        why=why,
        step=Step("Review differences", f"/console/reconciliation/{last.id}"),
    )
