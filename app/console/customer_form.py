"""The form of an institution: new, and edited."""

from dataclasses import replace
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.customers import CLASSES
from app.console.access import CustomerEditor, Staff
from app.console.fields import Number
from app.console.forms.field_types import Field, FieldGroup, FieldType, Rows, Shape, enum_choices
from app.console.forms.form_page import FormPage, draw_form
from app.console.forms.input_values import InputValues, apply_row_step, format_inputs, read_inputs
from app.console.forms.submission import (
    MAX_FIELDS,
    SubmittedForm,
    count_changes,
    get_text,
    next_base,
    reject_if_changed,
    run_once,
)
from app.console.forms.validation import validate_form
from app.console.pages import see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.request_middleware import settings_of
from app.institutions.identifiers import SCHEME_LABELS
from app.institutions.models import Institution, SizeSource
from app.institutions.queries import get_institution, institution_out
from app.institutions.schemas import InstitutionFields, InstitutionIn, InstitutionPatch
from app.institutions.service import change_institution, create_institution
from app.web.formats import countries

Model = TypeVar("Model", bound=InstitutionFields)
SIZE_SOURCE_LABELS = {"ipeds": "IPEDS", "nces": "NCES", "stated": "Stated by the institution"}

CUSTOMER: list[Shape] = [
    Field("name", "Name", required="Enter the name.", max_length=200),
    Field(
        "class",
        "Class",
        FieldType.CHOICE,
        required="Choose a class.",
        choices=[(each.value, facts.label) for each, facts in CLASSES.items()],
    ),
    Field(
        "size",
        "Size",
        FieldType.WHOLE,
        help="FTE students, students, population, staff, or members: as its class is measured.",
    ),
    Field("size_year", "Year of the size", FieldType.WHOLE),
    Field(
        "size_source",
        "Source of the size",
        FieldType.CHOICE,
        required="Choose a source.",
        choices=enum_choices(SizeSource, **SIZE_SOURCE_LABELS),
    ),
    Field(
        "country",
        "Country",
        FieldType.CHOICE,
        required="Choose a country.",
        choices=[(code, name) for code, name in countries()],
    ),
    Field(
        "domains",
        "Email domains",
        FieldType.LINES,
        help=(
            "One per line, like example.edu. People with an address there join this customer when "
            "they sign in. A subdomain counts only if you list it."
        ),
    ),
    Rows(
        "identifiers",
        "Identifiers",
        "identifier",
        (
            Field(
                "scheme",
                "Scheme",
                FieldType.CHOICE,
                required="Choose a scheme.",
                choices=[(each.value, label) for each, label in SCHEME_LABELS.items()],
            ),
            Field("value", "Number or code", required="Enter the number or code.", max_length=100),
        ),
        max_rows=20,
    ),
    Rows(
        "sites",
        "Sites",
        "site",
        (
            Field("name", "Name", required="Enter the name.", max_length=200),
            Field("place", "City", max_length=200),
        ),
        help="Campuses, branches, or schools.",
    ),
    FieldGroup(
        "billing_address",
        "Billing address",
        (
            Field("line1", "Address line 1", max_length=120),
            Field("line2", "Address line 2", max_length=120),
            Field("city", "City", max_length=120),
            Field("region", "State or province", max_length=120),
            Field("postal_code", "Postal code", max_length=20),
            Field(
                "country",
                "Country",
                FieldType.CHOICE,
                choices=[(code, name) for code, name in countries()],
            ),
        ),
        help="Leave all of it empty if you don't know it.",
    ),
    Field("time_zone", "Time zone", help="Like America/New_York. Empty: by its address.", empty=""),
    Field(
        "terms_days",
        "Payment terms in days",
        FieldType.WHOLE,
        help="Leave empty for the store's own terms.",
    ),
    Field(
        "credit_limit",
        "Credit limit",
        FieldType.MONEY,
        help="The most it may owe at a time. Leave empty for no limit.",
    ),
    Field(
        "hold_reason",
        "Hold",
        help="A reason here refuses new orders on terms. Leave empty for no hold.",
        max_length=500,
        empty="",
    ),
    Field("notes", "Notes", FieldType.TEXT, help="For staff only.", max_length=10_000, empty=""),
]

