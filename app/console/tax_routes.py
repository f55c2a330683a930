"""Tax: the table of rates, and the tax of one order."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.accounts.permissions import Scope
from app.billing import tax_rates
from app.billing.states import TaxKind
from app.billing.tax_places import name_place
from app.billing.tax_schemas import TaxRateIn
from app.console.access import OrderReader, Staff, require_scopes
from app.console.fields import Line, Number, parse_date, parse_money, require_text
from app.console.forms.submission import submit
from app.console.order_routes import draw_order
from app.console.pages import draw_page
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.request_middleware import SettingsDep
from app.orders.queries import get_order_by_number
from app.orders.taxes import enter_tax, reassess_tax

router = APIRouter()
Biller = Annotated[Staff, Depends(require_scopes(Scope.BILLING_WRITE))]
RateRef = Annotated[str, Path(pattern=r"^TR-[0-9A-Z]{8}$")]
KIND_LABELS = {
    TaxKind.TANGIBLE: "Discs",
    TaxKind.DIGITAL: "Files",
    TaxKind.LICENSE: "Streams and other licenses",
    TaxKind.SHIPPING: "Shipping",
    TaxKind.CHARGE: "Charges",
}
RATES = "/console/tax-rates"


@router.get("/tax-rates", summary="Tax rates")
def tax_rate_list(request: Request, staff: OrderReader, session: ReadSessionDep) -> Response:
    """Show the table of tax rates, with a form to add one."""
    return _draw_rates(request, staff, session)


@router.post("/tax-rates", summary="Add a tax rate")
def add_tax_rate(
    request: Request,
    *,
    staff: Biller,
    country: Line = "",
    region: Line = "",
    kind: Line = "",
    name: Line = "",
    percent: Line = "",
    valid_from: Line = "",
    valid_to: Line = "",
    once: Line = "",
) -> Response:
    """Add a rate, which is never edited."""
    typed = {
        "country": country,
        "region": region,
        "kind": kind,
        "name": name,
        "percent": percent,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }

    def work(session: Session) -> None:
        dates = {
            field: parse_date(field, text)
            for field, text in (("valid_from", valid_from), ("valid_to", valid_to))
        }
        try:
            draft = TaxRateIn.model_validate({**typed, **dates})
        except ValidationError as error:
            raise InvalidInputError.of(*_field_problems(error)) from error
        tax_rates.add_rate(session, draft=draft, actor=staff.actor)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw_rates(request, staff, session, error, typed),
        path=RATES,
        done="tax-rate-added",
    )


@router.post("/tax-rates/{ref}/end", summary="End a tax rate")
def end_tax_rate(
    request: Request, *, staff: Biller, ref: RateRef, valid_to: Line = "", once: Line = ""
) -> Response:
    """Set the last day of a rate."""

    def work(session: Session) -> None:
        last = parse_date("end_on", valid_to)
        tax_rates.end_rate(session, ref=ref, valid_to=last, actor=staff.actor)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw_rates(request, staff, session, error),
        path=RATES,
        done="tax-rate-ended",
    )


@router.post("/tax-rates/{ref}/remove", summary="Remove a tax rate that has not begun")
def remove_tax_rate(request: Request, staff: Biller, ref: RateRef, once: Line = "") -> Response:
    """Remove a rate that has not begun."""
    return submit(
        request,
        once,
        lambda session: tax_rates.remove_rate(session, ref=ref, actor=staff.actor),
        redraw=lambda session, error: _draw_rates(request, staff, session, error),
        path=RATES,
        done="tax-rate-removed",
    )


@router.post("/orders/{number}/tax", summary="Enter the tax of an order")
def enter_order_tax(
    request: Request,
    *,
    staff: Biller,
    number: Number,
    tax: Line = "",
    tax_reason: Line = "",
    once: Line = "",
) -> Response:
    """Enter the tax of an unpaid order. The buyer gets an email."""

    def work(session: Session) -> None:
        order = get_order_by_number(session, number)
        typed = require_text("tax", tax, message="Enter the tax, or 0 if none is due.")
        enter_tax(
            session,
            order,
            amount=parse_money("tax", typed, order.currency).amount,
            reason=require_text("tax_reason", tax_reason, message="Enter a reason."),
            actor=staff.actor,
        )

    return _change_tax(
        request, staff, number, once, work, typed={"tax": tax, "tax_reason": tax_reason}
    )


@router.post("/orders/{number}/tax/assess", summary="Compute the tax of an order again")
def assess_order_tax_again(
    request: Request, settings: SettingsDep, staff: Biller, number: Number, once: Line = ""
) -> Response:
    """Compute the tax of an unpaid order by today's rates and certificates."""

    def work(session: Session) -> None:
        order = get_order_by_number(session, number)
        reason = "computed again by staff"
        reassess_tax(session, order, settings=settings, reason=reason, actor=staff.actor)

    return _change_tax(request, staff, number, once, work, typed={})


def _change_tax(  # noqa: PLR0917 - as its callers read
    request: Request,
    staff: Staff,
    number: str,
    once: str,
    work: Callable[[Session], None],
    typed: dict[str, str],
) -> Response:
    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: draw_order(
            request, staff, session, number, problem=error, typed=typed
        ),
        path=f"/console/orders/{number}",
        done="tax-set",
        anchor="tax-row",
    )


def _draw_rates(
    request: Request,
    staff: Staff,
    session: Session,
    problem: AppError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    rates = tax_rates.find_rates(session)
    return draw_page(
        request,
        staff,
        "tax_rates.html",
        problem=problem,
        typed=typed,
        rates=rates,
        places={rate.place: name_place(rate.place) for rate in rates},
        kinds=KIND_LABELS,
        today=clock.today(),
    )


def _field_problems(error: ValidationError) -> list[FieldProblem]:
    """Return the problems of a rate by the fields of its form."""
    problems = []
    for found in error.errors():
        field = str(found["loc"][0]) if found["loc"] else "region"
        message = str(found["msg"]).removeprefix("Value error, ")
        plain = PLAIN_MESSAGES.get(field) if found["type"] != "value_error" else None
        problems.append(FieldProblem(f"#/{field}", plain or message))
    return problems


PLAIN_MESSAGES = {
    "country": "Enter a two-letter country code, like US.",
    "kind": "Choose what is taxed.",
    "name": "Enter the name of the tax, like New York sales tax.",
    "percent": "Enter a percentage, like 8.875.",
}
