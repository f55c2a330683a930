"""The statement of account for the institution: by role, and by a link that staff email."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from fastapi.testclient import TestClient
from pdfua import validate
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.accounts.permissions import Role
from app.billing.models import Invoice
from app.core import clock
from app.core.email_models import OutboxEmail
from app.institutions.member_models import Member, MemberRole
from app.orders.acceptance import accept
from app.receivables.statement_emails import find_by_key, statement_path
from tests import factories
from tests.console.staff_browser import log_in
from tests.emails import text_of
from tests.factories import SETTINGS, STAFF
from tests.institutions.people import add_institution, add_member, sign_in
from tests.storefront.visitor import Visitor

ROLES = {
    "payables": MemberRole.ACCOUNTS_PAYABLE,
    "approver": MemberRole.APPROVER,
    "librarian": MemberRole.LIBRARIAN,
    "requester": MemberRole.REQUESTER,
}


@pytest.fixture
def people(sessions: sessionmaker[Session]) -> dict[str, Member]:
    """Return people of a college that owes one invoice; a guest gave its name for another."""
    with sessions.begin() as session:
        north = add_institution(session, "North College", "north.edu")
        south = add_institution(session, "South College", "south.edu")
        for institution_id in (north.id, None):
            buyer = factories.draft_json(session)["buyer"] | {"institution": "North College"}
            order = factories.order(session, po_number=f"PO-{institution_id}", buyer=buyer)
            order.institution_id = institution_id
            session.flush()
            accept(session, order, actor=STAFF)
        found = {
            name: add_member(session, f"{name}@north.edu", north, [role])
            for name, role in ROLES.items()
        }
        found["stranger"] = add_member(session, "ap@south.edu", south, list(ROLES.values()))
        found["alone"] = add_member(session, "ada@gmail.com")
        return found


@pytest.mark.parametrize(
    ("who", "status"),
    [("payables", 200), ("approver", 200), ("librarian", 200), ("requester", 404), ("alone", 404)],
)
def test_statement_is_shown_by_role_without_guests_of_the_name(
    client: TestClient, people: dict[str, Member], tmp_path: Path, who: str, status: int
) -> None:
    sign_in(client, people[who])
    page = Visitor(client).get("/account/statement")
    pdf = client.get("/account/statement.pdf")
    assert (page.status, pdf.status_code) == (status, status)
    if status == 200:
        assert "Closing balance$398.00" in page.text
        path = tmp_path / "statement.pdf"
        path.write_bytes(pdf.content)
        report = validate(str(path))
        assert [f.message for f in report.findings if f.confidence.name == "CERTAIN"] == []
        wrong = Visitor(client).get("/account/statement?starts_on=soon")
        assert "Enter a date like 2026-11-22." in wrong.text


def test_statement_of_another_institution_is_empty(
    client: TestClient, people: dict[str, Member]
) -> None:
    sign_in(client, people["stranger"])
    assert "Nothing changed in this period." in Visitor(client).get("/account/statement").text


def test_staff_email_a_link_that_expires(
    client: TestClient, session: Session, people: dict[str, Member]
) -> None:
    institution = people["payables"].institution
    assert institution is not None
    biller = log_in(client, Role.FINANCE)
    path = f"/console/statements/{institution.ref}"
    page = biller.see(path)
    assert "includes orders of guests" in page.words
    typed = page.hidden(f"{path}/email")
    assert typed["to"] == "payables@north.edu"
    for _ in range(2):
        biller.client.post(f"{path}/email", data=typed)
    wrong = biller.client.post(f"{path}/email", data={"once": "x" * 20, "to": "x@example.org"})
    assert "The address of accounts payable changed." in wrong.text
    session.expire_all()
    email = session.scalars(
        select(OutboxEmail).where(OutboxEmail.kind == "statement-of-account")
    ).one()
    assert email.to_address == "payables@north.edu"
    actions = [entry.action for entry in entries_about(session, "institution", institution.ref)]
    assert actions.count("institution.statement_sent") == 1
    link = re.search(r"/statements/[^\s.]+\.[^\s.]+", text_of(email))
    assert link is not None
    guest = Visitor(client)
    assert "$398.00 is owed." in guest.get(link[0]).text
    assert client.get(f"{link[0]}.pdf").headers["Content-Type"] == "application/pdf"
    assert client.get(f"{link[0][:-2]}xx").status_code == 404
    with time_machine.travel(clock.now() + timedelta(days=32)):
        assert client.get(link[0]).status_code == 404


def test_link_opens_only_its_institution(session: Session, people: dict[str, Member]) -> None:
    institution = people["payables"].institution
    assert institution is not None
    until = clock.today(SETTINGS.seller_time_zone)
    key = statement_path(SETTINGS, institution, until=until).rpartition("/")[2]
    found = find_by_key(session, SETTINGS, key)
    assert found is not None
    assert found.id == institution.id
    other = key.replace(institution.ref, "IN-OTHER")
    assert find_by_key(session, SETTINGS, other) is None
    assert session.scalars(select(Invoice.institution_id).order_by(Invoice.id)).all() == [
        institution.id,
        None,
    ]
