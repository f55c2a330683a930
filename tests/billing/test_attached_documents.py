"""The PDFs that go out with the emails about quotes, invoices, and credit notes."""

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.billing.models import CreditNote, Invoice
from app.core.config import Settings
from app.core.email_models import OutboxEmail
from app.email_kinds import EMAIL_KINDS
from app.orders.refunds import record_external_refund
from app.orders.states import RefundStatus
from app.quotes.document import quote_pdf
from tests import factories
from tests.billing.test_invoice_corrections import invoiced
from tests.factories import STAFF
from tests.quotes import quote_factories


def attached(
    sessions: sessionmaker[Session], settings: Settings, kind: str
) -> list[tuple[str, bytes]]:
    with sessions() as session:
        email = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == kind)).one()
    facts = EMAIL_KINDS[kind].model_validate(email.facts)
    return [(each.name, each.data) for each in facts.draw_attachments(sessions, settings)]


def test_invoice_and_quote_are_attached_as_their_links_return_them(
    sessions: sessionmaker[Session], settings: Settings
) -> None:
    with sessions.begin() as session:
        _, invoice = invoiced(session)
        quote = quote_factories.quote(session)
    found = attached(sessions, settings, "invoice-issued")
    with sessions() as session:
        stored = session.scalars(select(Invoice.pdf)).one()
        drawn = quote_pdf(session.merge(quote), settings)
    assert found == [(f"{invoice.number}.pdf", stored)]
    assert attached(sessions, settings, "quote") == [(f"quote-{quote.number}.pdf", drawn)]


def test_credit_note_is_attached(sessions: sessionmaker[Session], settings: Settings) -> None:
    with sessions.begin() as session:
        order, _ = invoiced(session)
        factories.pay(session, order, reference="pi_1")
        record_external_refund(
            session,
            payment_reference="pi_1",
            reference="re_1",
            amount=order.total,
            status=RefundStatus.SUCCEEDED,
            actor=STAFF,
        )
        number = session.scalars(select(CreditNote.number)).one()
    ((name, pdf),) = attached(sessions, settings, "credit-note-issued")
    assert (name, pdf[:5]) == (f"{number}.pdf", b"%PDF-")


def test_specimens_have_nothing_to_attach(
    sessions: sessionmaker[Session], settings: Settings
) -> None:
    for kind in EMAIL_KINDS.values():
        assert not kind.specimen().draw_attachments(sessions, settings), kind
