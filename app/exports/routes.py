"""HTTP endpoints of the library formats, for anyone."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BeforeValidator, StringConstraints
from sqlalchemy.orm import Session

from app.catalog import revisions
from app.catalog.documents import SLUG_LENGTH, SLUG_PATTERN
from app.catalog.filters import FilmFilters
from app.catalog.routes import SlugPath
from app.core import clock
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.db import ReadSessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError, responses
from app.core.params import refuse_unknown
from app.core.preconditions import has_tag, state_tag
from app.core.public_reads import public_read
from app.core.rate_limits import request_cost
from app.core.request_middleware import SettingsDep, is_head
from app.exports import batches, kbart, ledger
from app.exports.batches import RecordExport
from app.exports.formats import WRITINGS, RecordFormat, written
from app.exports.holdings import Seller, load_one
from app.exports.links import record_id
from app.exports.marc import NEW
from app.exports.order_records import order_file
from app.exports.profile_service import profile_named
from app.exports.profiles import build_for, seller_for
from app.exports.samples import KBART_SAMPLE, MRK_SAMPLE, XML_SAMPLE
from app.offers.states import DELIVERY_LABELS, Delivery
from app.orders.models import Order
from app.orders.queries import get_order_for_buyer
from app.orders.routes import NumberPath, TokenDep

api = APIRouter(tags=["library formats"])
pages = APIRouter(tags=["library formats"], dependencies=[Depends(refuse_unknown)])

NEXT_SINCE = "X-Next-Since"
# They may go through the whole catalog: each counts as twenty requests.
LONG = [Depends(request_cost(19))]
# The address may carry the order's secret.
PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
BINARY = {"schema": {"type": "string", "format": "binary"}}
FORMATS: dict[str, Any] = {
    "application/marc": BINARY,
    "application/marcxml+xml": {"schema": {"type": "string"}, "example": XML_SAMPLE},
    "text/plain": {"schema": {"type": "string"}, "example": MRK_SAMPLE},
}


UNCHANGED: dict[int | str, Any] = {
    int(HTTPStatus.NOT_MODIFIED): {
        "description": ("Not changed since you read it; see `If-None-Match`")
    }
}


def described(words: str, content: Mapping[str, Any], **more: object) -> dict[int | str, Any]:
    """Return what OpenAPI says of a file as the answer."""
    return {200: {"description": words, "content": dict(content), **more}}


def since_param(
    since: Annotated[
        str | None,
        Query(
            max_length=40,
            description=(
                f"Only changes since this date (start of day, UTC) or RFC 3339 time. Pass the "
                f"`{NEXT_SINCE}` of the previous file"
            ),
            examples=["2026-11-22"],
        ),
    ] = None,
) -> datetime | None:
    """Read the instant from which on changes are told.

    Raises:
        InvalidInputError: it is neither a day nor an instant with its offset.
    """
    if since is None:
        return None
    try:
        if DAY.fullmatch(since):
            return datetime.combine(date.fromisoformat(since), time(), UTC)
        # In a query an unescaped plus is a space.
        instant = datetime.fromisoformat(since.strip().replace(" ", "+"))
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    problem = "Enter a date like 2026-11-22 or a time like 2026-11-22T09:30:00Z."
    raise InvalidInputError.of(FieldProblem("?/since", problem))


ProfileName = Annotated[
    # A form's field that is left empty names none.
    Annotated[str, StringConstraints(pattern=f"^$|{SLUG_PATTERN}", max_length=SLUG_LENGTH)] | None,
    BeforeValidator(lambda given: given or None),
    Query(description="The slug of a library profile"),
]


@pages.get(
    "/films/{slug}/record.{form}",
    summary="Get the MARC 21 record of a film",
    response_class=Response,
    responses=described("One record", FORMATS) | responses(NotFoundError),
)
@public_read(cached=False)
def get_record(
    *,
    session: ReadSessionDep,
    settings: SettingsDep,
    slug: SlugPath,
    form: Annotated[RecordFormat, Path(description="Binary, MARCXML, or mnemonic text")],
    delivery: Annotated[
        Delivery | None, Query(description="Defaults to the first available delivery")
    ] = None,
    profile: ProfileName = None,
) -> Response:
    """Return the record of a film in one delivery, with today's offers (UTC)."""
    wanted = profile_named(session, profile)
    seller = seller_for(Seller.of(settings), wanted)
    holding = load_one(session, slug, on=clock.today())
    if delivery is None and not holding.on_sale:
        detail = f"{holding.film.title} has no published offers, so it has no record."
        raise NotFoundError(detail)
    chosen = delivery or holding.deliveries[0]
    if chosen not in holding.on_sale:
        detail = f"{holding.film.title} is not available as {DELIVERY_LABELS[chosen]} ({chosen})."
        raise NotFoundError(detail)
    writing = WRITINGS[form]
    record = written(build_for(holding, chosen, seller, wanted, status=NEW), form)
    return Response(
        writing.head + record + writing.foot,
        media_type=writing.media_type,
        headers=_saved_as(f"{record_id(holding.film, chosen)}.{form}"),
    )


