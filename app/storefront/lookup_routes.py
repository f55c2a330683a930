"""Lookup of a list of films: paste or upload it, choose matches, download the answer.

Short lists are not stored: the page carries them from step to step. A list that is too long for
one answer has pages of its own (``long_list_routes``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.forms import read_large_form
from app.core.request_middleware import settings_of
from app.lookup import service as lists
from app.lookup.availability import MAX_ROWS
from app.offers.licensing import Buyer
from app.storefront import film_view, long_list_routes, lookup_view
from app.storefront.buyer_form import (
    CLASS_CHOICES,
    SIZE_HELP,
    parse_buyer_form,
    size_question,
    size_questions,
)
from app.storefront.cart_routes import add_offers_to_cart
from app.storefront.lookup_files import (
    MAX_TEXT_LENGTH,
    ListRefusedError,
    ListRow,
    csv_of,
    read_file,
    read_text,
    write_text,
    xlsx_of,
)
from app.storefront.lookup_view import LookupResult, answer_rows, choices_of, offer_table
from app.storefront.visitor import (
    FILLED_CART,
    BuyerDep,
    CartTokenDep,
    buyer_words,
    remember_buyer,
    remember_cart,
)
from app.web.rendering import render

router = APIRouter()
# A choice, and every license, for each row.
MAX_FIELDS = MAX_ROWS * 12


@dataclass(frozen=True, slots=True)
class LookupForm:
    """The list and the choices of a form, or the problem with the list."""

    values: dict[str, str]
    rows: list[ListRow] = field(default_factory=list)
    chosen: dict[int, str] = field(default_factory=dict)
    offers: list[str] = field(default_factory=list)
    problem: str = ""


async def _form(request: Request) -> FormData:
    form = await read_large_form(
        request, max_files=1, max_fields=MAX_FIELDS, max_part_bytes=MAX_TEXT_LENGTH * 2
    )
    file = form.get("file")
    if isinstance(file, UploadFile):
        # Read here, because endpoints are not async.
        request.state.upload = await file.read()
        await file.close()
    return form


def _lookup_form(request: Request, form: Annotated[FormData, Depends(_form)]) -> LookupForm:
    values: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            values.setdefault(name, value)
    upload: bytes = getattr(request.state, "upload", b"")
    try:
        rows = read_file(upload) if upload else read_text(values.get("list", ""))
    except ListRefusedError as error:
        return LookupForm(values, problem=str(error))
    if len(rows) > MAX_ROWS and request.url.path != "/lookup":
        message = f"The list has more than {MAX_ROWS:,} rows. Look it up again."
        return LookupForm(values, problem=message)
    offers = [sku for sku in form.getlist("offer") if isinstance(sku, str)]
    return LookupForm(values, rows, choices_of(values), list(dict.fromkeys(offers)))


LookupFormDep = Annotated[LookupForm, Depends(_lookup_form)]


@router.get("/lookup")
def lookup(
    request: Request, buyer: BuyerDep, deleted: Annotated[str, Query(max_length=1)] = ""
) -> Response:
    """Show the form for a list."""
    return _start(request, buyer, {"country": "US"}, {}, deleted=bool(deleted))


@router.post("/lookup")
def run_lookup(request: Request, form: LookupFormDep, buyer: BuyerDep) -> Response:
    """Show the answer to a list; the worker answers a long one."""
    problems = {"list": form.problem} if form.problem else {}
    new_buyer = None
    if buyer is None:
        new_buyer, wrong = parse_buyer_form(form.values)
        problems |= wrong
    if buyer is not None and buyer.size is None and form.values.get("size", "").strip():
        new_buyer, wrong = _with_size(buyer, form.values["size"])
        problems |= wrong
    current_buyer = new_buyer or buyer
    if problems or current_buyer is None:
        return _start(request, buyer, form.values, problems)
    state = app_state(request)
    response: Response
    if len(form.rows) > MAX_ROWS:
        with state.sessions.begin() as session:
            response = long_list_routes.save_list(request, session, form.rows, current_buyer)
    else:
        with state.readers() as session:
            lines = _answers(session, form, current_buyer)
            mark = form.values.get("mark", "")
            response = _answer(request, lines, current_buyer, chosen=form.offers, mark=mark)
    if new_buyer is not None:
        remember_buyer(request, response, new_buyer)
    return response


@router.post("/lookup/answer.csv")
def answer_csv(
    request: Request, session: ReadSessionDep, form: LookupFormDep, buyer: BuyerDep
) -> Response:
    """Return the answer as CSV."""
    if form.problem or buyer is None:
        return _start(request, buyer, form.values, {"list": form.problem} if form.problem else {})
    lines = _answers(session, form, buyer)
    data = csv_of(lines.rows, lines.answers, settings_of(request))
    return long_list_routes.download(data, "text/csv; charset=utf-8", "licensing.csv")


@router.post("/lookup/answer.xlsx")
def answer_xlsx(
    request: Request, session: ReadSessionDep, form: LookupFormDep, buyer: BuyerDep
) -> Response:
    """Return the answer as a workbook."""
    if form.problem or buyer is None:
        return _start(request, buyer, form.values, {"list": form.problem} if form.problem else {})
    lines = _answers(session, form, buyer)
    return long_list_routes.download(
        xlsx_of(lines.rows, lines.answers, settings_of(request)),
        long_list_routes.XLSX,
        "licensing.xlsx",
    )


@router.post("/lookup/cart")
def add_to_cart(
    request: Request, session: SessionDep, form: LookupFormDep, buyer: BuyerDep, token: CartTokenDep
) -> Response:
    """Add the chosen licenses to the cart, and name those that cannot be added."""
    if form.problem or buyer is None:
        return _start(request, buyer, form.values, {"list": form.problem} if form.problem else {})
    cart, secret, problems = add_offers_to_cart(session, token, form.offers, buyer)
    response: Response
    if problems:
        lines = _answers(session, form, buyer)
        response = _answer(request, lines, buyer, problems=problems, chosen=form.offers)
    else:
        response = RedirectResponse(FILLED_CART, status_code=HTTPStatus.SEE_OTHER)
    if cart is not None:
        remember_cart(request, response, token=secret, lines=len(cart.lines))
    return response


def _with_size(buyer: Buyer, size: str) -> tuple[Buyer | None, dict[str, str]]:
    """Return the buyer with the entered size, or the problem with it."""
    values = {"class": str(buyer.customer_class), "country": buyer.country, "size": size}
    new_buyer, wrong = parse_buyer_form(values)
    # The page of the list has no field for the size, so the problem has no field either.
    return new_buyer, {"": " ".join(wrong.values())} if wrong else {}


def _answers(session: Session, form: LookupForm, buyer: Buyer) -> LookupResult:
    return answer_rows(session, form.rows, buyer, on=clock.today(), chosen=form.chosen)


def _start(
    request: Request,
    buyer: Buyer | None,
    values: dict[str, str],
    problems: dict[str, str],
    *,
    deleted: bool = False,
) -> Response:
    code = values.get("class", "")
    questions = size_questions()
    return render(
        request,
        "storefront/lookup.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        buyer=buyer,
        buyer_words=buyer_words(buyer) if buyer else "",
        values=values,
        problems=problems,
        most_rows=lists.MAX_ROWS,
        deleted=deleted,
        classes=CLASS_CHOICES,
        size_label=questions.get(code) or size_question(None),
        size_help=SIZE_HELP,
        size_questions=questions,
    )


def _answer(
    request: Request,
    lines: LookupResult,
    buyer: Buyer,
    *,
    problems: list[str] | None = None,
    chosen: Sequence[str] = (),
    mark: str = "",
) -> Response:
    return render(
        request,
        "storefront/lookup_answer.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        answered=lines,
        list_text=write_text(lines.rows),
        buyer=buyer,
        buyer_words=buyer_words(buyer),
        problems=problems or [],
        table=offer_table(lines.of("matched"), chosen, mark),
        size_question=next((row.size_needed for row in lines.answers if row.size_needed), ""),
        view=film_view,
        film_words=lookup_view.film_words,
        none=lookup_view.NONE,
    )
