"""People of a customer: invited, changed, moved, and deactivated by staff."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.console.access import CustomerEditor
from app.console.fields import Line, Number
from app.console.forms.field_types import Field, FieldType, Shape
from app.console.forms.form_page import FormPage, draw_form
from app.console.forms.input_values import format_inputs, read_inputs
from app.console.forms.submission import SubmittedForm, get_text, run_once
from app.console.forms.validation import validate_form
from app.console.pages import see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.request_middleware import settings_of
from app.institutions import invitations, members
from app.institutions.member_models import MEMBER_ROLE_LABELS
from app.institutions.member_schemas import InvitationIn, MemberPatch
from app.institutions.models import Institution
from app.institutions.queries import get_institution

NAME = Field("name", "Name", max_length=120, empty="")
GRANTS: list[Shape] = [
    Field(
        "roles",
        "Roles",
        FieldType.CHECKS,
        required="Choose at least one role.",
        choices=[(role.value, label) for role, label in MEMBER_ROLE_LABELS.items()],
    ),
    Field(
        "spending_limit",
        "Spending limit for one order",
        FieldType.MONEY,
        help="Larger orders need an approver. Leave empty for no limit.",
    ),
]
INVITATION: list[Shape] = [
    Field("email", "Email address", required="Enter the email address.", max_length=254),
    NAME,
    *GRANTS,
]
PERSON: list[Shape] = [
    NAME,
    *GRANTS,
    Field(
        "active",
        "Can sign in",
        FieldType.CHECK,
        help="Without it, the person is signed out at once.",
    ),
    Field(
        "institution",
        "Customer",
        help="Its name, domain, or number. Leave empty to remove the person from this customer.",
        max_length=60,
    ),
]

router = APIRouter(prefix="/customers/{number}")


@router.get("/invite", summary="Invitation form")
def invitation_form(
    request: Request, staff: CustomerEditor, session: ReadSessionDep, number: Number
) -> Response:
    """Show the form that invites a person."""
    typed = format_inputs(INVITATION, {"roles": ["librarian"]})
    return draw_form(request, staff, _invitation_page(get_institution(session, number)), typed)


@router.post("/invite", summary="Invite a person")
def invite(
    request: Request, staff: CustomerEditor, number: Number, form_data: SubmittedForm
) -> Response:
    """Email a person a link to join the customer."""
    typed = read_inputs(INVITATION, form_data.multi_items())
    settings = settings_of(request)

    def work(session: Session) -> None:
        draft = validate_form(
            InvitationIn, INVITATION, typed, reshape=_reshape, currency=settings.currency
        )
        institution = get_institution(session, number)
        invitations.invite_person(session, settings, institution, draft, actor=staff.actor)

    try:
        is_new = run_once(request, get_text(form_data, "once"), work)
    except AppError as error:
        with app_state(request).readers() as session:
            page = _invitation_page(get_institution(session, number))
        return draw_form(request, staff, page, typed, problem=error)
    done = "customer-invited" if is_new else "twice"
    return see_other(f"/console/customers/{number}", done=done, anchor="people")


@router.post("/withdraw", summary="Withdraw an invitation")
def withdraw(
    request: Request,
    *,
    staff: CustomerEditor,
    number: Number,
    invitation: Line = "",
    once: Line = "",
) -> Response:
    """Make the link of an invitation useless."""

    def work(session: Session) -> None:
        institution = get_institution(session, number)
        invitations.withdraw_invitation(session, institution, invitation, actor=staff.actor)

    is_new = run_once(request, once, work)
    done = "customer-withdrawn" if is_new else "twice"
    return see_other(f"/console/customers/{number}", done=done, anchor="people")


@router.get("/people/{person}", summary="Form of a person")
def person_form(
    request: Request, staff: CustomerEditor, session: ReadSessionDep, number: Number, person: Number
) -> Response:
    """Show the form of a person."""
    institution = get_institution(session, number)
    member = members.get_member(session, institution, person)
    limit, currency = member.spending_limit, settings_of(request).currency
    values = {
        "name": member.name,
        "roles": member.roles,
        "spending_limit": None if limit is None else {"amount": limit, "currency": currency},
        "active": member.active,
        "institution": institution.ref,
    }
    page = _person_page(institution, member.ref, member.label)
    return draw_form(request, staff, page, format_inputs(PERSON, values))


@router.post("/people/{person}", summary="Change a person")
def change_person(
    request: Request,
    staff: CustomerEditor,
    number: Number,
    person: Number,
    form_data: SubmittedForm,
) -> Response:
    """Change, deactivate, or move a person."""
    typed = read_inputs(PERSON, form_data.multi_items())
    currency = settings_of(request).currency

    def work(session: Session) -> None:
        patch = validate_form(MemberPatch, PERSON, typed, reshape=_reshape, currency=currency)
        institution = get_institution(session, number)
        member = members.get_member(session, institution, person, for_change=True)
        members.change_member(session, member, patch, actor=staff.actor)

    try:
        is_new = run_once(request, get_text(form_data, "once"), work)
    except AppError as error:
        with app_state(request).readers() as session:
            institution = get_institution(session, number)
            label = members.get_member(session, institution, person).label
        page = _person_page(institution, person, label)
        return draw_form(request, staff, page, typed, problem=error)
    done = "customer-person" if is_new else "twice"
    return see_other(f"/console/customers/{number}", done=done, anchor="people")


def _reshape(values: dict[str, Any]) -> dict[str, Any]:
    if not values["roles"]:
        raise InvalidInputError.of(FieldProblem("#/roles", "Choose at least one role."))
    limit = values["spending_limit"]
    return values | {"spending_limit": None if limit is None else limit["amount"]}


def _invitation_page(institution: Institution) -> FormPage:
    return _page(institution, "Invite a person", "invite", INVITATION, "Send invitation")


def _person_page(institution: Institution, ref: str, label: str) -> FormPage:
    return _page(institution, label, f"people/{ref}", PERSON, "Save")


def _page(
    institution: Institution, heading: str, path: str, shapes: list[Shape], save: str
) -> FormPage:
    back = f"/console/customers/{institution.ref}"
    return FormPage(
        heading=heading,
        action=f"{back}/{path}",
        back=back,
        crumbs=(("/console/customers", "Customers"), (back, institution.name)),
        shapes=shapes,
        save=save,
    )
