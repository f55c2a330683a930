"""Quotes at the console: found, extended, and withdrawn."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.core.email_outbox import emails_for
from app.quotes.models import Quote
from app.quotes.queries import get_quote_by_number
from tests import factories
from tests.console.staff_browser import StaffBrowser
from tests.quotes.quote_factories import accept, quote


@pytest.fixture
def made(sessions: sessionmaker[Session]) -> Quote:
    with sessions.begin() as session:
        found = quote(session, factories.offer(session, of=factories.film(session, title="Anna")))
        session.expunge_all()
        return found


def test_quotes_are_listed_and_found(sales: StaffBrowser, made: Quote) -> None:
    assert "No quotes match." in sales.see("/console/quotes?q=nothing").words

    for query in ("", "?q=anna", f"?q={made.number}", "?state=open&sort=valid"):
        [row] = sales.see(f"/console/quotes{query}").rows()
        assert made.number in row
        assert "Anna" in row
        assert "$398.00" in row
        assert "Open" in row


def test_staff_extend_and_withdraw_quote(
    sales: StaffBrowser, made: Quote, sessions: sessionmaker[Session]
) -> None:
    path = f"/console/quotes/{made.number}"
    later = (made.valid_through + timedelta(days=5)).isoformat()

    refused = sales.fill(
        sales.see(path), f"{path}/extend", valid_through="2026-01-01", reason="Late"
    )
    extended = sales.fill(refused, f"{path}/extend", valid_through=later, reason="Late board")
    empty = sales.fill(extended, f"{path}/withdraw", reason="")
    gone = sales.fill(empty, f"{path}/withdraw", reason="A claim")

    assert refused.status == 422
    assert "Enter a day from" in refused.words
    assert "Quote extended." in extended.words
    assert "Enter a reason. The buyer can read it." in empty.words
    assert "Quote withdrawn." in gone.words
    assert gone.actions() == set()
    with sessions() as session:
        stored = get_quote_by_number(session, made.number)
        assert (stored.valid_through.isoformat(), stored.close_reason) == (later, "A claim")
        kinds = [email.kind for email in emails_for(session, made.number)]
        assert kinds == ["quote", "quote-extended", "quote-withdrawn"]


def test_accepted_quote_links_to_order_and_back(
    sales: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        found = quote(session)
        order = accept(session, found)
        number, order_number = found.number, order.number

    assert f"/console/orders/{order_number}" in sales.see(f"/console/quotes/{number}").links()
    assert f"/console/quotes/{number}" in sales.see(f"/console/orders/{order_number}").links()


def test_packers_read_quotes_but_change_none(packer: StaffBrowser, made: Quote) -> None:
    assert packer.see(f"/console/quotes/{made.number}").actions() == set()
