"""What a customer used, and the keys of its harvesters."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.console.access import CustomerEditor, OrderReader, Staff
from app.console.fields import Line, Number
from app.console.forms.submission import run_once
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.institutions.queries import get_institution
from app.portal.usage_view import METRIC_LABELS, SHOWN, read_year
from app.usage.keys import create_counter_key, find_counter_keys, revoke_counter_key

router = APIRouter(prefix="/customers/{number}/usage")


@router.get("", summary="Usage of a customer")
def usage_page(
    request: Request,
    staff: OrderReader,
    session: ReadSessionDep,
    number: Number,
    year: int | None = None,
) -> Response:
    """Show the use of a year by film, and the keys."""
    return _draw(request, staff, session, number, year=year)


@router.post("/keys", summary="Create a COUNTER key")
def new_key(
    request: Request, *, staff: CustomerEditor, number: Number, label: Line = "", once: Line = ""
) -> Response:
    """Create a key and show it in the response, because it can't be shown later."""
    created: list[str] = []

    def work(session: Session) -> None:
        institution = get_institution(session, number)
        created.append(create_counter_key(session, institution, label, actor=staff.actor))

    problem = None
    try:
        if not run_once(request, once, work):
            return see_other(f"/console/customers/{number}/usage", done="twice")
    except AppError as error:
        problem = error
    with app_state(request).readers() as session:
        return _draw(
            request,
            staff,
            session,
            number,
            problem=problem,
            key=created[0] if created else "",
            label="" if created else label,
        )


@router.post("/keys/revoke", summary="Revoke a COUNTER key")
def end_key(request: Request, staff: CustomerEditor, number: Number, ref: Line = "") -> Response:
    """Revoke a key. Repeating it changes nothing."""
    with app_state(request).sessions.begin() as session:
        institution = get_institution(session, number)
        revoke_counter_key(session, institution.id, ref, actor=staff.actor)
    return see_other(f"/console/customers/{number}/usage", done="key-revoked")


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    year: int | None = None,
    problem: AppError | None = None,
    key: str = "",
    label: str = "",
) -> Response:
    customer = get_institution(session, number)
    return draw_page(
        request,
        staff,
        "customer_usage.html",
        problem=problem,
        customer=customer,
        use=read_year(session, customer, year),
        metrics=[(metric, METRIC_LABELS[metric]) for metric in SHOWN],
        keys=find_counter_keys(session, customer.id),
        key=key,
        typed={"label": label},
    )
