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

from app.catalog import public_revision
from app.catalog.documents import SLUG_LENGTH, SLUG_PATTERN
from app.catalog.filters import FilmFilters
from app.catalog.routes import SlugPath
from app.core import clock
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.db import ReadSessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError, responses
from app.core.preconditions import has_tag, state_tag
from app.core.public_reads import public_read
from app.core.rate_limits import request_cost
from app.core.request_middleware import SettingsDep, is_head
from app.core.request_validation import refuse_unknown
from app.exports import batches, kbart, ledger
from app.exports.batches import RecordExport
from app.exports.formats import FORMAT_SPECS, RecordFormat, encode_record
from app.exports.holdings import Seller, load_holding
from app.exports.marc import NEW
from app.exports.marc_fields import record_id
from app.exports.order_records import encode_order_records
from app.exports.profiles import build_profile_record, get_settings, seller_for
from app.offers.states import DELIVERY_LABELS, Delivery
from app.orders.models import Order
from app.orders.queries import get_order_for_buyer
from app.orders.routes import NumberPath, TokenDep

api = APIRouter(tags=["library formats"])
pages = APIRouter(tags=["library formats"], dependencies=[Depends(refuse_unknown)])

NEXT_SINCE = "X-Next-Since"
# It may read the whole catalog, so it counts as twenty requests.
LONG_READ = [Depends(request_cost(19))]
# The address may carry the order's secret.
PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MRK_SAMPLE = """=LDR  00000ngm a22000003i 4500
=001  the-red-soul-dvd
=003  REELRIGHT
=005  20261122093000.0
=007  vd\\mvaizu
=008  261122p20182017nyu090\\g\\\\\\\\\\\\\\\\\\\\vlrus\\d
=245  04$aThe Red Soul /$cdirected by Jessica Gorter.
"""
XML_SAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<collection xmlns="http://www.loc.gov/MARC21/slim">
<record>
<leader>00000ngm a22000003i 4500</leader>
<controlfield tag="001">the-red-soul-dvd</controlfield>
<controlfield tag="003">REELRIGHT</controlfield>
<datafield ind1="0" ind2="4" tag="245">
<subfield code="a">The Red Soul /</subfield>
<subfield code="c">directed by Jessica Gorter.</subfield>
</datafield>
</record>
</collection>
"""
KBART_SAMPLE = (
    "publication_title\tprint_identifier\tonline_identifier\tdate_first_issue_online\t...\n"
    "The Red Soul\t\t\t\t...\n"
)
BINARY = {"schema": {"type": "string", "format": "binary"}}
FORMATS: dict[str, Any] = {
    "application/marc": BINARY,
    "application/marcxml+xml": {"schema": {"type": "string"}, "example": XML_SAMPLE},
    "text/plain": {"schema": {"type": "string"}, "example": MRK_SAMPLE},
}


NOT_MODIFIED: dict[int | str, Any] = {
    int(HTTPStatus.NOT_MODIFIED): {
        "description": ("Not changed since you read it; see `If-None-Match`")
    }
}


def describe_file(
    description: str, content: Mapping[str, Any], **more: object
) -> dict[int | str, Any]:
    """Return the OpenAPI description of a file as the response."""
    return {200: {"description": description, "content": dict(content), **more}}


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
    """Return the instant from which changes are listed.

    Raises:
        InvalidInputError: ``since`` is neither a day nor an instant with its offset.
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
    # An empty field of a form means no profile.
    Annotated[str, StringConstraints(pattern=f"^$|{SLUG_PATTERN}", max_length=SLUG_LENGTH)] | None,
    BeforeValidator(lambda given: given or None),
    Query(description="The slug of a library profile"),
]


