"""The work queue: all tasks with their order, age, and next step."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from app.accounts.permissions import Scope
from app.billing.models import PurchaseOrderFile, PurchaseOrderReview
from app.billing.states import ExemptionState, PurchaseOrderDecision
from app.billing.tax_models import TaxExemption
from app.console.access import OrderReader
from app.console.fields import EmptyIsNone
from app.console.pages import draw_page
from app.console.status_marks import Shape
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.email_models import EmailStatus, OutboxEmail
from app.core.money import Money
from app.core.text import isolate
from app.core.workers import JobStatus
from app.orders.holds import find_hold
from app.orders.models import Order, OrderIssue, Refund, Shipment
from app.orders.queries import find_film_titles
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
from app.work_queues import WORK_QUEUES

# One type must not push all others off the page.
PER_SOURCE = 200


class TaskType(StrEnum):
    """Types of tasks, in the order of the queue."""

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
    """Label, shape, and responsible role of a type of tasks."""

    label: str
    shape: Shape
    scope: Scope
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
    """The next step: a page, or with ``post`` a form of one button."""

    label: str
    path: str
    post: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One reason for staff to act."""

    kind: TaskType
    since: datetime
    reason: str
    step: Step
    number: str = ""
    institution: str = ""
    total: Money | None = None
    is_unconfirmed: bool = False
    facts: TaskTypeInfo = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", TASK_TYPES[self.kind])


# The task type, the label, and the section of the order page for each issue.
ISSUE_STEPS: dict[IssueCode, tuple[TaskType, str, str]] = {
    IssueCode.DISPUTE_OPEN: (TaskType.DISPUTE, "View dispute", "payments"),
    IssueCode.DISPUTE_LOST: (TaskType.DISPUTE, "Review license", "reinstate"),
    IssueCode.AMOUNT_MISMATCH: (TaskType.MONEY, "Compare payments", "payments"),
    IssueCode.PAID_AFTER_CLOSE: (TaskType.MONEY, "Keep or refund", "payments"),
    IssueCode.PAID_TWICE: (TaskType.MONEY, "Refund duplicate", "payments"),
    IssueCode.PAYMENT_REFUSED: (TaskType.MONEY, "Offer other payment", "concerns"),
    IssueCode.TAX_UNRESOLVED: (TaskType.MONEY, "Enter the tax", "tax"),
    IssueCode.REFUND_FAILED: (TaskType.MONEY, "View refund", "refunds"),
    IssueCode.EXTERNAL_REFUND: (TaskType.MONEY, "Review license", "refunds"),
    IssueCode.PO_REVIEW: (TaskType.ACCEPT, "Review purchase order", "/purchase-order"),
    IssueCode.PO_LIMIT: (TaskType.ACCEPT, "View purchase order", "/purchase-order"),
    IssueCode.DUPLICATE_PO: (TaskType.ACCEPT, "Compare orders", "concerns"),
    IssueCode.LICENSE_NOT_GRANTED: (TaskType.LICENSE, "View line", "lines"),
}


def find_tasks(session: Session, *, scopes: frozenset[Scope]) -> list[Task]:
    """Return all tasks that a person with ``scopes`` may see, by type, oldest first."""
    items = [
        *_issue_tasks(session),
        *_countered_tasks(session),
        *_shipment_tasks(session),
        *_pending_payment_tasks(session),
        *_overdue_tasks(session),
        *_refund_tasks(session),
        *_exemption_tasks(session),
        *_failed_email_tasks(session),
        *_retried_email_tasks(session),
    ]
    if Scope.EVENTS_READ in scopes:
        items += [*_event_tasks(session), *_finding_tasks(session)]
    order = list(TaskType)
    return sorted(items, key=lambda item: (order.index(item.kind), item.since))


def count_tasks(items: Iterable[Task]) -> dict[TaskType, int]:
    """Return the number of tasks by type, without empty types."""
    counts: dict[TaskType, int] = {}
    for item in items:
        counts[item.kind] = counts.get(item.kind, 0) + 1
    return counts


def _order_task(row: Row, kind: TaskType, *, since: datetime, reason: str, step: Step) -> Task:  # type: ignore[type-arg]
    return Task(
        kind=kind,
        since=since,
        reason=reason,
        step=step,
        number=row.number,
        institution=row.institution,
        total=Money(row.total_amount, row.currency),
        is_unconfirmed=row.is_unconfirmed,
    )


_ORDER = (
    Order.number,
    Order.institution,
    Order.total_amount,
    Order.currency,
    and_(Order.institution_id.is_not(None), Order.confirmed_at.is_(None)).label("is_unconfirmed"),
)


