"""A list of films at once: paste or upload it, correct what is uncertain, take the answer along.

Nothing of a list is kept: the page carries it from one step to the next. A list that is too long
for one answer gets pages of its own (``long_list_routes``).
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
from app.storefront.cart_additions import add_offers_to_cart
from app.storefront.lookup_files import (
    MAX_TEXT_LENGTH,
    ListRefusedError,
    ListRow,
    read_file,
    read_text,
    write_text,
)
from app.storefront.lookup_sheets import csv_of, xlsx_of
from app.storefront.lookup_view import LookupResult, answered, choices_of, offer_table
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
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A choice, and every license, for each row.
MAX_FIELDS = MAX_ROWS * 12


@dataclass(frozen=True, slots=True)
class LookupForm:
    """What the form brought: the list, the choices, or why there is no list."""

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
        # Read here, while there is something to await.
        request.state.upload = await file.read()
        await file.close()
    return form


def _sent(request: Request, form: Annotated[FormData, Depends(_form)]) -> LookupForm:
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
        words = f"The list has more than {MAX_ROWS:,} rows. Look it up again."
        return LookupForm(values, problem=words)
    offers = [sku for sku in form.getlist("offer") if isinstance(sku, str)]
    return LookupForm(values, rows, choices_of(values), list(dict.fromkeys(offers)))


SentDep = Annotated[LookupForm, Depends(_sent)]


@router.get("/lookup")
def lookup(
    request: Request, buyer: BuyerDep, deleted: Annotated[str, Query(max_length=1)] = ""
) -> Response:
    """Show where a list is pasted or uploaded."""
    return _start(request, buyer, {"country": "US"}, {}, deleted=bool(deleted))


@router.post("/lookup")
def run_lookup(request: Request, sent: SentDep, buyer: BuyerDep) -> Response:
    """Show the answer to a list, row by row; a long one is kept and answered by the worker."""
    problems = {"list": sent.problem} if sent.problem else {}
    told = None
    if buyer is None:
        told, wrong = parse_buyer_form(sent.values)
        problems |= wrong
    if buyer is not None and buyer.size is None and sent.values.get("size", "").strip():
        told, wrong = _with_size(buyer, sent.values["size"])
        problems |= wrong
    for_whom = told or buyer
    if problems or for_whom is None:
        return _start(request, buyer, sent.values, problems)
    state = app_state(request)
    response: Response
    if len(sent.rows) > MAX_ROWS:
        with state.sessions.begin() as session:
            response = long_list_routes.keep(request, session, sent.rows, for_whom)
    else:
        with state.readers() as session:
            lines = _answers(session, sent, for_whom)
            mark = sent.values.get("mark", "")
            response = _answer(request, lines, for_whom, chosen=sent.offers, mark=mark)
    if told is not None:
        remember_buyer(request, response, told)
    return response


@router.post("/lookup/answer.csv")
def answer_csv(
    request: Request, session: ReadSessionDep, sent: SentDep, buyer: BuyerDep
) -> Response:
    """Return the answer as a file of comma-separated values."""
    if sent.problem or buyer is None:
        return _start(request, buyer, sent.values, {"list": sent.problem} if sent.problem else {})
    lines = _answers(session, sent, buyer)
    data = csv_of(lines.rows, lines.answers, settings_of(request))
    return _file(data, "text/csv; charset=utf-8", "licensing.csv")


@router.post("/lookup/answer.xlsx")
def answer_xlsx(
    request: Request, session: ReadSessionDep, sent: SentDep, buyer: BuyerDep
) -> Response:
    """Return the answer as a workbook."""
    if sent.problem or buyer is None:
        return _start(request, buyer, sent.values, {"list": sent.problem} if sent.problem else {})
    lines = _answers(session, sent, buyer)
    return _file(xlsx_of(lines.rows, lines.answers, settings_of(request)), XLSX, "licensing.xlsx")


@router.post("/lookup/cart")
def put_in_cart(
    request: Request, session: SessionDep, sent: SentDep, buyer: BuyerDep, token: CartTokenDep
) -> Response:
    """Put the chosen licenses in the cart; what cannot go in is named, and the rest stays."""
    if sent.problem or buyer is None:
        return _start(request, buyer, sent.values, {"list": sent.problem} if sent.problem else {})
    cart, secret, problems = add_offers_to_cart(session, token, sent.offers, buyer)
    response: Response
    if problems:
        lines = _answers(session, sent, buyer)
        response = _answer(request, lines, buyer, problems=problems, chosen=sent.offers)
    else:
        response = RedirectResponse(FILLED_CART, status_code=HTTPStatus.SEE_OTHER)
    if cart is not None:
        remember_cart(request, response, token=secret, lines=len(cart.lines))
    return response


def _with_size(buyer: Buyer, size: str) -> tuple[Buyer | None, dict[str, str]]:
    """Return the buyer with the size that was asked for on the page, or what is wrong with it."""
    kind = {"class": str(buyer.customer_class), "country": buyer.country}
    told, wrong = parse_buyer_form({**kind, "size": size})
    # The page that says so asks for the list, and nothing about the buyer.
    return told, {"": " ".join(wrong.values())} if wrong else {}


def _answers(session: Session, sent: LookupForm, buyer: Buyer) -> LookupResult:
    return answered(session, sent.rows, buyer, on=clock.today(), chosen=sent.chosen)


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
        size_question=next(filter(None, (each.size_needed for each in lines.answers)), ""),
        view=film_view,
        film_words=lookup_view.film_words,
        none=lookup_view.NONE,
    )


def _file(data: bytes, media_type: str, name: str) -> Response:
    return Response(
        data,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )
