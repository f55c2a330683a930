"""People of an institution: invited and managed by its librarians and approvers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.core import throttle
from app.core.db import ReadSessionDep, SessionDep
from app.core.email_address import format_email_problem
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.forms import FormDep
from app.core.idempotency import Idempotency
from app.core.money import Money
from app.core.numbers import new_token
from app.core.request_middleware import SettingsDep, settings_of
from app.institutions import invitations, members
from app.institutions.member_models import MEMBER_ROLE_LABELS, Member
from app.institutions.member_rules import can_manage, can_set_limits, grantable_roles
from app.institutions.member_schemas import InvitationIn, MemberPatch
from app.institutions.models import Institution
from app.institutions.sessions import (
    COOKIE,
    MemberDep,
    end_member_session,
    open_member_session,
    set_member_cookie,
)
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter(prefix="/account")
DAY = 24 * 60 * 60
MAX_INVITATIONS_A_DAY = 100
PEOPLE = "/account/people"
BLANK = {"email": "", "name": "", "spending_limit": ""}
NOT_FOUND = "There is no such page for your account."
SUCCESS_MESSAGES = {
    "invited": "Invitation sent.",
    "withdrawn": "Invitation withdrawn.",
    "saved": "Changes saved.",
    "deactivated": "Person deactivated and signed out.",
    "reactivated": "Person reactivated.",
}
Ref = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,20}$")]
Secret = Annotated[str, Query(max_length=200)]


@router.get("/people")
def people_page(
    request: Request,
    session: ReadSessionDep,
    member: MemberDep,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show the people of the institution, and the form that invites another."""
    return _people(request, session, member, done=SUCCESS_MESSAGES.get(done, ""))


@router.post("/people")
def invite(
    request: Request, session: SessionDep, settings: SettingsDep, member: MemberDep, form: FormDep
) -> Response:
    """Invite a person."""
    institution = _managed(session, member)
    try:
        draft = InvitationIn.model_validate(
            {
                "email": form.get("email", ""),
                "name": form.get("name", ""),
                **_grants(member, form, settings.currency),
            }
        )
        # A form that is refused may be corrected and sent again.
        with session.begin_nested():
            if _is_new(session, form, member):
                _count_invitation(session, institution)
                invitations.invite_person(session, settings, institution, draft, actor=member.actor)
    except (ValidationError, InvalidInputError) as error:
        problems = _problems(error)
        return _people(request, session, member, problems=problems, typed=form)
    return _redirect("invited")


@router.post("/invitations/{ref}/withdraw")
def withdraw(session: SessionDep, member: MemberDep, ref: Ref) -> Response:
    """Withdraw an invitation."""
    institution = _managed(session, member)
    invitations.withdraw_invitation(session, institution, ref, actor=member.actor)
    return _redirect("withdrawn")


@router.get("/people/{ref}")
def person_page(request: Request, session: ReadSessionDep, member: MemberDep, ref: Ref) -> Response:
    """Show the roles and the spending limit of a person."""
    person = _managed_person(session, member, ref)
    return _person(request, member, person)


@router.post("/people/{ref}")
def change_person(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    member: MemberDep,
    ref: Ref,
    form: FormDep,
) -> Response:
    """Change, deactivate, or reactivate a person."""
    person = _managed_person(session, member, ref, for_change=True)
    step = form.get("step")
    if step in {"deactivate", "reactivate"}:
        patch = MemberPatch(active=step == "reactivate")
    else:
        try:
            patch = MemberPatch.model_validate(_grants(member, form, settings.currency))
        except (ValidationError, InvalidInputError) as error:
            return _person(request, member, person, problems=_problems(error), typed=form)
    members.change_member(session, person, patch, actor=member.actor)
    return _redirect({"deactivate": "deactivated", "reactivate": "reactivated"}.get(
        str(step), "saved"
    ))  # fmt: skip


@router.get("/invitation")
def invitation_page(request: Request, session: ReadSessionDep, token: Secret = "") -> Response:
    """Ask for a confirmation, because email programs open links by themselves."""
    try:
        invitation = invitations.get_invitation(session, token)
    except NotFoundError:
        return _page(request, "invitation_expired", status=HTTPStatus.NOT_FOUND)
    labels = _labels(invitation.roles)
    return _page(request, "invitation", invitation=invitation, roles=labels, token=token)


