"""The pages of a long list, under its secret link: progress, matches, and files."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.core import clock, throttle
from app.core.db import ReadSessionDep, SessionDep
from app.core.forms import read_large_form
from app.core.networks import network_of
from app.core.request_middleware import SettingsDep
from app.lookup import service
from app.lookup.availability import RowAnswer, build_answers
from app.lookup.matching import MatchOutcome
from app.lookup.models import LookupList, LookupRow
from app.lookup.serialization import query_from_json, result_from_json
from app.offers.licensing import Buyer
from app.storefront import film_view, lookup_view
from app.storefront.browsing import page_numbers
from app.storefront.cart_routes import add_offers_to_cart
from app.storefront.forms import parse_whole
from app.storefront.lookup_files import ListRow, csv_of, xlsx_of
from app.storefront.lookup_view import Line, choices_of, offer_table
from app.storefront.order_routes import PRIVATE
from app.storefront.visitor import FILLED_CART, BuyerDep, CartTokenDep, buyer_words, remember_cart
from app.web.rendering import render

router = APIRouter(prefix="/lookup/list")
PER_PAGE = 50
BATCH_SIZE = 500
HOUR = 60 * 60
MAX_LISTS_PER_HOUR = 10
# A choice and a few licenses for each row of a page.
MAX_FIELDS = PER_PAGE * 60
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Token = Annotated[str, Query(max_length=200)]
Show = Annotated[MatchOutcome, Query()]
MAX_PAGE = 1000
PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE)]


@dataclass(frozen=True, slots=True)
class ListView:
    """The shown rows of a list."""

    token: str
    show: MatchOutcome
    page: int = 1

    def url(self, *, show: MatchOutcome | None = None, page: int = 1, path: str = "") -> str:
        """Return the address of other rows, or of a file of all."""
        if path:
            return f"/lookup/list/{path}?{urlencode({'token': self.token})}"
        values = {"token": self.token, "show": str(show or self.show), "page": str(page)}
        return f"/lookup/list?{urlencode(values)}"


def save_list(
    request: Request, session: Session, rows: Sequence[ListRow], buyer: Buyer
) -> RedirectResponse:
    """Save a list that is too long for one answer, and redirect to its page."""
    address = network_of(request)
    throttle.hit(session, "lists from", address, limit=MAX_LISTS_PER_HOUR, seconds=HOUR)
    queries = [(asdict(row), lookup_view.match_query(row)[0]) for row in rows]
    token = service.create_list(session, queries, buyer)
    return RedirectResponse(
        f"/lookup/list?{urlencode({'token': token})}",
        status_code=HTTPStatus.SEE_OTHER,
        headers=PRIVATE,
    )


@router.get("")
def long_list(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    session: ReadSessionDep,
    buyer: BuyerDep,
    token: Token = "",
    show: Show | None = None,
    page: PageNumber = 1,
) -> Response:
    """Show the progress of the list, or its rows once they are matched."""
    lookup_list = service.get_list(session, token)
    if lookup_list.done_count < lookup_list.row_count:
        return _private(
            render(
                request,
                "storefront/lookup_progress.html",
                lookup_list=lookup_list,
                percent=_percent(lookup_list),
            )
        )
    if show is None:
        counts = service.count_outcomes(session, lookup_list)
        show = MatchOutcome.CANDIDATES if counts[MatchOutcome.CANDIDATES] else MatchOutcome.MATCHED
    return _rows(request, session, lookup_list, ListView(token, show, page), buyer)


async def _form(request: Request) -> FormData:
    return await read_large_form(request, max_files=0, max_fields=MAX_FIELDS)


@router.post("")
def change(
    request: Request,
    session: SessionDep,
    form: Annotated[FormData, Depends(_form)],
    buyer: BuyerDep,
    cart_token: CartTokenDep,
) -> Response:
    """Save choices, add licenses to the cart, or delete the list."""
    values = {name: text for name, text in form.multi_items() if isinstance(text, str)}
    lookup_list = service.get_list(session, values.get("token", ""))
    if values.get("action") == "delete":
        service.delete_list(session, lookup_list)
        return RedirectResponse("/lookup?deleted=1", status_code=HTTPStatus.SEE_OTHER)
    show = values.get("show", "")
    view = ListView(
        values.get("token", ""),
        MatchOutcome(show) if show in list(MatchOutcome) else MatchOutcome.MATCHED,
    )
    service.save_choices(session, lookup_list, choices_of(values, max_rows=service.MAX_ROWS))
    session.flush()
    skus = [sku for sku in form.getlist("offer") if isinstance(sku, str)]
    if "mark" in values:
        current_page = replace(
            view, page=parse_whole(values.get("page", ""), minimum=1, maximum=MAX_PAGE) or 1
        )
        mark = values["mark"]
        return _rows(request, session, lookup_list, current_page, buyer, chosen=skus, mark=mark)
    if values.get("action") != "cart":
        return RedirectResponse(view.url(), status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    cart, secret, problems = add_offers_to_cart(
        session, cart_token, list(dict.fromkeys(skus)), buyer or service.buyer_of(lookup_list)
    )
    response: Response = RedirectResponse(FILLED_CART, status_code=HTTPStatus.SEE_OTHER)
    if problems:
        response = _rows(request, session, lookup_list, view, buyer, problems=problems, chosen=skus)
    if cart is not None:
        remember_cart(request, response, token=secret, lines=len(cart.lines))
    return response


@router.get("/answer.csv")
def answer_csv(
    session: ReadSessionDep, settings: SettingsDep, buyer: BuyerDep, token: Token = ""
) -> Response:
    """Return the whole answer as CSV."""
    rows, answers = _all(session, token, buyer)
    return download(csv_of(rows, answers, settings), "text/csv; charset=utf-8", "licensing.csv")


@router.get("/answer.xlsx")
def answer_xlsx(
    session: ReadSessionDep, settings: SettingsDep, buyer: BuyerDep, token: Token = ""
) -> Response:
    """Return the whole answer as a workbook."""
    rows, answers = _all(session, token, buyer)
    return download(xlsx_of(rows, answers, settings), XLSX, "licensing.xlsx")


def _rows(
    request: Request,
    session: Session,
    lookup_list: LookupList,
    view: ListView,
    buyer: Buyer | None,
    *,
    problems: Sequence[str] = (),
    chosen: Sequence[str] = (),
    mark: str = "",
) -> Response:
    counts = service.count_outcomes(session, lookup_list)
    pages = max(1, -(-counts[view.show] // PER_PAGE))
    number = min(view.page, pages)
    rows = service.find_rows(
        session, lookup_list, outcome=view.show, first=(number - 1) * PER_PAGE, limit=PER_PAGE
    )
    buyer = buyer or service.buyer_of(lookup_list)
    answers = _answers(session, rows, buyer)
    lines = []
    for row, answer in zip(rows, answers, strict=True):
        list_row = ListRow(**row.written)
        notes = lookup_view.match_query(list_row)[1]
        if row.outcome is not answer.outcome:
            notes.append("The matching film is no longer in our catalog.")
        lines.append(Line(row.place + 1, list_row, answer, notes))
    return _private(
        render(
            request,
            "storefront/lookup_list.html",
            status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
            lookup_list=lookup_list,
            list_view=view,
            counts=counts,
            outcomes=MatchOutcome,
            lines=lines,
            page=number,
            pages=pages,
            numbers=[
                (shown, view.url(page=shown) if shown else "")
                for shown in page_numbers(number, pages)
            ],
            buyer=buyer,
            buyer_words=buyer_words(buyer),
            problems=problems,
            size_question=next(
                (answer.size_needed for answer in answers if answer.size_needed), ""
            ),
            table=offer_table([line for line in lines if line.answer.match], chosen, mark),
            view=film_view,
            film_words=lookup_view.film_words,
            none=lookup_view.NONE,
        )
    )


def _answers(session: Session, rows: Sequence[LookupRow], buyer: Buyer) -> list[RowAnswer]:
    results = [result_from_json(row.found or [], row.outcome or MatchOutcome.NONE) for row in rows]
    queries = [query_from_json(row.query) for row in rows]
    return build_answers(session, queries, results, buyer, on=clock.today())


def _all(
    session: Session, token: str, buyer: Buyer | None
) -> tuple[list[ListRow], list[RowAnswer]]:
    """Return every row with its answer as of today, in batches."""
    lookup_list = service.get_list(session, token)
    buyer = buyer or service.buyer_of(lookup_list)
    rows: list[ListRow] = []
    answers: list[RowAnswer] = []
    last = -1
    while batch := service.find_rows(session, lookup_list, limit=BATCH_SIZE, after=last):
        rows += [ListRow(**row.written) for row in batch]
        answers += _answers(session, batch, buyer)
        last = batch[-1].place
    return rows, answers


def _percent(lookup_list: LookupList) -> int:
    return 100 * lookup_list.done_count // lookup_list.row_count


def _private(response: Response) -> Response:
    response.headers.update(PRIVATE)
    return response


def download(data: bytes, media_type: str, name: str) -> Response:
    """Return a private file."""
    return _private(
        Response(
            data,
            media_type=media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    )