def _issue_tasks(session: Session) -> Iterable[Task]:
    rows = session.execute(
        select(OrderIssue.code, OrderIssue.detail, OrderIssue.created_at, *_ORDER)
        .join(Order, Order.id == OrderIssue.order_id)
        .where(OrderIssue.cleared_at.is_(None))
        .order_by(OrderIssue.created_at)
        .limit(PER_SOURCE)
    )
    for row in rows:
        kind, label, anchor = ISSUE_STEPS[row.code]
        place = anchor if anchor.startswith("/") else f"#{anchor}"
        step = Step(label, f"/console/orders/{row.number}{place}")
        yield _order_task(row, kind, since=row.created_at, reason=row.detail, step=step)


def _countered_tasks(session: Session) -> Iterable[Task]:
    """Return the purchase orders that buyers are to correct, until another PDF comes."""
    newer = aliased(PurchaseOrderReview)
    is_answered = exists().where(
        PurchaseOrderFile.order_number == Order.number,
        PurchaseOrderFile.id > func.coalesce(PurchaseOrderReview.file_id, 0),
    )
    is_decided_again = exists().where(
        newer.order_number == Order.number, newer.id > PurchaseOrderReview.id
    )
    rows = session.execute(
        select(PurchaseOrderReview.created_at, Order.po_number, *_ORDER)
        .join(Order, Order.number == PurchaseOrderReview.order_number)
        .where(
            PurchaseOrderReview.decision == PurchaseOrderDecision.COUNTERED,
            PurchaseOrderReview.purchase_order_id == Order.purchase_order_id,
            Order.state == OrderState.SUBMITTED,
            ~is_answered,
            ~is_decided_again,
        )
        .order_by(PurchaseOrderReview.created_at)
        .limit(PER_SOURCE)
    )
    for row in rows:
        reason = f"Waiting for the buyer to correct purchase order {isolate(row.po_number)}."
        step = Step("View purchase order", f"/console/orders/{row.number}/purchase-order")
        yield _order_task(row, TaskType.WAIT, since=row.created_at, reason=reason, step=step)


def _exemption_tasks(session: Session) -> Iterable[Task]:
    rows = session.scalars(
        select(TaxExemption)
        .where(TaxExemption.state == ExemptionState.PENDING)
        .order_by(TaxExemption.id)
        .limit(PER_SOURCE)
    )
    for row in rows:
        yield Task(
            kind=TaskType.MONEY,
            since=row.created_at,
            reason=f"Tax exemption of {isolate(row.holder)} to review.",
            step=Step("Review certificate", f"/console/exemptions/{row.ref}"),
            institution=row.holder,
        )


def _shipment_tasks(session: Session) -> Iterable[Task]:
    rows = session.execute(
        select(Shipment, Order)
        .join(Order, Order.id == Shipment.order_id)
        .where(Shipment.state.in_(OPEN_SHIPMENTS))
        .order_by(Shipment.updated_at)
        .options(selectinload(Order.lines))
        .limit(PER_SOURCE)
    )
    for shipment, order in rows:
        yield _shipment_task(shipment, order)


def _shipment_task(shipment: Shipment, order: Order) -> Task:
    page = f"/console/orders/{order.number}"
    is_parcel = shipment.kind is ShipmentKind.PARCEL
    if hold := find_hold(order, shipment):
        subject = "Parcel on hold." if is_parcel else "Files or streams on hold."
        kind, reason = TaskType.WAIT, f"{subject} {hold}"
        step = Step("View hold", f"{page}#shipments")
    elif is_parcel and shipment.state is ShipmentState.PENDING:
        kind, reason = TaskType.PACK, "Parcel to pack."
        step = Step("Mark as packed", f"{page}/pack", post=True)
    elif is_parcel:
        kind, reason = TaskType.SHIP, "Packed. Add the carrier and tracking number."
        step = Step("Ship", f"{page}#ship")
    else:
        kind, reason = TaskType.SHIP, "Files to deliver."
        step = Step("Deliver files", f"{page}#ship")
    return Task(
        kind=kind,
        since=shipment.updated_at,
        reason=reason,
        step=step,
        number=order.number,
        institution=order.institution,
        total=order.total,
        is_unconfirmed=order.is_unconfirmed,
    )