@router.post("/invitation")
def accept(request: Request, session: SessionDep, settings: SettingsDep, form: FormDep) -> Response:
    """Join the institution and sign in."""
    try:
        member = invitations.accept_invitation(session, str(form.get("token", "")))
    except NotFoundError:
        return _page(request, "invitation_expired", status=HTTPStatus.NOT_FOUND)
    end_member_session(session, request.cookies.get(COOKIE, ""))
    token = open_member_session(
        session, settings, member, user_agent=request.headers.get("user-agent", "")
    )
    response = RedirectResponse("/account", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    set_member_cookie(response, token, settings=settings)
    return response


def _managed(session: Session, member: Member) -> Institution:
    """Return the institution whose people the member manages; a stranger gets 404."""
    if member.institution_id is None or not grantable_roles(member):
        raise NotFoundError(NOT_FOUND)
    return session.get_one(Institution, member.institution_id)


def _managed_person(
    session: Session, member: Member, ref: str, *, for_change: bool = False
) -> Member:
    institution = _managed(session, member)
    person = members.get_member(session, institution, ref, for_change=for_change)
    if not can_manage(member, person):
        raise NotFoundError(NOT_FOUND)
    return person


def _grants(member: Member, form: FormData, currency: str) -> dict[str, object]:
    """Return the roles and the limit of a form, as far as the member may give them.

    Raises:
        InvalidInputError: a role is not theirs to give, or the limit is no amount.
    """
    roles = [str(role) for role in form.getlist("roles")]
    problems = {}
    if not roles or not {role.value for role in grantable_roles(member)}.issuperset(roles):
        problems["roles"] = "Choose at least one role."
    grants: dict[str, object] = {"roles": roles}
    typed = str(form.get("spending_limit", "")).strip()
    if can_set_limits(member):
        try:
            grants["spending_limit"] = Money.parse(typed, currency).amount if typed else None
        except ValueError as error:
            problems["spending_limit"] = str(error)
    if problems:
        raise InvalidInputError.of(
            *(FieldProblem(f"#/{name}", detail) for name, detail in problems.items())
        )
    return grants


def _problems(error: ValidationError | InvalidInputError) -> dict[str, str]:
    """Return what is wrong, by field."""
    if isinstance(error, InvalidInputError):
        return {each.pointer.removeprefix("#/"): each.detail for each in error.errors}
    problems = {}
    for each in error.errors():
        name = str(each["loc"][0])
        default = "Enter an email address, like name@example.edu"
        problems[name] = (
            format_email_problem(each, default)
            if name == "email"
            else "Enter a shorter text on one line."
            if name == "name"
            else "Enter a smaller amount."
        )
    return problems


def _count_invitation(session: Session, institution: Institution) -> None:
    throttle.hit(session, "invitations", institution.ref, limit=MAX_INVITATIONS_A_DAY, seconds=DAY)


def _is_new(session: Session, form: FormData, member: Member) -> bool:
    once = str(form.get("once", ""))
    return Idempotency.of_form("people", once, owner=f"member {member.id}").claim(session)


def _people(
    request: Request,
    session: Session,
    member: Member,
    *,
    done: str = "",
    problems: Mapping[str, str] | None = None,
    typed: FormData | None = None,
) -> Response:
    institution = _managed(session, member)
    people = members.find_members(session, institution)
    return _page(
        request,
        "people",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        institution=institution,
        people=[(person, can_manage(member, person)) for person in people],
        invitations=invitations.find_open_invitations(session, institution),
        labels=MEMBER_ROLE_LABELS,
        me=member,
        done=done,
        once=new_token(),
        **_form(member, problems, typed),
    )


def _person(
    request: Request,
    member: Member,
    person: Member,
    *,
    problems: Mapping[str, str] | None = None,
    typed: FormData | None = None,
) -> Response:
    return _page(
        request,
        "person",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        person=person,
        labels=_labels(person.roles),
        **_form(member, problems, typed, _stored(request, person)),
    )


def _form(
    member: Member,
    problems: Mapping[str, str] | None,
    typed: FormData | None,
    stored: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return what the fields of a form hold: what was typed, or what is stored."""
    values = dict(stored or {**BLANK, "roles": ["requester"]})
    if typed is not None:
        values = {name: typed.get(name, "") for name in BLANK}
        values["roles"] = [str(role) for role in typed.getlist("roles")]
    allowed = grantable_roles(member)
    return {
        "problems": problems or {},
        "typed": values,
        "choices": [(r, label) for r, label in MEMBER_ROLE_LABELS.items() if r in allowed],
        "sets_limits": can_set_limits(member),
    }


def _stored(request: Request, person: Member) -> dict[str, object]:
    limit = person.spending_limit
    money = "" if limit is None else Money(limit, settings_of(request).currency).decimal()
    return {"roles": person.roles, "spending_limit": money}


def _labels(roles: list[str]) -> list[str]:
    return [label for role, label in MEMBER_ROLE_LABELS.items() if role in roles]


def _redirect(done: str) -> RedirectResponse:
    return RedirectResponse(
        f"{PEOPLE}?done={done}", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE
    )


def _page(
    request: Request, template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: object
) -> Response:
    response = render(request, f"portal/{template}.html", status_code=status, **context)
    response.headers.update(PRIVATE)
    return response
