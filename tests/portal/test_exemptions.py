"""Exemption certificates that signed-in people send for their institution."""

from datetime import timedelta

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.billing.states import ExemptionState
from app.billing.tax_models import TaxExemption
from app.core import clock
from tests.institutions.people import add_institution, add_member, sign_in
from tests.orders.test_purchase_order_review import pdf

PATH = "/account/exemptions"


def send(client: TestClient, **fields: str) -> Response:
    files = {"file": ("exempt.pdf", pdf(), "application/pdf")}
    data = {"form": "state", "states": "NY", "number": "EX-1", **fields}
    headers = {"Accept": "text/html"}
    return client.post(PATH, data=data, files=files, headers=headers, follow_redirects=True)


def test_certificate_of_institution_is_sent_once_and_its_state_shown(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        north = add_institution(session, "North College", "north.edu")
        member = add_member(session, "ap@north.edu", north)
        south = add_member(session, "bo@south.edu", add_institution(session, "S", "south.edu"))
    sign_in(client, member)
    refused = send(client, states="")
    assert (refused.status_code, "EX-1" in refused.text) == (422, True)
    ends = clock.today() + timedelta(days=400)
    for _ in range(2):
        sent = send(client, valid_to=ends.isoformat()).text
        assert ("Certificate received." in sent, "Pending review: EX-1" in sent) == (True, True)
    with sessions.begin() as session:
        row = session.scalars(select(TaxExemption)).one()
        assert (row.institution_id, row.order_number, row.email) == (north.id, None, member.email)
        row.state = ExemptionState.APPROVED
        row.valid_to = clock.today() - timedelta(days=2)
    page = client.get(PATH)
    assert ("Approved: EX-1" in page.text, "expired on" in page.text) == (True, True)
    sign_in(client, south)
    assert "EX-1" not in client.get(PATH).text
