"""License texts: the list, one version, and new versions."""

from collections import Counter, defaultdict
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.console.access import OfferEditor
from app.console.forms.field_types import Field, FieldType, Shape
from app.console.forms.form_page import FormPage, draw_form
from app.console.forms.input_values import format_inputs, read_inputs
from app.console.forms.submission import SubmittedForm, get_text, run_once
from app.console.forms.validation import validate_form
from app.console.pages import draw_page, see_other
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.offers import license_texts, queries
from app.offers.models import LicenseText, Offer
from app.offers.staff_schemas import SLUG, VERSION, LicenseTextIn
from app.offers.starting_texts import FIRST_VERSION, next_version, read_starting_texts
from app.offers.states import OfferStatus
from app.web.prose import prose

router = APIRouter()
Code = Annotated[str, Path(pattern=SLUG, max_length=60)]
Version = Annotated[str, Path(pattern=VERSION)]
From = Annotated[str, Query(alias="from", pattern=r"^[a-z0-9-]{0,60}$")]
MAX_BODY_LENGTH = 100_000
SHAPES: list[Shape] = [
    Field(
        "code",
        "Code",
        help=(
            f"Used in the URL: lowercase letters, digits, and hyphens, such as dvd-ppr. The text "
            f"with the code {queries.GENERAL_TERMS} is the store's terms of sale."
        ),
        required="Enter a code.",
        invalid="Enter lowercase letters, digits, and single hyphens, up to 60 characters.",
        max_length=60,
    ),
    Field(
        "version",
        "Version",
        help="Two numbers, such as 1.0. A published version never changes.",
        required="Enter a version.",
        invalid="Enter two numbers separated by a dot, such as 1.0.",
        max_length=9,
    ),
    Field("title", "Title", help="Shown to buyers.", required="Enter a title.", max_length=200),
    Field(
        "body",
        "Text",
        FieldType.TEXT,
        help=(
            "Separate paragraphs with an empty line. Start headings with ## and list items with a "
            "hyphen."
        ),
        required="Enter the text.",
        max_length=MAX_BODY_LENGTH,
    ),
]


@router.get("/texts", summary="License texts")
def text_list(request: Request, staff: OfferEditor, session: ReadSessionDep) -> Response:
    """Show all texts with their versions, and unpublished samples."""
    versions: dict[str, list[LicenseText]] = defaultdict(list)
    rows = select(LicenseText).order_by(
        LicenseText.code, LicenseText.published_at.desc(), LicenseText.id.desc()
    )
    for text in session.scalars(rows):
        versions[text.code].append(text)
    return draw_page(
        request,
        staff,
        "texts.html",
        versions=versions,
        offers=_offers_of_texts(session),
        samples=[text for text in read_starting_texts().values() if text.code not in versions],
        terms=queries.GENERAL_TERMS,
    )


@router.get("/new-text", summary="License text form")
def new_text_form(
    request: Request, staff: OfferEditor, session: ReadSessionDep, source: From = ""
) -> Response:
    """Show the form for a text: empty, from a sample, or for the next version."""
    return draw_form(
        request, staff, _form(), format_inputs(SHAPES, _initial_values(session, source))
    )


@router.post("/new-text", summary="Preview or publish a license text")
def new_text(request: Request, staff: OfferEditor, form_data: SubmittedForm) -> Response:
    """Publish or preview a version."""
    typed = read_inputs(SHAPES, form_data.multi_items())
    try:
        draft = validate_form(LicenseTextIn, SHAPES, typed)
        if get_text(form_data, "step") == "preview":
            return draw_page(request, staff, "text.html", text=draft, body=prose(draft.body))
        new = run_once(
            request,
            get_text(form_data, "once"),
            lambda session: license_texts.publish_license_text(
                session, draft=draft, actor=staff.actor
            ),
        )
    except AppError as error:
        return draw_form(request, staff, _form(), typed, problem=error)
    path = f"/console/texts/{draft.code}/{draft.version}"
    return see_other(path, done="text-published" if new else "twice")


@router.get("/texts/{code}/{version}", summary="One version of a license text")
def text_page(
    request: Request, staff: OfferEditor, session: ReadSessionDep, code: Code, version: Version
) -> Response:
    """Show a version and the offers that use it."""
    text = queries.get_license_text(session, code, version)
    return draw_page(
        request,
        staff,
        "text.html",
        text=text,
        body=prose(text.body),
        newest=queries.get_current_text(session, code),
        offers=session.scalars(
            queries.load_offers().where(
                Offer.license_text_id == text.id, Offer.status != OfferStatus.WITHDRAWN
            )
        )
        .unique()
        .all(),
        terms=queries.GENERAL_TERMS,
    )


def _form() -> FormPage:
    return FormPage(
        heading="License text",
        action="/console/new-text",
        back="/console/texts",
        crumbs=(("/console/texts", "License texts"),),
        lead=(
            "Licensees accept this text when they order. Have a lawyer review it. A published "
            "version is permanent because orders and licenses refer to it."
        ),
        shapes=SHAPES,
        save="Publish version",
        previews=True,
    )


def _initial_values(session: Session, source: str) -> dict[str, str]:
    """Return the first values of the form: from the published text, else from the sample."""
    published = {text.code: text for text in queries.find_current_texts(session)}.get(source)
    if published is not None:
        return {
            "code": published.code,
            "version": next_version(published.version),
            "title": published.title,
            "body": published.body,
        }
    sample = read_starting_texts().get(source)
    if sample is None:
        return {"version": FIRST_VERSION}
    return sample.model_dump() | {"version": FIRST_VERSION}


def _offers_of_texts(session: Session) -> Counter[int]:
    """Return the number of offers, except withdrawn ones, by text ID."""
    rows = session.execute(
        select(Offer.license_text_id, func.count())
        .where(Offer.status != OfferStatus.WITHDRAWN)
        .group_by(Offer.license_text_id)
    )
    return Counter(dict(iter(rows)))
