"""Payments received: the list, recording a check or transfer, and the page of one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from starlette.datastructures import FormData

from app.accounts import audit
from app.console.access import Biller, OrderReader, Staff
from app.console.fields import Line, Number, PageNumber, Search, parse_date, parse_money
from app.console.forms.submission import SubmittedForm, get_text, run_once, submit
from app.console.lists import find_entities_page
from app.console.pages import draw_page, see_other
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.money import Money
from app.core.request_middleware import SettingsDep
from app.orders.states import OFFLINE_METHODS, PaymentMethod
from app.receivables import receipts
from app.receivables.models import Receipt, ReceiptMatch
from app.receivables.queries import build_receipt_conditions, find_suggestions, get_receipt
from app.receivables.receipts import MatchDraft, ReceiptDraft
from app.receivables.targets import Target, count_owed, find_target

router = APIRouter(prefix="/receipts")
FIELDS = ("payer", "method", "number", "amount/amount", "received_on", "deposit", "find")
REQUIRED = {
    "payer": "Enter the payer.",
    "number": "Enter the check or transfer number.",
    "amount/amount": "Enter an amount greater than 0.",
}
MAX_ROWS = 100
RowId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class MatchRow:
    """An invoice or order that the form offers to match."""

    target: Target
    owed: Money
    is_chosen: bool
    typed: str

    @property
    def is_overdue(self) -> bool:
        """Return whether its day has passed."""
        due_on = self.target.due_on
        return due_on is not None and due_on < clock.today()


@router.get("", summary="Payments received")
def receipt_list(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    q: Search = "",
    show: Annotated[str, Query(pattern="^(all|unmatched)$")] = "all",
    number: PageNumber = 1,
) -> Response:
    """Show checks and transfers, the newest first."""
    unmatched = True if show == "unmatched" else None
    statement = (
        select(Receipt)
        .options(selectinload(Receipt.matches).joinedload(ReceiptMatch.order).raiseload("*"))
        .where(*build_receipt_conditions(q, unmatched=unmatched))
        .order_by(Receipt.received_on.desc(), Receipt.id.desc())
    )
    rows = find_entities_page(session, statement, page=number)
    return draw_page(request, staff, "receipts.html", rows=rows, q=q, show=show)


@router.get("/new", summary="Record a payment")
def new_receipt(
    request: Request, staff: Biller, session: ReadSessionDep, q: Search = ""
) -> Response:
    """Show the form of a check or transfer; ``q`` names what it may pay."""
    settings = app_state(request).settings
    typed = {"find": q, "received_on": clock.today(settings.seller_time_zone).isoformat()}
    return _draw_form(request, staff, session, typed, FormData())


@router.post("/new", summary="Record a check or transfer")
def record_receipt(
    request: Request, staff: Biller, settings: SettingsDep, form: SubmittedForm
) -> Response:
    """Look for what a check may pay, or record it and match it with what was chosen."""
    typed = {name: get_text(form, name) for name in FIELDS}
    if get_text(form, "step") != "record":
        with app_state(request).readers() as session:
            return _draw_form(request, staff, session, typed, form)
    made: list[str] = []

    def work(session: Session) -> None:
        today = clock.today(settings.seller_time_zone)
        draft = _read_draft(typed, settings.currency)
        matches = _read_matches(form, settings.currency)
        receipt = receipts.record_receipt(session, draft, matches, today=today, actor=staff.actor)
        made.append(receipt.number)

    try:
        is_new = run_once(request, get_text(form, "once"), work)
    except AppError as problem:
        with app_state(request).readers() as session:
            return _draw_form(request, staff, session, typed, form, problem=problem)
    if not is_new:
        return see_other("/console/receipts", done="twice")
    return see_other(f"/console/receipts/{made[0]}", done="paid")


@router.get("/{number}", summary="One payment")
def receipt_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, number: Number, q: Search = ""
) -> Response:
    """Show a check or transfer and what it pays."""
    return _draw_receipt(request, staff, session, number, find=q)


@router.post("/{number}/match", summary="Match a payment")
def match_receipt(request: Request, staff: Biller, number: Number, form: SubmittedForm) -> Response:
    """Match what is left with more of what the institution owes."""

    def work(session: Session) -> None:
        currency = get_receipt(session, number).currency
        matches = _read_matches(form, currency)
        receipts.match_receipt(session, number, matches, actor=staff.actor)

    return _change(request, staff, number, get_text(form, "once"), work, done="matched", form=form)


@router.post("/{number}/matches/{match}/undo", summary="Undo a match")
def undo_match(
    request: Request,
    *,
    staff: Biller,
    number: Number,
    match: RowId,
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Take a match back, with a reason."""

    def work(session: Session) -> None:
        why = _require_reason("undo_reason", reason)
        receipts.undo_match(session, number, match_id=match, actor=staff.actor, reason=why)

    typed = {"undo_reason": reason, "undo_match": match}
    return _change(request, staff, number, once, work, done="match-undone", typed=typed)


