"""Vendor documents: uploaded, sent, downloaded, replaced, and each download recorded."""

import re
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
import time_machine
from fastapi.testclient import TestClient
from pdfua import validate
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.models import AuditEntry
from app.billing.vendor_models import VendorDocument, VendorDocumentLink
from app.core import clock
from app.core.email_models import OutboxEmail
from app.offers.states import HeldRight
from app.orphan_cleanup import remove_orphans
from tests import factories
from tests.console.staff_browser import Page, StaffBrowser
from tests.emails import text_of
from tests.institutions.people import add_institution, add_member, sign_in
from tests.orders.test_purchase_order_review import pdf
from tests.quotes import quote_factories

PATH = "/console/vendor-documents"


def upload(staff: StaffBrowser, data: bytes, **fields: str) -> Page:
    answer = staff.client.post(
        PATH,
        data={**staff.see(PATH).hidden(PATH), "kind": "w9", "title": "W-9, 2027", **fields},
        files={"file": ("w9.pdf", data, "application/pdf")},
        headers={"Accept": "text/html"},
        follow_redirects=True,
    )
    return Page(answer.status_code, answer.text, str(answer.url.path))


def documents(sessions: sessionmaker[Session]) -> list[VendorDocument]:
    with sessions() as session:
        return list(session.scalars(select(VendorDocument).order_by(VendorDocument.id)))


def downloads(sessions: sessionmaker[Session]) -> list[tuple[str, str]]:
    """Return who downloaded what, in order."""
    with sessions() as session:
        found = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "vendor document.downloaded")
            .order_by(AuditEntry.id)
        )
        return [(entry.actor_ref, entry.object_ref) for entry in found]


def test_document_is_replaced_by_the_next_of_its_kind_and_kept(
    admin: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    first_pdf, second_pdf = pdf(), pdf() + b"%"
    assert "This file is not a PDF." in upload(admin, b"no pdf").words
    assert "Document added." in upload(admin, first_pdf).words
    upload(admin, pdf(), kind="insurance", title="")
    page = upload(admin, second_pdf, title="W-9, 2028")
    first, insurance, second = documents(sessions)
    assert first.replaced_at is not None
    assert insurance.title == "Certificate of insurance"
    assert (insurance.replaced_at, second.replaced_at) == (None, None)
    assert "Replaced" in page.words
    assert admin.client.get(f"{PATH}/{first.ref}.pdf").content == first_pdf
    assert admin.client.get(f"{PATH}/{second.ref}.pdf").content == second_pdf
    assert downloads(sessions) == [(admin.email, first.ref), (admin.email, second.ref)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": ""}, "Choose what the document is."),
        ({"kind": "sole_source"}, "Choose what the document is."),
        ({"valid_through": "2020-01-01"}, "Enter a last day that is not before the first day."),
    ],
)
def test_invalid_document_is_refused(
    admin: StaffBrowser, sessions: sessionmaker[Session], fields: dict[str, str], words: str
) -> None:
    page = upload(admin, pdf(), **fields)
    assert (page.status, words in page.words) == (422, True)
    assert documents(sessions) == []


