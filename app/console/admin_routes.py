"""Pages for admins: API keys, staff, and the audit log."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.accounts import totp
from app.accounts.actors import ActorKind
from app.accounts.keys import create_key, keys, revoke_key
from app.accounts.models import AuditEntry
from app.accounts.permissions import KEY_SCOPES, PERMISSIONS, ROLE_LABELS, SCOPE_LABELS, Role, Scope
from app.accounts.staff import (
    create_staff,
    set_active,
    set_password,
    set_roles,
    staff_members,
    staff_user,
)
from app.console.access import Staff, require_scopes
from app.console.fields import EmptyIsNone, Line, PageNumber, Search
from app.console.forms.submission import run_once
from app.console.lists import find_entities_page
from app.console.pages import draw_page, see_other
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError

router = APIRouter()
Admin = Annotated[Staff, Depends(require_scopes(Scope.ACCOUNTS_WRITE))]
Auditor = Annotated[Staff, Depends(require_scopes(Scope.AUDIT_READ))]
Email = Annotated[str, Path(max_length=254, pattern=r"^[^\s\x00]+@[^\s\x00]+$")]
Password = Annotated[str, Form(max_length=1000)]


@router.get("/keys", summary="API keys")
def key_list(request: Request, staff: Admin, session: ReadSessionDep) -> Response:
    """Show all keys and the form for a new one."""
    return _draw_keys(request, staff, session)


@router.post("/keys", summary="Create an API key")
def new_key(
    request: Request,
    *,
    staff: Admin,
    label: Line = "",
    scopes: Annotated[list[Scope] | None, Form()] = None,
    once: Line = "",
) -> Response:
    """Create a key and show it in the response, because it can't be shown later."""
    state = app_state(request)
    created_keys: list[str] = []

    def work(session: Session) -> None:
        created_keys.append(
            create_key(session, label=label, scopes=scopes or (), actor=staff.actor)
        )

    problem = None
    try:
        if not run_once(request, once, work):
            return see_other("/console/keys", done="twice")
    except AppError as error:
        problem = error
    with state.readers() as session:
        return _draw_keys(
            request,
            staff,
            session,
            problem=problem,
            key=created_keys[0] if created_keys else "",
            typed={} if created_keys else {"label": label, "scopes": scopes or ()},
        )


@router.post("/keys/{prefix}/revoke", summary="Revoke an API key")
def end_key(
    request: Request, staff: Admin, prefix: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
) -> Response:
    """Revoke a key. Repeating it changes nothing."""
    with app_state(request).sessions.begin() as session:
        revoke_key(session, prefix=prefix, actor=staff.actor)
    return see_other("/console/keys", done="key-revoked")


@router.get("/staff", summary="Staff")
def staff_list(request: Request, staff: Admin, session: ReadSessionDep) -> Response:
    """Show all staff and the form for a new account."""
    return _draw_staff(request, staff, session)


@router.post("/staff", summary="Create a staff account")
def add_staff(
    request: Request,
    *,
    staff: Admin,
    email: Line = "",
    name: Line = "",
    password: Password = "",
    roles: Annotated[list[Role] | None, Form()] = None,
) -> Response:
    """Create a staff account. A second one with the same address is refused."""
    try:
        with app_state(request).sessions.begin() as session:
            create_staff(
                session,
                email=email,
                name=name,
                password=password,
                roles=roles or (),
                actor=staff.actor,
            )
    except AppError as error:
        typed = {"email": email, "name": name, "roles": roles or ()}
        with app_state(request).readers() as session:
            return _draw_staff(request, staff, session, problem=error, typed=typed)
    return see_other("/console/staff", done="staff-added")


@router.post("/staff/codes", summary="Choose roles that require two-step verification")
def require_codes(
    request: Request, staff: Admin, roles: Annotated[list[Role] | None, Form()] = None
) -> Response:
    """Require two-step verification for exactly these roles."""
    with app_state(request).sessions.begin() as session:
        totp.require_codes(session, roles or (), actor=staff.actor)
    return see_other("/console/staff", done="codes-required")


@router.get("/staff/{email}", summary="One staff account")
def staff_page(request: Request, staff: Admin, session: ReadSessionDep, email: Email) -> Response:
    """Show the roles and status of one account."""
    return _draw_person(request, staff, session, email)


