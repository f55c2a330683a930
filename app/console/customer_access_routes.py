"""How the people of a customer reach films: networks, SAML, learning platforms."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.access import lti, registrations, saml
from app.access.configuration import (
    MAX_METADATA,
    AccessIn,
    PlatformsIn,
    SamlIn,
    read_access,
    read_platforms,
    read_saml,
    save_access,
    save_platforms,
)
from app.console.access import CustomerEditor, Staff
from app.console.fields import Number
from app.console.forms.field_types import Field, FieldType, Rows, Shape
from app.console.forms.form_page import FormPage, RowHint, draw_form
from app.console.forms.input_values import InputValues, apply_row_step, format_inputs, read_inputs
from app.console.forms.submission import SubmittedForm, get_text, run_once
from app.console.forms.validation import validate_form
from app.console.pages import see_other
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.request_middleware import settings_of
from app.institutions.models import Institution
from app.institutions.queries import get_institution

SAML_FIELDS: list[Shape] = [
    Field(
        "metadata_url",
        "Address of the metadata",
        help="Or paste the metadata below. An MDQ server's address ends with /entities/.",
        max_length=500,
        empty="",
    ),
    Field("entity_id", "Entity ID", help="Needed with an address.", max_length=500, empty=""),
    Field(
        "signing_certificate",
        "Certificate that signs the metadata",
        FieldType.TEXT,
        help="PEM, of the federation. Leave it empty only if the metadata is not signed.",
        max_length=10_000,
        empty="",
    ),
    Field("metadata_xml", "Metadata", FieldType.TEXT, max_length=MAX_METADATA, empty=""),
]
PLATFORM_FIELDS: list[Shape] = [
    Rows(
        "platforms",
        "Learning platforms",
        "platform",
        [
            Field("issuer", "Issuer", help="Starts with https://.", max_length=200, empty=""),
            Field("client_id", "Client ID", max_length=200, empty=""),
            Field("deployments", "Deployment IDs", FieldType.LINES, help="One a line."),
            Field("login_url", "Authorization endpoint", max_length=500, empty=""),
            Field("keys_url", "Key set (JWKS)", max_length=500, empty=""),
        ],
        max_rows=10,
    )
]

router = APIRouter(prefix="/customers/{number}/access")


def access_fields(institution: Institution) -> list[Shape]:
    """Return the fields of networks and other settings."""
    sites = [("", "Every site"), *((site.name, site.name) for site in institution.sites)]
    return [
        Rows(
            "networks",
            "Networks",
            "network",
            [
                Field(
                    "range",
                    "Range",
                    help="192.0.2.0/24, 192.0.2.10-192.0.2.20, or IPv6.",
                    max_length=200,
                    empty="",
                ),
                Field("site", "Site", FieldType.CHOICE, choices=sites, empty=""),
                Field("is_public", "Walk-in visitors use it too", FieldType.CHECK),
            ],
            max_rows=500,
        ),
        Field(
            "has_email_links",
            "Addresses at their domains can ask for a link by email",
            FieldType.CHECK,
        ),
        Field(
            "proxy_prefix",
            "Proxy prefix",
            help="Of EZproxy, such as https://login.proxy.example.edu/login?url=",
            max_length=300,
            empty="",
        ),
        Field(
            "contact",
            "Whom their people ask for help",
            help="Shown to them: a name, and an address or a phone number.",
            max_length=200,
            empty="",
        ),
    ]


@router.get("", summary="Access of a customer")
def access_form(
    request: Request, staff: CustomerEditor, session: ReadSessionDep, number: Number
) -> Response:
    """Show the form of networks and other settings."""
    institution = get_institution(session, number)
    shapes = access_fields(institution)
    typed = format_inputs(shapes, read_access(session, institution))
    return draw_form(request, staff, _page(request, institution, "", shapes), typed)


@router.post("", summary="Save the access of a customer")
def save_access_form(
    request: Request, staff: CustomerEditor, number: Number, form_data: SubmittedForm
) -> Response:
    """Save networks and other settings."""
    with app_state(request).readers() as session:
        shapes = access_fields(get_institution(session, number))
    typed = read_inputs(shapes, form_data.multi_items())

    def work(session: Session) -> None:
        draft = validate_form(AccessIn, shapes, typed)
        institution = get_institution(session, number, for_change=True)
        save_access(session, institution, draft, actor=staff.actor)

    return _save(request, staff, number, form_data, "", shapes, typed, work)


@router.get("/saml", summary="SAML provider of a customer")
def saml_form(
    request: Request, staff: CustomerEditor, session: ReadSessionDep, number: Number
) -> Response:
    """Show the form of the SAML provider."""
    institution = get_institution(session, number)
    row = registrations.find_saml(session, institution)
    typed = format_inputs(SAML_FIELDS, read_saml(row))
    hints = []
    if problem := saml.find_problem():
        hints.append(RowHint(problem))
    if row is not None:
        state = registrations.describe_validity(row, clock.now())
        hints += [RowHint(text) for text in (state, row.failure) if text]
        if row.scopes:
            hints.append(RowHint(f"Scopes: {', '.join(row.scopes)}."))
    return draw_form(
        request, staff, _page(request, institution, "/saml", SAML_FIELDS, hints), typed
    )


@router.post("/saml", summary="Set or remove the SAML provider of a customer")
def save_saml_form(
    request: Request, staff: CustomerEditor, number: Number, form_data: SubmittedForm
) -> Response:
    """Save or remove the SAML provider."""
    typed = read_inputs(SAML_FIELDS, form_data.multi_items())
    is_removal = get_text(form_data, "step") == "remove"
    settings = settings_of(request)

    def work(session: Session) -> None:
        draft = None
        if not is_removal:
            sent = validate_form(SamlIn, SAML_FIELDS, typed)
            draft = registrations.SamlDraft(**sent.model_dump())
        institution = get_institution(session, number, for_change=True)
        registrations.set_saml(session, settings, institution, draft, actor=staff.actor)

    return _save(request, staff, number, form_data, "/saml", SAML_FIELDS, typed, work)


@router.get("/platforms", summary="Learning platforms of a customer")
def platforms_form(
    request: Request, staff: CustomerEditor, session: ReadSessionDep, number: Number
) -> Response:
    """Show the form of learning platforms."""
    institution = get_institution(session, number)
    values = {"platforms": read_platforms(session, institution)}
    page = _page(request, institution, "/platforms", PLATFORM_FIELDS)
    return draw_form(request, staff, page, format_inputs(PLATFORM_FIELDS, values))


@router.post("/platforms", summary="Save the learning platforms of a customer")
def save_platforms_form(
    request: Request, staff: CustomerEditor, number: Number, form_data: SubmittedForm
) -> Response:
    """Save the learning platforms."""
    typed = read_inputs(PLATFORM_FIELDS, form_data.multi_items())
    settings = settings_of(request)

    def work(session: Session) -> None:
        draft = validate_form(PlatformsIn, PLATFORM_FIELDS, typed)
        institution = get_institution(session, number, for_change=True)
        save_platforms(session, settings, institution, draft.platforms, actor=staff.actor)

    return _save(request, staff, number, form_data, "/platforms", PLATFORM_FIELDS, typed, work)


def _save(  # noqa: PLR0917 - three forms, one way
    request: Request,
    staff: Staff,
    number: str,
    form_data: SubmittedForm,
    part: str,
    shapes: Sequence[Shape],
    typed: InputValues,
    work: object,
) -> Response:
    """Change a row of the form, or do ``work`` once; draw the form again if it fails."""
    problem: AppError | None = None
    if not apply_row_step(shapes, typed, get_text(form_data, "step")):
        try:
            is_new = run_once(request, get_text(form_data, "once"), work)  # type: ignore[arg-type]
        except AppError as error:
            problem = error
        else:
            done = "customer-saved" if is_new else "twice"
            return see_other(f"/console/customers/{number}", done=done)
    with app_state(request).readers() as session:
        institution = get_institution(session, number)
    return draw_form(
        request, staff, _page(request, institution, part, shapes), typed, problem=problem
    )


def _page(
    request: Request,
    institution: Institution,
    part: str,
    shapes: Sequence[Shape],
    hints: Sequence[RowHint] = (),
) -> FormPage:
    settings = settings_of(request)
    path = f"/console/customers/{institution.ref}"
    headings = {"": "Access", "/saml": "SAML", "/platforms": "Learning platforms"}
    leads = {
        "": (
            "People on these networks, and people who log in, watch what this customer licensed. "
            "No two customers share a network."
        ),
        "/saml": (
            f"At the campus, register our metadata: {settings.url(saml.METADATA_PATH)}. They "
            "release eduPersonScopedAffiliation, or the entitlement common-lib-terms."
        ),
        "/platforms": (
            f"At the platform, register the login {settings.url(lti.LOGIN_PATH)}, the launch "
            f"{settings.url(lti.LAUNCH_PATH)}, and the keys {settings.url(lti.KEYS_PATH)}."
        ),
    }
    links = [
        RowHint("Also:", f"{path}/access{other}", words)
        for other, words in headings.items()
        if other and not part
    ]
    crumbs = [("/console/customers", "Customers"), (path, institution.name)]
    if part:
        crumbs.append((f"{path}/access", "Access"))
    return FormPage(
        heading=headings[part],
        action=f"{path}/access{part}",
        back=path,
        crumbs=crumbs,
        lead=leads[part],
        shapes=shapes,
        needs=[*hints, *links],
        removes="Remove provider" if part == "/saml" else "",
    )
