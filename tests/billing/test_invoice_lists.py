"""Staff find the invoices of an institution, and those that are overdue."""

from datetime import timedelta

import time_machine
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.keys import Scope
from app.billing.models import Invoice
from app.core import clock
from tests.billing.test_invoice_corrections import invoiced, key
from tests.institutions.people import add_institution


def test_invoices_are_listed_by_institution_and_overdue(
    session: Session, client: TestClient
) -> None:
    north = add_institution(session, "North College", "north.edu")
    _, of_north = invoiced(session)
    _, other = invoiced(session)
    of_north.institution_id = north.id
    of_north.due_on = clock.today() + timedelta(days=3)
    other.due_on = clock.today() + timedelta(days=90)
    headers = key(session, Scope.ORDERS_READ)
    ref = north.ref
    session.commit()

    def numbers(query: str) -> list[str]:
        answer = client.get(f"/api/v1/admin/invoices?{query}", headers=headers)
        return [row["number"] for row in answer.json()["items"]]

    assert numbers(f"institution={ref.lower()}") == [of_north.number]
    assert numbers("institution=IN-NONE0000") == []
    assert numbers("overdue=true") == []
    with time_machine.travel(clock.now() + timedelta(days=5)):
        assert numbers("overdue=true") == [of_north.number]
        assert numbers("overdue=false&state=open") == [other.number]
        session.get_one(Invoice, of_north.id).written_off_amount = of_north.total_amount
        session.commit()
        assert numbers("overdue=true") == []
