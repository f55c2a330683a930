import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.models import StaffSession, StaffUser
from app.accounts.sessions import open_session
from app.accounts.staff import (
    DEMO_PASSWORD,
    LastAdminError,
    Role,
    authenticate,
    create_staff,
    seed_demo_staff,
    set_active,
    set_password,
    set_roles,
)
from app.core.errors import InvalidInputError, NotFoundError

OPERATOR = Actor.operator("test")
PASSWORD = "a long enough password"


def make(session: Session, email: str = "Sam@Example.org", *roles: Role) -> StaffUser:
    return create_staff(
        session,
        email=email,
        name="Sam",
        password=PASSWORD,
        roles=roles or [Role.SALES],
        actor=OPERATOR,
    )


def test_who_gives_the_right_password_is_known(session: Session) -> None:
    user = make(session)

    assert authenticate(session, email=" SAM@example.org ", password=PASSWORD) is user
    assert authenticate(session, email="sam@example.org", password=PASSWORD + "!") is None
    assert authenticate(session, email="tom@example.org", password=PASSWORD) is None


def test_a_closed_login_stays_closed_to_the_right_password(session: Session) -> None:
    make(session)
    set_active(session, email="sam@example.org", active=False, actor=OPERATOR)

    assert authenticate(session, email="sam@example.org", password=PASSWORD) is None

    set_active(session, email="sam@example.org", active=True, actor=OPERATOR)
    assert authenticate(session, email="sam@example.org", password=PASSWORD) is not None


def test_every_wrong_field_is_named_and_nothing_is_made(session: Session) -> None:
    with pytest.raises(InvalidInputError) as caught:
        create_staff(session, email="sam", name=" ", password="short", roles=[], actor=OPERATOR)

    assert [problem.pointer for problem in caught.value.errors] == [
        "#/email",
        "#/name",
        "#/roles",
        "#/password",
    ]
    assert session.scalars(select(StaffUser)).all() == []


def test_one_address_has_one_login(session: Session) -> None:
    make(session)

    with pytest.raises(InvalidInputError) as caught:
        make(session, "SAM@EXAMPLE.ORG")

    assert caught.value.errors[0].detail == "This email address already has an account."


def test_the_audit_log_tells_of_logins_but_never_of_passwords(session: Session) -> None:
    make(session)
    set_password(session, email="sam@example.org", password="another long one", actor=OPERATOR)

    entries = audit.entries_about(session, "staff", "sam@example.org")
    assert [entry.action for entry in entries] == ["staff.created", "staff.password_set"]
    assert entries[0].after == {"name": "Sam", "roles": ["sales"]}
    assert entries[1].after is None


def test_a_new_password_ends_every_session(session: Session) -> None:
    user = make(session)
    open_session(session, user, hours=1, user_agent="", awaits_code=False)

    set_password(session, email=user.email, password="another long one", actor=OPERATOR)

    assert session.scalars(select(StaffSession)).all() == []
    assert authenticate(session, email=user.email, password=PASSWORD) is None
    assert authenticate(session, email=user.email, password="another long one") is user


def test_closing_a_login_ends_its_sessions(session: Session) -> None:
    user = make(session)
    open_session(session, user, hours=1, user_agent="", awaits_code=False)

    set_active(session, email=user.email, active=False, actor=OPERATOR)

    assert session.scalars(select(StaffSession)).all() == []


def test_the_last_admin_can_neither_leave_nor_step_down(session: Session) -> None:
    make(session, "ada@example.org", Role.ADMIN)
    make(session, "sam@example.org", Role.SALES)

    with pytest.raises(LastAdminError):
        set_roles(session, email="ada@example.org", roles=[Role.SALES], actor=OPERATOR)
    with pytest.raises(LastAdminError):
        set_active(session, email="ada@example.org", active=False, actor=OPERATOR)

    set_roles(session, email="sam@example.org", roles=[Role.ADMIN], actor=OPERATOR)
    set_roles(session, email="ada@example.org", roles=[Role.SALES], actor=OPERATOR)
    assert session.scalars(select(StaffUser.roles).order_by(StaffUser.email)).all() == [
        ["sales"],
        ["admin"],
    ]


def test_somebody_unknown_is_not_found(session: Session) -> None:
    with pytest.raises(NotFoundError):
        set_roles(session, email="tom@example.org", roles=[Role.SALES], actor=OPERATOR)


def test_demo_staff_are_one_a_role_however_often_seeded(session: Session) -> None:
    first = seed_demo_staff(session)
    second = seed_demo_staff(session)

    assert first == second == [(role, f"{role}@example.org") for role in Role]
    assert len(session.scalars(select(StaffUser)).all()) == 5
    admin = authenticate(session, email="admin@example.org", password=DEMO_PASSWORD)
    assert admin is not None
    assert admin.roles == ["admin"]