def _pending_payment_tasks(session: Session) -> Iterable[Task]:
    rows = session.execute(_orders().where(Order.payment_state == PaymentState.PENDING))
    for row in rows:
        step = Step("View payment", f"/console/orders/{row.number}#payments")
        reason = "A bank debit is processing. It settles or fails within a few days."
        yield _order_task(row, TaskType.WAIT, since=row.updated_at, reason=reason, step=step)


def _overdue_tasks(session: Session) -> Iterable[Task]:
    rows = session.execute(
        _orders().where(
            Order.due_on < clock.today(),
            Order.payment_state.in_([PaymentState.UNPAID, PaymentState.PARTIALLY_PAID]),
            Order.state.in_([OrderState.ACCEPTED, OrderState.COMPLETED]),
        )
    )
    for row in rows:
        step = Step("View payments", f"/console/orders/{row.number}#payments")
        reason = f"Accepted on terms. Payment was due on {row.due_on:%B} {row.due_on.day}."
        since = datetime.combine(row.due_on, time(), UTC)
        yield _order_task(row, TaskType.MONEY, since=since, reason=reason, step=step)


def _orders() -> Select[datetime, date | None, str, str, int, str, bool]:
    return (
        select(Order.updated_at, Order.due_on, *_ORDER).order_by(Order.updated_at).limit(PER_SOURCE)
    )


def _refund_tasks(session: Session) -> Iterable[Task]:
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
        status = row.failure or "Stripe has not responded yet."
        reason = f"A refund of {back} is pending. {status}"
        yield _order_task(row, kind, since=row.created_at, reason=reason, step=step)


def _failed_email_tasks(session: Session) -> Iterable[Task]:
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
            reason=f"“{row.subject}” could not be sent to {row.to_address}.",
            step=Step("View and resend", f"/console/emails/{row.id}"),
            number=row.reference if row.reference.startswith("RR-") else "",
        )


def _retried_email_tasks(session: Session) -> Iterable[Task]:
    """Yield one task for all emails that are retried: usually the mail server fails."""
    failing = and_(OutboxEmail.status == EmailStatus.QUEUED, OutboxEmail.last_error.is_not(None))
    count, since = session.execute(
        select(func.count(), func.min(OutboxEmail.created_at)).where(failing)
    ).one()
    if count:
        last_error = session.scalar(
            select(OutboxEmail.last_error)
            .where(failing)
            .order_by(OutboxEmail.updated_at.desc())
            .limit(1)
        )
        verb = "email is waiting" if count == 1 else "emails are waiting"
        yield Task(
            kind=TaskType.EMAIL,
            since=since,
            reason=f"{count} {verb} for another attempt. The last attempt failed: {last_error}",
            step=Step("View emails", "/console/emails?status=queued"),
        )


def _event_tasks(session: Session) -> Iterable[Task]:
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
            reason=f"{row.type} could not be processed: {row.last_error or 'no error recorded'}",
            step=Step("View and retry", f"/console/events/{row.id}"),
            number=row.order_number or "",
        )


def _finding_tasks(session: Session) -> Iterable[Task]:
    last = session.scalar(
        select(ReconciliationRun)
        .where(ReconciliationRun.finished_at.is_not(None))
        .order_by(ReconciliationRun.id.desc())
        .limit(1)
    )
    if last is None:
        return
    count = sum(not finding["is_fixed"] for finding in last.findings)
    if not (count or last.error):
        return
    reason = (
        f"The nightly comparison with Stripe found {count} difference{'s' * (count != 1)}."
        if count
        else "The nightly comparison with Stripe failed."
    )
    yield Task(
        kind=TaskType.EVENT,
        since=last.started_at,
        reason=reason,
        step=Step("Review differences", f"/console/reconciliation/{last.id}"),
    )


router = APIRouter()


@router.get("/queue", summary="Work queue")
def queue_page(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    kind: Annotated[TaskType | None, EmptyIsNone, Query()] = None,
    mine: Annotated[bool, Query()] = False,
) -> Response:
    """Show all tasks, those of one type, or those that your own roles can do."""
    items = find_tasks(session, scopes=staff.scopes)
    if mine:
        items = [
            item
            for item in items
            if item.facts.scope in staff.scopes and item.kind is not TaskType.WAIT
        ]
    shown = [item for item in items if kind in {None, item.kind}]
    return draw_page(
        request,
        staff,
        "queue.html",
        items=shown,
        titles=find_film_titles(session, (item.number for item in shown if item.number)),
        total=len(items),
        counts=count_tasks(items),
        kinds=TASK_TYPES,
        kind=kind,
        mine=mine,
        jobs=JobStatus.read(session, WORK_QUEUES),
    )
