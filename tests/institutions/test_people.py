"""People: invited, given roles and limits, deactivated; nobody gives more than they may."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from time_machine import travel

from app.accounts.keys import Scope, create_key
from app.core.email_models import OutboxEmail
from app.core.errors import NotFoundError
from app.institutions import invitations
from app.institutions.member_models import Member, MemberRole, MemberSession
from app.institutions.member_schemas import InvitationIn
from app.institutions.models import Institution
from tests.console.staff_browser import StaffBrowser
from tests.emails import text_of
from tests.factories import SETTINGS, STAFF
from tests.institutions.people import add_institution, add_member, sign_in
from tests.orders.test_races import at_once
from tests.storefront.visitor import Page, Visitor

START = datetime(2030, 3, 4, 9, tzinfo=UTC)
BO = "bo@town.org"
R = MemberRole


@pytest.fixture
def college(session: Session) -> Institution:
    made = add_institution(session, "Example College", "example.edu")
    session.commit()
    return made


@pytest.fixture
def visitor(client: TestClient) -> Visitor:
    return Visitor(client)


def signed_in(
    visitor: Visitor, session: Session, institution: Institution, email: str, *roles: MemberRole
) -> Member:
    member = add_member(session, email, institution, roles)
    session.commit()
    sign_in(visitor.client, member)
    return member


def invitation_link(session: Session) -> str:
    session.expire_all()
    sent = session.scalars(select(OutboxEmail).order_by(OutboxEmail.id.desc())).first()
    assert sent is not None
    (found,) = set(re.findall(r"http://127\.0\.0\.1:8000(/account/\S*)", text_of(sent)))
    session.commit()
    return str(found)


def invite(visitor: Visitor, email: str = BO, **typed: str | None) -> Page:
    form = visitor.get("/account/people").form("/account/people")
    return visitor.send(form, email=email, **typed)


def test_librarian_invites_a_person_who_joins_and_signs_in(
    visitor: Visitor, session: Session, college: Institution
) -> None:
    signed_in(visitor, session, college, "ada@example.edu", R.LIBRARIAN)
    assert "Enter an email address" in invite(visitor, "bo").problems()[0]
    done = invite(visitor, name="Bo Payer", roles="accounts_payable")
    assert "Invitation sent." in done.text
    assert "Bo Payer" in done.text
    link = invitation_link(session)
    visitor.client.cookies.clear()
    assert visitor.get(link).heading == "Join Example College"
    joined = visitor.send(visitor.get(link).form("/account/invitation"))
    assert joined.path == "/account"
    assert BO in joined.text
    assert "accounts payable" in joined.text
    again = visitor.get(link)
    assert (again.status, again.heading) == (404, "This invitation does not work")
    member = session.scalars(select(Member).where(Member.email == BO)).one()
    assert (member.name, member.institution_id) == ("Bo Payer", college.id)


def test_nobody_gives_roles_or_limits_that_are_not_theirs_to_give(
    visitor: Visitor, session: Session, college: Institution
) -> None:
    librarian = signed_in(visitor, session, college, "ada@example.edu", R.LIBRARIAN)
    approver = add_member(session, "cy@example.edu", college, [R.APPROVER])
    requester = add_member(session, "di@example.edu", college, [R.REQUESTER])
    session.commit()
    assert "approver" not in visitor.get("/account/people").html.partition("<form")[2]
    refused = visitor.client.post(
        "/account/people", data={"email": BO, "roles": ["approver"], "once": "x"}
    )
    assert refused.status_code == 422
    for person in (approver, librarian):
        for data in ({"roles": ["librarian"]}, {"step": "deactivate"}):
            path = f"/account/people/{person.ref}"
            assert visitor.client.post(path, data=data).status_code == 404
    # A limit that a librarian sends is not taken.
    path = f"/account/people/{requester.ref}"
    granted = {"roles": "librarian", "spending_limit": "1"}
    assert visitor.client.post(path, data=granted).status_code == 303
    session.refresh(requester)
    assert (requester.roles, requester.spending_limit) == (["librarian"], None)
    session.commit()

    sign_in(visitor.client, approver)
    page = visitor.get(path)
    saved = visitor.send(page.form(path), spending_limit="$1,500")
    assert "up to $1,500.00" in saved.text
    session.expire_all()
    assert requester.spending_limit == 150000
    assert [requester.can_approve(amount) for amount in (150000, 150001)] == [True, False]


@pytest.mark.parametrize("roles", [[R.REQUESTER], [R.ACCOUNTS_PAYABLE], []])
def test_others_manage_nobody(
    visitor: Visitor, session: Session, college: Institution, roles: list[MemberRole]
) -> None:
    other = add_member(session, "cy@example.edu", college)
    signed_in(visitor, session, college, "ada@example.edu", *roles)
    for path in ("/account/people", f"/account/people/{other.ref}"):
        assert visitor.client.get(path).status_code == 404
        assert visitor.client.post(path, data={"roles": ["librarian"]}).status_code == 404


def test_people_of_another_institution_are_out_of_reach(
    visitor: Visitor, session: Session, college: Institution
) -> None:
    other = add_institution(session, "Other College", "other.edu")
    stranger = add_member(session, "eve@other.edu", other)
    session.commit()
    invitation = invitations.invite_person(
        session, SETTINGS, other, InvitationIn(email="fay@other.edu"), actor=STAFF
    )
    session.commit()
    signed_in(visitor, session, college, "ada@example.edu", R.APPROVER)
    assert visitor.client.get(f"/account/people/{stranger.ref}").status_code == 404
    path = f"/account/invitations/{invitation.ref}/withdraw"
    assert visitor.client.post(path).status_code == 404
    # The domain of another institution cannot be invited away.
    assert "belongs to another institution" in invite(visitor, "gil@other.edu").problems()[0]
    # Whether a private address is a person elsewhere is not told.
    hal = add_member(session, "hal@town.org", other)
    session.commit()
    assert "Invitation sent." in invite(visitor, "hal@town.org").text
    refused = visitor.send(visitor.get(invitation_link(session)).form("/account/invitation"))
    assert refused.status == 409
    session.expire_all()
    assert hal.institution_id == other.id


def test_deactivation_ends_every_session(
    visitor: Visitor, session: Session, college: Institution
) -> None:
    person = signed_in(visitor, session, college, "di@example.edu", R.REQUESTER)
    assert visitor.get("/account").status == 200
    cookies = dict(visitor.client.cookies)
    signed_in(visitor, session, college, "ada@example.edu", R.LIBRARIAN)
    path = f"/account/people/{person.ref}"
    form = visitor.get(path).document.forms[-1]
    done = visitor.send(form, step="deactivate")
    assert "Person deactivated and signed out." in done.text
    left = session.scalars(select(MemberSession.member_id)).all()
    assert person.id not in left
    visitor.client.cookies.clear()
    visitor.client.cookies.update(cookies)
    assert visitor.get("/account").heading == "Sign in"


def test_invitation_expires_is_withdrawn_and_is_replaced(
    session: Session, college: Institution, visitor: Visitor
) -> None:
    with travel(START, tick=False) as now:
        signed_in(visitor, session, college, "ada@example.edu", R.LIBRARIAN)
        invite(visitor)
        first = invitation_link(session)
        invite(visitor)
        second = invitation_link(session)
        assert visitor.get(first).status == 404
        assert visitor.get(second).status == 200
        now.shift(timedelta(days=14))
        assert visitor.get(second).status == 404
        member = session.scalars(select(Member)).one()
        session.commit()
        sign_in(visitor.client, member)
        invite(visitor)
        third = invitation_link(session)
        (form,) = [f for f in visitor.get("/account/people").document.forms if "/inv" in f.action]
        visitor.send(form)
        assert visitor.get(third).status == 404


def test_concurrent_uses_of_an_invitation_join_once(
    session: Session, sessions: sessionmaker[Session], college: Institution
) -> None:
    draft = InvitationIn(email=BO)
    invitations.invite_person(session, SETTINGS, college, draft, actor=STAFF)
    session.commit()
    token = invitation_link(session).partition("token=")[2]
    results = at_once(
        sessions,
        *(lambda writer: invitations.accept_invitation(writer, token).email for _ in range(4)),
    )
    assert results.count(BO) == 1
    assert sum(isinstance(result, NotFoundError) for result in results) == 3


def test_staff_manage_people_over_the_api(
    client: TestClient, session: Session, college: Institution
) -> None:
    scopes = [Scope.CUSTOMERS_WRITE, Scope.ORDERS_READ]
    client.headers["Authorization"] = f"Bearer {create_key(session, label='x', scopes=scopes)}"
    other = add_institution(session, "Other College")
    member = add_member(session, "ada@example.edu", college)
    session.commit()
    path = f"/api/v1/admin/institutions/{college.ref}"

    def patch(body: dict[str, Any]) -> Any:  # noqa: ANN401 - the client's response
        return client.patch(f"{path}/members/{member.ref}", json=body)

    invited = client.post(f"{path}/members", json={"email": BO, "roles": ["approver"]})
    assert invited.status_code == 201
    people = client.get(f"{path}/members").json()
    assert [each["email"] for each in people["members"]] == ["ada@example.edu"]
    assert [each["email"] for each in people["invitations"]] == [BO]
    deleted = client.delete(f"{path}/invitations/{invited.json()['ref']}")
    assert deleted.status_code == 204
    assert patch({"roles": []}).status_code == 422
    assert patch({"spending_limit": -1}).status_code == 422
    changed = patch({"roles": ["librarian", "approver"], "spending_limit": 5000}).json()
    assert (changed["roles"], changed["spending_limit"]) == (["librarian", "approver"], 5000)
    moved = patch({"institution": other.ref})
    assert moved.status_code == 200
    assert patch({"active": False}).status_code == 404, "they are of the other institution now"


def test_staff_manage_people_at_the_console(
    sales: StaffBrowser, session: Session, college: Institution
) -> None:
    member = add_member(session, "ada@example.edu", college)
    session.commit()
    path = f"/console/customers/{college.ref}"
    form = sales.see(f"{path}/invite")
    assert "Enter the email address." in sales.send(form, email="").words
    sent = sales.send(form, email=BO, name="Bo")
    assert "Invitation sent." in sent.words
    withdrawn = sales.fill(sent, f"{path}/withdraw")
    assert "Invitation withdrawn." in withdrawn.words
    person = sales.see(f"{path}/people/{member.ref}")
    wrong = sales.send(person, roles=[])
    assert "Choose at least one role." in wrong.words
    saved = sales.send(person, name="Ada Reader", roles=["approver"], spending_limit="200")
    assert "Ada Reader" in saved.words
    assert "up to $200.00" in saved.words
    gone = sales.send(sales.see(f"{path}/people/{member.ref}"), active=None)
    assert "Inactive" in gone.words
