"""Tax at the console: rates, the tax of an order, and exemption certificates."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.billing.states import ExemptionState, TaxKind, TaxState
from app.billing.tax_models import TaxExemption, TaxRate
from app.core import clock
from app.orders.models import Order
from tests import factories
from tests.billing.test_exemptions import BY_RATES, DRAFT, PDF, submit
from tests.console.staff_browser import StaffBrowser

RATES = "/console/tax-rates"
NEW_YORK = {
    "country": "US",
    "region": "new york",
    "kind": "tangible",
    "name": "New York sales tax",
    "percent": "8.875",
}


@pytest.fixture
def unresolved(sessions: sessionmaker[Session]) -> str:
    """The number of an order for which no rate is known."""
    with sessions.begin() as session:
        return factories.order(session, settings=BY_RATES).number


def order_of(sessions: sessionmaker[Session], number: str) -> Order:
    with sessions() as session:
        return session.scalars(select(Order).where(Order.number == number)).one()


def test_rates_are_added_ended_and_removed(
    finance: StaffBrowser, sales: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    page = finance.see(RATES)
    assert "No tax rates yet." in page.words
    wrong = finance.fill(page, RATES, **(NEW_YORK | {"percent": "lots", "kind": ""}))
    assert "Enter a percentage from 0 to 100" in wrong.words
    assert "Choose what is taxed." in wrong.words

    page = finance.fill(page, RATES, **NEW_YORK)
    assert "Tax rate added." in page.words
    assert "New York Discs New York sales tax 8.875%" in page.rows()[0]
    later = (clock.today() + timedelta(days=9)).isoformat()
    page = finance.fill(page, RATES, **(NEW_YORK | {"kind": "digital", "valid_from": later}))
    with sessions() as session:
        refs = dict(session.execute(select(TaxRate.kind, TaxRate.ref)).all())
    page = finance.fill(page, f"{RATES}/{refs[TaxKind.DIGITAL]}/remove")
    assert "Tax rate removed." in page.words
    page = finance.fill(page, f"{RATES}/{refs[TaxKind.TANGIBLE]}/end")
    assert "Tax rate ended." in page.words

    assert sales.see(RATES).actions() == set()  # may look only


def test_tax_of_an_order_is_entered_with_a_reason(
    finance: StaffBrowser, unresolved: str, sessions: sessionmaker[Session]
) -> None:
    path = f"/console/orders/{unresolved}"
    assert "Enter the tax" in finance.see("/console/queue").words
    page = finance.see(path)
    assert "Total before tax" in page.words
    assert f"{path}/accept" not in page.actions()
    wrong = finance.fill(page, f"{path}/tax", tax="", tax_reason="")
    assert "Enter the tax, or 0 if none is due." in wrong.words

    page = finance.fill(page, f"{path}/tax", tax="35.32", tax_reason="By phone")
    assert "Tax saved." in page.words
    assert order_of(sessions, unresolved).tax_amount == 3532
    assert "Total before tax" not in page.words


def test_certificate_is_approved_and_applied(
    finance: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        factories.tax_rate(session)
        order = factories.order(session, settings=BY_RATES)
        number, ref = order.number, submit(session, order).ref
    path = f"/console/exemptions/{ref}"
    assert "Tax exemption of" in finance.see("/console/queue").words
    assert path in finance.see("/console/exemptions?q=ex-1&state=pending").links()
    assert "No certificates match." in finance.see("/console/exemptions?state=revoked").words

    page = finance.see(path)
    wrong = finance.fill(page, f"{path}/approve", **(DRAFT | {"states": "Atlantis"}))
    assert "is not a state" in wrong.words
    refused = finance.fill(page, f"{path}/reject", reason="")
    assert "Enter a reason. The buyer reads it." in refused.words
    page = finance.fill(page, f"{path}/approve", **(DRAFT | {"states": "NY, NJ"}))
    assert "Certificate approved." in page.words
    assert f"/console/orders/{number}#enter-tax" in page.links()

    with sessions() as session:
        row = session.scalars(select(TaxExemption)).one()
        assert (row.state, row.places) == (ExemptionState.APPROVED, ["US-NJ", "US-NY"])
    page = finance.fill(page, f"{path}/revoke", reason="Closed")
    assert "Certificate revoked." in page.words


def test_staff_add_a_certificate_that_came_by_email(
    finance: StaffBrowser, unresolved: str, sessions: sessionmaker[Session]
) -> None:
    page = finance.see("/console/exemptions")
    once = page.hidden("/console/exemptions")
    answer = finance.client.post(
        "/console/exemptions",
        data=once | DRAFT | {"holder": unresolved.lower()},
        files={"file": ("c.pdf", PDF)},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith("/console/exemptions/TE-")
    unknown = finance.client.post(
        "/console/exemptions",
        data=DRAFT | {"holder": "IN-00000000", "once": "x"},
        files={"file": ("c.pdf", PDF)},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert unknown.status_code == 422
    assert order_of(sessions, unresolved).tax_state is TaxState.UNRESOLVED
