"""Vendor documents that quotes and invoices offer: who chooses them, and who downloads them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.billing.invoice_emails import invoice_path
from app.billing.models import Invoice
from app.billing.vendor_documents import add_document
from app.billing.vendor_models import VendorDocument, VendorDocumentKind
from app.billing.vendor_offers import choose_documents, find_offered_on
from app.core import clock
from app.media.uploads import Upload
from app.quotes.links import quote_path
from tests import factories
from tests.console.staff_browser import StaffBrowser
from tests.console.test_vendor_documents import PATH, documents, downloads, upload
from tests.orders.test_purchase_order_review import pdf
from tests.quotes import quote_factories

STAFF = Actor.system("test")
START = date(2020, 1, 1)


def test_documents_on_all_quotes_and_chosen_ones_open_by_the_links_only(
    admin: StaffBrowser, client: TestClient, sessions: sessionmaker[Session]
) -> None:
    upload(admin, pdf())
    upload(admin, pdf() + b"%", kind="insurance", title="Insurance, 2027")
    w9, insurance = documents(sessions)
    with sessions.begin() as session:
        made, other = (quote_factories.quote(session) for _ in range(2))
        factories.paid_order(session)
        invoice = session.scalars(select(Invoice)).one()
        page, other_page, number = quote_path(made), quote_path(other), made.number
        invoice_page, email = invoice_path(invoice), made.email
    form = f"{PATH}/{w9.ref}/offer"
    assert "Document choices saved." in admin.fill(admin.see(PATH), form, quotes="yes").words
    console = f"/console/quotes/{number}"
    chosen = f"{PATH}/offers/{number}"
    saved = admin.fill(admin.see(console), chosen, documents=insurance.ref)
    assert "Vendor documents saved." in saved.words

    client.cookies.clear()
    seen = [client.get(path).text for path in (page, other_page, invoice_page)]
    assert [(w9.ref in text, insurance.ref in text) for text in seen] == [
        (True, True),
        (True, False),
        (False, False),
    ]
    start, token = page.split("?")
    for document in (w9, insurance):
        answer = client.get(f"{start}/vendor-documents/{document.ref}.pdf?{token}")
        assert answer.content.startswith(pdf())
        assert client.get(f"{start}/vendor-documents/{document.ref}.pdf").status_code == 404
    start, token = other_page.split("?")
    refused = client.get(f"{start}/vendor-documents/{insurance.ref}.pdf?{token}")
    assert refused.status_code == 404
    assert downloads(sessions) == [(email, w9.ref), (email, insurance.ref)]
    listed = client.get(f"/api/v1{page}").json()["documents"]
    assert [each["label"] for each in listed[1:]] == [
        "W-9: W-9, 2027 (PDF)",
        "Certificate of insurance: Insurance, 2027 (PDF)",
    ]


def test_replacement_is_offered_where_the_old_document_was(session: Session) -> None:
    made = quote_factories.quote(session)
    today = clock.today()
    old = _add(session, "1")
    choose_documents(session, made.number, [old.ref], on=today, actor=STAFF)
    old.is_on_invoices = True
    new = _add(session, "2")
    assert list(find_offered_on(session, made.number, "quote", on=today)) == [new]
    assert list(find_offered_on(session, "INV-1", "invoice", on=today)) == [new]


def test_concurrent_uploads_of_one_kind_leave_one_current(sessions: sessionmaker[Session]) -> None:
    workers = 6
    barrier = Barrier(workers)

    def work(number: int) -> None:
        barrier.wait()
        for turn in range(3):
            with sessions.begin() as session:
                _add(session, f"{number}-{turn}")

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))

    with sessions() as session:
        rows = session.scalars(select(VendorDocument)).all()
    assert len(rows) == workers * 3
    assert [row.current_key for row in rows if row.replaced_at is None] == ["w9"]


def _add(session: Session, text: str) -> VendorDocument:
    data = text.encode()
    return add_document(
        session,
        Upload(data, f"{text:0>64}", "application/pdf", "w9.pdf"),
        kind=VendorDocumentKind.W9,
        title=f"W-9, {text}",
        valid_from=START,
        valid_through=None,
        actor=STAFF,
    )
