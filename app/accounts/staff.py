"""Members of staff: making them, their roles, and checking who they are."""

from collections.abc import Iterable, Sequence

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.demo import DEMO_PASSWORD
from app.accounts.models import StaffUser
from app.accounts.passwords import hash_password, problem_with, verify_password
from app.accounts.permissions import PERMISSIONS, Role
from app.accounts.sessions import end_all
from app.core.db import insert_ignore
from app.core.email_address import Email, format_email_problem
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.core.text import clean, one_line

__all__ = ["DEMO_PASSWORD", "PERMISSIONS", "Role", "authenticate", "create_staff", "staff_user"]

DEMO_NAMES = {
    Role.SALES: "Sam Sales",
    Role.FULFILLMENT: "Fran Fulfillment",
    Role.FINANCE: "Finley Finance",
    Role.CATALOG: "Cat Catalog",
    Role.ADMIN: "Ada Admin",
}
_ADDRESS = TypeAdapter(Email)


class LastAdminError(ConflictError):
    """Without one active admin nobody could make another."""

    type = "last-admin"
    title = "At least one admin required"


def create_staff(
    session: Session,
    *,
    email: str,
    name: str,
    password: str,
    roles: Iterable[Role],
    actor: Actor,
) -> StaffUser:
    """Make a login for a member of staff.

    Raises:
        InvalidInputError: a field is not right, or the address has a login already.
    """
    email = email.strip()
    wanted = sorted(frozenset(roles))
    problems = []
    taken = FieldProblem("#/email", "This email address already has an account.")
    try:
        email = _ADDRESS.validate_python(email).lower()
    except ValidationError as error:
        usual = "Enter an email address, like name@example.org."
        detail = format_email_problem(error.errors()[0], usual)
        problems.append(FieldProblem("#/email", detail))
    if find_staff(session, email=email):
        problems.append(taken)
    name = _clean_name(name)
    if not name or len(name) > 120:  # noqa: PLR2004 - the column's width
        problems.append(FieldProblem("#/name", "Enter a name of up to 120 characters."))
    if not wanted:
        problems.append(FieldProblem("#/roles", "Choose at least one role."))
    if weak := problem_with(password, email=email):
        problems.append(weak)
    if problems:
        raise InvalidInputError.of(*problems)
    values = {
        "email": email,
        "name": name,
        "password_hash": hash_password(password),
        "roles": wanted,
    }
    if not insert_ignore(session, StaffUser, values, index_elements=["email"]):
        raise InvalidInputError.of(taken)
    user = staff_user(session, email)
    audit.record(
        session,
        actor=actor,
        action="staff.created",
        object_type="staff",
        object_ref=email,
        after={"name": user.name, "roles": wanted},
    )
    return user


def authenticate(session: Session, *, email: str, password: str) -> StaffUser | None:
    """Return the active member of staff with this email and password, else None.

    Reads only, and works for as long whether the address is known or not. Call it outside any
    writing transaction: the hash takes a tenth of a second on purpose.
    """
    user = find_staff(session, email=_normalize_email(email))
    right = verify_password(password, user.password_hash if user and user.active else None)
    return user if right else None


def find_staff(session: Session, *, email: str) -> StaffUser | None:
    """Return the login of this address, which may be closed."""
    return session.scalar(select(StaffUser).where(StaffUser.email == email))


def staff_user(session: Session, email: str) -> StaffUser:
    """Return the login of this address.

    Raises:
        NotFoundError: the address has none.
    """
    user = find_staff(session, email=_normalize_email(email))
    if user is None:
        detail = f"Staff account {email} not found."
        raise NotFoundError(detail)
    return user


def _clean_name(name: str) -> str:
    """Return the name as it is stored; empty if it is no name."""
    try:
        return one_line(str(clean(name))).strip()
    except ValueError:
        return ""


def _normalize_email(email: str) -> str:
    """Return an address as accounts have it; one that is no address has no account."""
    try:
        return _ADDRESS.validate_python(email).lower()
    except ValidationError:
        # Accounts from before addresses were checked this strictly.
        return email.strip().lower()[:254]


def staff_members(session: Session) -> Sequence[StaffUser]:
    """Return everybody, active ones first, by name."""
    return session.scalars(
        select(StaffUser).order_by(StaffUser.active.desc(), StaffUser.name, StaffUser.id)
    ).all()


def set_password(session: Session, *, email: str, password: str, actor: Actor) -> StaffUser:
    """Set a new password for a person, and end every session that the old one opened.

    Raises:
        NotFoundError: nobody has this address.
        InvalidInputError: the password is too easy.
    """
    user = staff_user(session, email)
    if weak := problem_with(password, email=user.email):
        raise InvalidInputError.of(weak)
    user.password_hash = hash_password(password)
    end_all(session, user_id=user.id)
    audit.record(
        session,
        actor=actor,
        action="staff.password_set",
        object_type="staff",
        object_ref=user.email,
    )
    return user


def set_roles(session: Session, *, email: str, roles: Iterable[Role], actor: Actor) -> StaffUser:
    """Change the roles of a person, from their next request on.

    Raises:
        InvalidInputError: no role is left.
        LastAdminError: nobody else is an admin.
    """
    user = staff_user(session, email)
    wanted = sorted(frozenset(roles))
    if not wanted:
        raise InvalidInputError.of(FieldProblem("#/roles", "Choose at least one role."))
    if wanted == user.roles:
        return user
    before = list(user.roles)
    if Role.ADMIN in before and Role.ADMIN not in wanted:
        _ensure_other_admin(session, user)
    user.roles = list(wanted)
    audit.record(
        session,
        actor=actor,
        action="staff.roles_set",
        object_type="staff",
        object_ref=user.email,
        before={"roles": before},
        after={"roles": list(wanted)},
    )
    return user


def set_active(session: Session, *, email: str, active: bool, actor: Actor) -> StaffUser:
    """Deactivate an account and end its sessions, or reactivate it.

    Raises:
        LastAdminError: nobody else is an admin.
    """
    user = staff_user(session, email)
    if user.active is active:
        return user
    if not active:
        if Role.ADMIN in user.roles:
            _ensure_other_admin(session, user)
        end_all(session, user_id=user.id)
    user.active = active
    audit.record(
        session,
        actor=actor,
        action="staff.opened" if active else "staff.closed",
        object_type="staff",
        object_ref=user.email,
    )
    return user


def seed_demo_staff(session: Session) -> list[tuple[Role, str]]:
    """Make one login a role with the demo password, those that are missing; return all of them.

    For development only: the caller refuses to run this in production.
    """
    logins = []
    for role in Role:
        email = f"{role}@example.org"
        if find_staff(session, email=email) is None:
            create_staff(
                session,
                email=email,
                name=DEMO_NAMES[role],
                password=DEMO_PASSWORD,
                roles=[role],
                actor=Actor.system("seed"),
            )
        logins.append((role, email))
    return logins


def _ensure_other_admin(session: Session, leaving: StaffUser) -> None:
    others = session.scalars(
        select(StaffUser).where(StaffUser.active.is_(True), StaffUser.id != leaving.id)
    )
    if not any(Role.ADMIN in other.roles for other in others):
        detail = f"{leaving.name} is the only admin. Add another admin first."
        raise LastAdminError(detail)