@router.post("/{number}/refund", summary="Record a refund by hand")
def refund_receipt(
    request: Request,
    *,
    staff: Biller,
    settings: SettingsDep,
    number: Number,
    amount: Line = "",
    reference: Line = "",
    refunded_on: Line = "",
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Record that what is left was sent back by a check or transfer of ours."""
    typed: dict[str, object] = {
        "amount": amount,
        "reference": reference,
        "refunded_on": refunded_on,
        "refund_reason": reason,
    }

    def work(session: Session) -> None:
        today = clock.today(settings.seller_time_zone)
        currency = get_receipt(session, number).currency
        if not reference:
            detail = "Enter the number of your check or transfer."
            raise InvalidInputError.of(FieldProblem("#/reference", detail))
        receipts.refund_rest(
            session,
            number,
            amount=parse_money("amount", amount, currency),
            refunded_on=parse_date("refunded_on", refunded_on) or today,
            today=today,
            reference=reference[:120],
            reason=_require_reason("refund_reason", reason),
            actor=staff.actor,
        )

    return _change(request, staff, number, once, work, done="rest-refunded", typed=typed)


@router.post("/{number}/void", summary="Void a payment")
def void_receipt(
    request: Request, staff: Biller, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """Void a check or transfer that was recorded by mistake."""

    def work(session: Session) -> None:
        why = _require_reason("void_reason", reason)
        receipts.void_receipt(session, number, actor=staff.actor, reason=why)

    typed = {"void_reason": reason}
    return _change(request, staff, number, once, work, done="voided", typed=typed)


def _change(
    request: Request,
    staff: Staff,
    number: str,
    once: str,
    work: Callable[[Session], None],
    *,
    done: str,
    typed: Mapping[str, object] | None = None,
    form: FormData | None = None,
) -> Response:
    return submit(
        request,
        once,
        work,
        redraw=lambda session, problem: _draw_receipt(
            request, staff, session, number, problem=problem, typed=typed, form=form
        ),
        path=f"/console/receipts/{number}",
        done=done,
    )


def _require_reason(field: str, reason: str) -> str:
    if not reason:
        raise InvalidInputError.of(FieldProblem(f"#/{field}", "Enter a reason."))
    return reason


def _read_draft(typed: dict[str, str], currency: str) -> ReceiptDraft:
    problems = [
        FieldProblem(f"#/{name}", detail)
        for name, detail in REQUIRED.items()
        if not typed[name].strip()
    ]
    if problems:
        raise InvalidInputError.of(*problems)
    received_on = parse_date("received_on", typed["received_on"])
    if received_on is None:
        raise InvalidInputError.of(FieldProblem("#/received_on", "Enter a date like 2026-11-22."))
    method = typed["method"]
    return ReceiptDraft(
        payer=" ".join(typed["payer"].split()),
        # What is no method of ours is refused as a card is.
        method=PaymentMethod(method) if method in OFFLINE_METHODS else PaymentMethod.CARD,
        reference=" ".join(typed["number"].split())[:120],
        amount=parse_money("amount/amount", typed["amount/amount"], currency),
        received_on=received_on,
        deposit=" ".join(typed["deposit"].split())[:120],
    )


def _chosen(form: FormData) -> list[tuple[str, str]]:
    """Return the number and the typed amount of each row that was chosen."""
    rows = []
    for index in range(MAX_ROWS):
        number = get_text(form, f"matches/{index}/number", 40)
        if number:
            rows.append((number, get_text(form, f"matches/{index}/amount", 20)))
    return rows


def _read_matches(form: FormData, currency: str) -> list[MatchDraft]:
    return [
        MatchDraft(
            number,
            parse_money(f"matches/{index}/amount", typed, currency).amount
            if typed.strip()
            else None,
        )
        for index, (number, typed) in enumerate(_chosen(form))
    ]


def _rows(
    session: Session,
    form: FormData,
    suggested: Sequence[tuple[Target, int]],
    *,
    find: str,
) -> list[MatchRow]:
    """Return what was chosen before, in its order, and then what may be meant."""
    rows = []
    known = set()
    for number, typed in _chosen(form):
        target = find_target(session, number)
        if isinstance(target, Target) and target.order.id not in known:
            known.add(target.order.id)
            owed = Money(count_owed(target.order, target.invoice), target.order.currency)
            rows.append(MatchRow(target, owed, is_chosen=True, typed=typed))
    wanted = find.strip().upper()
    for target, rest in suggested:
        if target.order.id not in known:
            owed = Money(rest, target.order.currency)
            is_named = bool(wanted) and wanted in {target.number, target.order.number}
            rows.append(MatchRow(target, owed, is_chosen=is_named, typed=""))
    return rows


def _draw_form(
    request: Request,
    staff: Staff,
    session: Session,
    typed: dict[str, str],
    form: FormData,
    *,
    problem: AppError | None = None,
) -> Response:
    settings = app_state(request).settings
    find = typed.get("find", "")
    amount = None
    with suppress(InvalidInputError):  # which is raised when the payment is recorded
        amount = parse_money("amount", typed.get("amount/amount", ""), settings.currency).amount
    suggested = find_suggestions(session, q=find or typed.get("payer", ""), amount=amount)
    return draw_page(
        request,
        staff,
        "new_receipt.html",
        problem=problem,
        typed=typed,
        rows=_rows(session, form, suggested, find=find),
        methods=OFFLINE_METHODS,
        has_searched=bool(form) or bool(find),
    )


def _draw_receipt(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
    form: FormData | None = None,
    find: str = "",
) -> Response:
    receipt = get_receipt(session, number)
    settings = app_state(request).settings
    suggested: list[tuple[Target, int]] = []
    if receipt.unmatched.amount:
        first = next(iter(receipt.active_matches), None)
        name = first.order.institution if first else receipt.payer
        suggested = find_suggestions(
            session, q=find or name, amount=receipt.unmatched.amount, receipt=receipt
        )
    return draw_page(
        request,
        staff,
        "receipt.html",
        problem=problem,
        typed=typed,
        receipt=receipt,
        rows=_rows(session, form or FormData(), suggested, find=find),
        find=find,
        today=clock.today(settings.seller_time_zone),
        history=audit.entries_about(session, "receipt", receipt.number),
    )