@api.get(
    "/records",
    summary="Get the MARC 21 records of many films, or only changes",
    dependencies=LONG,
    response_class=StreamingResponse,
    responses=described(
        "The records, film by film",
        FORMATS,
        headers={
            NEXT_SINCE: {
                "description": "Pass as `since` to get the next file without gaps",
                "schema": {"type": "string", "format": "date-time"},
            }
        },
    )
    | UNCHANGED,
)
@public_read(cached=False)
def list_records(
    *,
    request: Request,
    settings: SettingsDep,
    since: Annotated[datetime | None, Depends(since_param)],
    filters: Annotated[FilmFilters, Query()],
    form: Annotated[
        RecordFormat, Query(alias="format", description="Binary, MARCXML, or mnemonic text")
    ] = RecordFormat.MRC,
    profile: ProfileName = None,
) -> Response:
    """Return a record for each film and available delivery.

    With `since`, only those that came (leader status `n`), changed (`c`) or went (`d`). A record
    that went has its control number and title only, and is told of for good. Filters narrow what
    came and changed; deletions are narrowed by the collection, not by the search.
    """
    seller = Seller.of(settings)
    readers, sessions = app_state(request).readers, app_state(request).sessions
    with readers() as session:
        wanted = profile_named(session, profile)
        tag = _state_of(session, seller, form, filters, since, wanted)
    asked_at = clock.now()
    headers = {
        "ETag": tag,
        "Cache-Control": "public, no-cache",
        NEXT_SINCE: asked_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
    if has_tag(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if not is_head(request):
        ledger.sync_records(readers, sessions, seller)
    batch = RecordExport(form, filters, since, wanted)
    kind = "records" if since is None else "changes"
    return StreamingResponse(
        batches.stream(readers, seller, batch),
        media_type=WRITINGS[form].media_type,
        headers=_saved_as(f"{settings.store_id}-{kind}-{asked_at:%Y-%m-%d}.{form}") | headers,
    )


@pages.get(
    "/orders/{number}/records.{form}",
    summary="Get the MARC 21 records for an order",
    response_class=Response,
    responses=described("The records, in the order of the lines", FORMATS)
    | responses(NotFoundError),
)
def get_order_records(
    *,
    session: ReadSessionDep,
    settings: SettingsDep,
    number: NumberPath,
    token: TokenDep,
    form: Annotated[RecordFormat, Path(description="Binary, MARCXML, or mnemonic text")],
    profile: ProfileName = None,
) -> Response:
    """Return a record for each film and delivery with an active license.

    540 says what the license grants, and 037 what was paid; a profile's 9XX fields may name the
    order. To whoever does not hold the order's secret it does not exist.
    """
    order = get_order_for_buyer(session, number, token)
    return order_response(session, order, form, settings=settings, profile=profile)


def order_response(
    session: Session,
    order: Order,
    form: RecordFormat,
    *,
    settings: Settings,
    profile: str | None,
) -> Response:
    """Answer with the file of an order's records, for its buyer or for staff.

    Raises:
        InvalidInputError: there is no such profile.
        NotFoundError: no license of the order is in force.
    """
    wanted = profile_named(session, profile)
    body = order_file(session, order, form, seller=Seller.of(settings), profile=wanted)
    return Response(
        body,
        media_type=WRITINGS[form].media_type,
        headers=_saved_as(f"{order.number}-records.{form}") | PRIVATE,
    )


@pages.get(
    "/kbart.txt",
    summary="Get the KBART list of films available online",
    dependencies=LONG,
    response_class=StreamingResponse,
    responses=described(
        "25 tab-separated columns, by title",
        {"text/plain": {"schema": {"type": "string"}, "example": KBART_SAMPLE}},
    )
    | UNCHANGED,
)
@public_read(cached=False)
def get_kbart(request: Request, settings: SettingsDep) -> Response:
    """List films that can be licensed as a file or stream, for knowledge bases."""
    seller = Seller.of(settings)
    today = clock.today()
    with app_state(request).readers() as session:
        tag = _state_of(session, seller)
    headers = {"ETag": tag, "Cache-Control": "public, no-cache"}
    if has_tag(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return StreamingResponse(
        kbart.stream(app_state(request).readers, seller, today),
        media_type=kbart.MEDIA_TYPE,
        headers=_saved_as(kbart.file_name(seller, today)) | headers,
    )


def _state_of(session: Session, seller: Seller, *asked: object) -> str:
    """Return the ETag of a file: what is on offer depends on the catalog and on the day."""
    return state_tag(revisions.current(session), clock.today(), seller, *asked)


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