def test_only_staff_who_bill_may_add_and_send(
    sales: StaffBrowser, packer: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    for staff in (sales, packer):
        for path in (PATH, f"{PATH}/letter", f"{PATH}/send", f"{PATH}/VD-AAAAAAAA/withdraw"):
            answer = staff.client.post(path, data={"once": "x"}, headers={"Accept": "text/html"})
            assert answer.status_code == 403, path
    assert documents(sessions) == []


def test_sent_document_opens_by_its_link_until_it_expires_or_is_withdrawn(
    admin: StaffBrowser, client: TestClient, sessions: sessionmaker[Session]
) -> None:
    upload(admin, pdf(), kind="bank_details", title="Bank details")
    (document,) = documents(sessions)
    with sessions.begin() as session:
        quote = quote_factories.quote(session)
        number, address = quote.number, quote.email
    page = admin.fill(admin.see(PATH), f"{PATH}/send", number="RQ-NONE0000", documents=document.ref)
    assert "Enter the number of a quote or an invoice." in page.words
    page = admin.fill(admin.see(PATH), f"{PATH}/send", number=number)
    assert "Choose at least one current document." in page.words
    page = admin.fill(admin.see(PATH), f"{PATH}/send", number=number, documents=document.ref)
    assert "Documents sent by email." in page.words
    with sessions() as session:
        (email,) = session.scalars(
            select(OutboxEmail).where(OutboxEmail.kind == "vendor-documents")
        )
        (link_row,) = session.scalars(select(VendorDocumentLink))
    assert (email.to_address, email.reference) == (address, number)
    link = re.search(r"/vendor-documents/\S+\.pdf", text_of(email))
    assert link is not None
    assert link_row.token_hash not in text_of(email)
    client.cookies.clear()
    assert client.get(link[0]).content == pdf()
    assert client.get(link[0].replace(".pdf", "x.pdf")).status_code == 404
    assert client.get(f"{PATH}/{document.ref}.pdf").status_code != 200
    assert downloads(sessions) == [(address, document.ref)]
    with time_machine.travel(clock.now() + timedelta(days=31)):
        assert client.get(link[0]).status_code == 404

    with sessions.begin() as session:
        session.get_one(VendorDocument, document.id).replaced_at = clock.now()
    assert client.get(link[0]).status_code == 404
    assert len(downloads(sessions)) == 1


def test_people_of_institutions_download_current_documents_and_others_none(
    admin: StaffBrowser, client: TestClient, sessions: sessionmaker[Session]
) -> None:
    upload(admin, pdf(), kind="bank_details", title="Bank details")
    upload(admin, pdf(), kind="insurance", valid_from="2020-01-01", valid_through="2020-12-31")
    bank, expired = documents(sessions)
    with sessions.begin() as session:
        north = add_institution(session, "North College", "north.edu")
        member = add_member(session, "ap@north.edu", north)
        alone = add_member(session, "ada@gmail.com")
    client.cookies.clear()
    path = f"/account/vendor-documents/{bank.ref}.pdf"
    assert client.get(path).status_code == 401
    sign_in(client, alone)
    assert client.get(path).status_code == 404
    assert bank.ref not in client.get("/account/vendor-documents").text
    sign_in(client, member)
    page = client.get("/account/vendor-documents").text
    assert (bank.ref in page, expired.ref in page) == (True, False)
    answer = client.get(path)
    assert answer.content == pdf()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert client.get(f"/account/vendor-documents/{expired.ref}.pdf").status_code == 404
    assert downloads(sessions) == [("ap@north.edu", bank.ref)]


def test_sole_source_letter_names_the_rights_held_and_is_accessible(
    admin: StaffBrowser, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    ends = clock.today() + timedelta(days=100)
    with sessions.begin() as session:
        film = factories.film(session, title="דיוקן של עיר")
        factories.hold(session, film, HeldRight.DVD, HeldRight.PPR, ends_on=ends)
        slug, unheld = film.slug, factories.film(session).slug
    typed = {"signer": "Sam Staff", "signer_title": "Director of Sales", "confirmed": "yes"}
    form = f"{PATH}/letter"
    page = admin.fill(admin.see(PATH), form, film=unheld, **typed)
    assert "Choose a film to which we hold rights today." in page.words
    page = admin.fill(admin.see(PATH), form, film=slug, **typed | {"confirmed": ""})
    assert "Confirm that no one else may license the film." in page.words
    url = f"http://testserver/films/{slug}"
    assert "Document added." in admin.fill(admin.see(PATH), form, film=url, **typed).words
    (letter,) = documents(sessions)
    assert letter.valid_through == ends
    path = tmp_path / "letter.pdf"
    path.write_bytes(admin.client.get(f"{PATH}/{letter.ref}.pdf").content)
    report = validate(str(path))
    assert [f.message for f in report.findings if f.confidence.name == "CERTAIN"] == []
    with pikepdf.open(path) as opened:
        assert len(opened.pages) == 1


def test_stored_documents_are_no_orphans(
    admin: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    upload(admin, pdf())
    (document,) = documents(sessions)
    state = admin.client.app.state  # type: ignore[attr-defined]
    for days in (2, 4):
        with time_machine.travel(clock.now() + timedelta(days=days)):
            remove_orphans(sessions, state.storage)
    assert admin.client.get(f"{PATH}/{document.ref}.pdf").content == pdf()