@pages.get(
    "/films/{slug}/record.{form}",
    summary="Get the MARC 21 record of a film",
    response_class=Response,
    responses=describe_file("One record", FORMATS) | responses(NotFoundError),
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
    profile_settings = get_settings(session, profile)
    seller = seller_for(Seller.of(settings), profile_settings)
    holding = load_holding(session, slug, on=clock.today())
    if delivery is None and not holding.on_sale:
        detail = f"{holding.film.title} has no published offers, so it has no record."
        raise NotFoundError(detail)
    chosen = delivery or holding.deliveries[0]
    if chosen not in holding.on_sale:
        detail = f"{holding.film.title} is not available as {DELIVERY_LABELS[chosen]} ({chosen})."
        raise NotFoundError(detail)
    spec = FORMAT_SPECS[form]
    record = encode_record(
        build_profile_record(holding, chosen, seller, profile_settings, status=NEW), form
    )
    return Response(
        spec.head + record + spec.foot,
        media_type=spec.media_type,
        headers=_attachment_headers(f"{record_id(holding.film, chosen)}.{form}"),
    )


@api.get(
    "/records",
    summary="Get the MARC 21 records of many films, or only changes",
    dependencies=LONG_READ,
    response_class=StreamingResponse,
    responses=describe_file(
        "The records, film by film",
        FORMATS,
        headers={
            NEXT_SINCE: {
                "description": "Pass as `since` to get the next file without gaps",
                "schema": {"type": "string", "format": "date-time"},
            }
        },
    )
    | NOT_MODIFIED,
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

    With `since`, only those that were added (leader status `n`), changed (`c`) or removed (`d`). A
    removed record has only its control number and title, and is listed permanently. Filters narrow
    added and changed records; of the filters only the collection narrows deletions.
    """
    seller = Seller.of(settings)
    readers, sessions = app_state(request).readers, app_state(request).sessions
    with readers() as session:
        profile_settings = get_settings(session, profile)
        tag = _file_etag(session, seller, form, filters, since, profile_settings)
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
    batch = RecordExport(form, filters, since, profile_settings)
    kind = "records" if since is None else "changes"
    return StreamingResponse(
        batches.stream_records(readers, seller, batch),
        media_type=FORMAT_SPECS[form].media_type,
        headers=_attachment_headers(f"{settings.store_id}-{kind}-{asked_at:%Y-%m-%d}.{form}")
        | headers,
    )


@pages.get(
    "/orders/{number}/records.{form}",
    summary="Get the MARC 21 records for an order",
    response_class=Response,
    responses=describe_file("The records, in the order of the lines", FORMATS)
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

    Field 540 says what the license grants, and 037 what was paid; a profile's 9XX fields may name
    the order. Without the order's secret the answer is 404.
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
    """Return the response with an order's records, for its buyer or for staff.

    Raises:
        InvalidInputError: there is no such profile.
        NotFoundError: no license of the order is active or has ended.
    """
    profile_settings = get_settings(session, profile)
    body = encode_order_records(
        session, order, form, seller=Seller.of(settings), profile=profile_settings
    )
    return Response(
        body,
        media_type=FORMAT_SPECS[form].media_type,
        headers=_attachment_headers(f"{order.number}-records.{form}") | PRIVATE,
    )


@pages.get(
    "/kbart.txt",
    summary="Get the KBART list of films available online",
    dependencies=LONG_READ,
    response_class=StreamingResponse,
    responses=describe_file(
        "25 tab-separated columns, by title",
        {"text/plain": {"schema": {"type": "string"}, "example": KBART_SAMPLE}},
    )
    | NOT_MODIFIED,
)
@public_read(cached=False)
def get_kbart(request: Request, settings: SettingsDep) -> Response:
    """List films that can be licensed as a file or stream, for knowledge bases."""
    seller = Seller.of(settings)
    today = clock.today()
    with app_state(request).readers() as session:
        tag = _file_etag(session, seller)
    headers = {"ETag": tag, "Cache-Control": "public, no-cache"}
    if has_tag(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return StreamingResponse(
        kbart.stream_kbart(app_state(request).readers, seller, today),
        media_type=kbart.MEDIA_TYPE,
        headers=_attachment_headers(kbart.file_name(seller, today)) | headers,
    )


def _file_etag(session: Session, seller: Seller, *parts: object) -> str:
    """Return the ETag of a file, which depends on the catalog, the day, and ``parts``."""
    return state_tag(public_revision.current(session), clock.today(), seller, *parts)


def _attachment_headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