@router.post("/staff/{email}/roles", summary="Change roles")
def change_roles(
    request: Request,
    *,
    staff: Admin,
    email: Email,
    roles: Annotated[list[Role] | None, Form()] = None,
) -> Response:
    """Set the roles of an account, effective at its next request."""
    try:
        with app_state(request).sessions.begin() as session:
            set_roles(session, email=email, roles=roles or (), actor=staff.actor)
    except AppError as error:
        return _redraw_person(request, staff, email, error)
    return see_other(f"/console/staff/{email}", done="roles")


@router.post("/staff/{email}/password", summary="Set a staff password")
def reset_password(
    request: Request, *, staff: Admin, email: Email, password: Password = ""
) -> Response:
    """Set a new password for an account and end its sessions."""
    try:
        with app_state(request).sessions.begin() as session:
            set_password(session, email=email, password=password, actor=staff.actor)
    except AppError as error:
        return _redraw_person(request, staff, email, error)
    return see_other(f"/console/staff/{email}", done="password-reset")


@router.post("/staff/{email}/active", summary="Deactivate or reactivate an account")
def change_active(
    request: Request, *, staff: Admin, email: Email, active: Annotated[bool, Form()] = False
) -> Response:
    """Close an account and end its sessions, or open it again."""
    try:
        with app_state(request).sessions.begin() as session:
            set_active(session, email=email, active=active, actor=staff.actor)
    except AppError as error:
        return _redraw_person(request, staff, email, error)
    done = "staff-opened" if active else "staff-closed"
    return see_other(f"/console/staff/{email}", done=done)


@router.post("/staff/{email}/codes-off", summary="Turn off two-step verification for an account")
def switch_codes_off(request: Request, staff: Admin, email: Email) -> Response:
    """Turn two-step verification off for someone who lost phone and recovery codes."""
    with app_state(request).sessions.begin() as session:
        user = staff_user(session, email)
        if user.uses_totp:
            totp.disable(session, user, actor=staff.actor)
    return see_other(f"/console/staff/{email}", done="codes-reset")


@router.get("/audit", summary="The audit log")
def audit_list(
    request: Request,
    *,
    staff: Auditor,
    session: ReadSessionDep,
    q: Search = "",
    kind: Annotated[ActorKind | None, EmptyIsNone, Query()] = None,
    number: PageNumber = 1,
) -> Response:
    """Show audit entries, newest first."""
    statement = select(AuditEntry).order_by(AuditEntry.id.desc())
    if kind is not None:
        statement = statement.where(AuditEntry.actor_kind == kind)
    if q:
        word = q.lower()
        statement = statement.where(
            or_(
                func.lower(AuditEntry.object_ref).startswith(word, autoescape=True),
                func.lower(AuditEntry.actor_ref).startswith(word, autoescape=True),
                func.lower(AuditEntry.action).startswith(word, autoescape=True),
                func.lower(AuditEntry.request_id) == word,
            )
        )
    return draw_page(
        request,
        staff,
        "audit.html",
        rows=find_entities_page(session, statement, page=number),
        q=q,
        kind=kind,
        kinds=list(ActorKind),
    )


def _draw_keys(
    request: Request,
    staff: Staff,
    session: Session,
    *,
    problem: AppError | None = None,
    key: str = "",
    typed: Mapping[str, object] | None = None,
) -> Response:
    return draw_page(
        request,
        staff,
        "keys.html",
        problem=problem,
        keys=keys(session),
        key=key,
        typed=typed,
        scopes={scope: label for scope, label in SCOPE_LABELS.items() if scope in KEY_SCOPES},
    )


def _draw_staff(
    request: Request,
    staff: Staff,
    session: Session,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    return draw_page(
        request,
        staff,
        "staff.html",
        problem=problem,
        people=staff_members(session),
        code_roles=totp.roles_with_codes(session),
        roles=ROLE_LABELS,
        typed=typed,
        permissions=PERMISSIONS,
        scopes=SCOPE_LABELS,
    )


def _redraw_person(request: Request, staff: Staff, email: str, problem: AppError) -> Response:
    with app_state(request).readers() as session:
        return _draw_person(request, staff, session, email, problem=problem)


def _draw_person(
    request: Request, staff: Staff, session: Session, email: str, *, problem: AppError | None = None
) -> Response:
    return draw_page(
        request,
        staff,
        "person.html",
        problem=problem,
        person=staff_user(session, email),
        roles=ROLE_LABELS,
    )