router = APIRouter(form_limits={"max_fields": MAX_FIELDS})


@router.get("/new-customer", summary="New customer form")
def new_customer_form(request: Request, staff: CustomerEditor) -> Response:
    """Show the form for a new institution."""
    values = {"country": settings_of(request).shipping_country, "size_source": "stated"}
    return draw_form(request, staff, _form(None), format_inputs(CUSTOMER, values))


@router.post("/new-customer", summary="Create a customer")
def new_customer(request: Request, staff: CustomerEditor, form_data: SubmittedForm) -> Response:
    """Create an institution, or change a row of the form."""
    return _save(request, staff, _form(None), form_data, ref="")


@router.get("/customers/{number}/edit", summary="Customer form")
def customer_form(
    request: Request, staff: CustomerEditor, session: ReadSessionDep, number: Number
) -> Response:
    """Show the form of an institution."""
    institution = get_institution(session, number)
    currency = settings_of(request).currency
    shown = institution_out(session, institution, currency=currency).model_dump(mode="json")
    form = _form(institution, base=count_changes(session, "institution", number))
    return draw_form(request, staff, form, format_inputs(CUSTOMER, shown))


@router.post("/customers/{number}/edit", summary="Edit a customer")
def edit_customer(
    request: Request, staff: CustomerEditor, number: Number, form_data: SubmittedForm
) -> Response:
    """Save an institution, or change a row of the form."""
    with app_state(request).readers() as session:
        form = _form(get_institution(session, number))
    return _save(request, staff, form, form_data, ref=number)


def _save(
    request: Request, staff: Staff, form: FormPage, form_data: SubmittedForm, *, ref: str
) -> Response:
    typed = read_inputs(CUSTOMER, form_data.multi_items())
    currency = settings_of(request).currency
    problem: AppError | None = None
    saved = ref

    def work(session: Session) -> None:
        nonlocal saved
        if ref:
            institution = get_institution(session, ref, for_change=True)
            reject_if_changed(session, "institution", ref, form_data)
            patch = _checked(InstitutionPatch, typed, currency)
            change_institution(session, institution, patch, currency=currency, actor=staff.actor)
        else:
            draft = _checked(InstitutionIn, typed, currency)
            made = create_institution(session, draft, currency=currency, actor=staff.actor)
            saved = made.ref

    if not apply_row_step(CUSTOMER, typed, get_text(form_data, "step")):
        try:
            is_new = run_once(request, get_text(form_data, "once"), work)
        except AppError as error:
            problem = _point_to_fields(error)
        else:
            done = ("customer-saved" if ref else "customer-made") if is_new else "twice"
            path = f"/console/customers/{saved}" if saved else "/console/customers"
            return see_other(path, done=done)
    form = replace(form, base=next_base(form_data, problem))
    return draw_form(request, staff, form, typed, problem=problem)


def _checked(model: type[Model], typed: InputValues, currency: str) -> Model:
    def reshape(values: dict[str, Any]) -> dict[str, Any]:
        address = values["billing_address"]
        # A country alone is no address: it may be chosen for the customer's own.
        has_address = any(value for name, value in address.items() if name != "country")
        return values | {
            "billing_address": address if has_address else None,
            "domains": values["domains"] or [],
        }

    return validate_form(model, CUSTOMER, typed, reshape=reshape, currency=currency)


def _point_to_fields(error: AppError) -> AppError:
    """Point errors of single domains to their one field."""
    if not isinstance(error, InvalidInputError):
        return error
    errors = [
        FieldProblem("#/domains", each.detail) if each.pointer.startswith("#/domains/") else each
        for each in error.errors
    ]
    return InvalidInputError(error.detail, errors=errors)


def _form(institution: Institution | None, *, base: int = 0) -> FormPage:
    if institution is None:
        return FormPage(
            heading="New customer",
            action="/console/new-customer",
            back="/console/customers",
            crumbs=(("/console/customers", "Customers"),),
            shapes=CUSTOMER,
            save="Create customer",
        )
    path = f"/console/customers/{institution.ref}"
    return FormPage(
        heading=f"Edit {institution.name}",
        action=f"{path}/edit",
        back=path,
        crumbs=(("/console/customers", "Customers"), (path, institution.name)),
        shapes=CUSTOMER,
        base=base,
    )
