"""Vendor documents: added, replaced, sent, and downloaded. Each download is audited."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, joinedload

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.vendor_emails import SentDocument, VendorDocumentsSent
from app.billing.vendor_models import (
    VENDOR_DOCUMENT_LABELS,
    VendorDocument,
    VendorDocumentKind,
    VendorDocumentLink,
    VendorDocumentOffer,
)
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.db import insert_ignore
from app.core.email_content import SenderFacts
from app.core.email_outbox import queue_email
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_number, new_token
from app.media.uploads import Upload

LINK_DAYS = 30
OBJECT = "vendor document"


def add_document(
    session: Session,
    upload: Upload,
    *,
    kind: VendorDocumentKind,
    title: str,
    valid_from: date,
    valid_through: date | None,
    actor: Actor,
    film: Film | None = None,
) -> VendorDocument:
    """Add a document. It replaces the current one of its kind; of letters, that of its film.

    Other documents stand beside one another, and replace only those with their title.

    Raises:
        InvalidInputError: its last day is before its first.
    """
    if valid_through is not None and valid_through < valid_from:
        detail = "Enter a last day that is not before the first day."
        raise InvalidInputError.of(FieldProblem("#/valid_through", detail))
    key = str(kind)
    if film is not None:
        key = f"{kind}:{film.id}"
    if kind is VendorDocumentKind.OTHER:
        key = f"{kind}:{title}"
    values = {
        "ref": new_number("VD"),
        "kind": kind,
        "title": title,
        "film_id": film.id if film else None,
        "valid_from": valid_from,
        "valid_through": valid_through,
        "sha256": upload.sha256,
        "size_bytes": len(upload.data),
        "added_by": actor.label[:200],
        "current_key": key,
    }
    replaced: list[VendorDocument] = []
    while True:
        old = _replace_current(session, key)
        if old is not None:
            replaced.append(old)
        # A concurrent upload may have become the current one since: then that one is replaced.
        if insert_ignore(session, VendorDocument, values, index_elements=["current_key"]):
            break
    document = get_document(session, str(values["ref"]))
    for old in replaced:
        # What offered the old one offers the new one.
        document.is_on_quotes |= old.is_on_quotes
        document.is_on_invoices |= old.is_on_invoices
        session.execute(
            update(VendorDocumentOffer)
            .where(VendorDocumentOffer.document_id == old.id)
            .values(document_id=document.id)
        )
    session.flush()
    refs = [old.ref for old in replaced]
    after = {"kind": kind, "title": title, "sha256": upload.sha256, "replaces": refs}
    audit.record_action(session, OBJECT, document.ref, "added", actor, after=after)
    return document


def _replace_current(session: Session, key: str) -> VendorDocument | None:
    """Replace the current document of ``key`` and return it; None if there is none."""
    return session.scalar(
        update(VendorDocument)
        .where(VendorDocument.current_key == key)
        .values(replaced_at=clock.now(), current_key=None)
        .returning(VendorDocument)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


def withdraw_document(session: Session, ref: str, *, actor: Actor) -> bool:
    """Stop offering a document; links to it stop too. Return False if it was replaced before.

    Raises:
        NotFoundError: no document has this number.
    """
    document = get_document(session, ref)
    withdrawn = session.execute(
        update(VendorDocument)
        .where(VendorDocument.id == document.id, VendorDocument.replaced_at.is_(None))
        .values(replaced_at=clock.now(), current_key=None)
        .returning(VendorDocument.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if withdrawn is None:
        return False
    audit.record_action(session, OBJECT, ref, "withdrawn", actor)
    return True


def find_documents(session: Session) -> Sequence[VendorDocument]:
    """Return every document for staff, the current ones first."""
    return session.scalars(
        select(VendorDocument)
        .options(joinedload(VendorDocument.film))
        .order_by(VendorDocument.replaced_at.is_not(None), VendorDocument.id.desc())
    ).all()


def find_offered(session: Session, *, on: date) -> Sequence[VendorDocument]:
    """Return the documents that may be sent and downloaded on this day, the W-9 first."""
    rows = session.scalars(
        select(VendorDocument)
        .options(joinedload(VendorDocument.film))
        .where(
            VendorDocument.replaced_at.is_(None),
            VendorDocument.valid_from <= on,
            or_(VendorDocument.valid_through.is_(None), VendorDocument.valid_through >= on),
        )
        .order_by(VendorDocument.title, VendorDocument.id)
    )
    order = list(VENDOR_DOCUMENT_LABELS)
    return sorted(rows, key=lambda row: order.index(row.kind))


def get_document(session: Session, ref: str) -> VendorDocument:
    """Return the document, for staff.

    Raises:
        NotFoundError: no document has this number.
    """
    document = session.scalar(select(VendorDocument).where(VendorDocument.ref == ref))
    if document is None:
        detail = f"Vendor document “{ref[:40]}” not found."
        raise NotFoundError(detail)
    return document


def get_offered(session: Session, ref: str, *, on: date) -> VendorDocument:
    """Return the document, for people of institutions.

    Raises:
        NotFoundError: none with this number is offered on this day.
    """
    document = next((each for each in find_offered(session, on=on) if each.ref == ref), None)
    if document is None:
        detail = f"Vendor document “{ref[:40]}” not found."
        raise NotFoundError(detail)
    return document


def send_documents(
    session: Session,
    settings: Settings,
    refs: Sequence[str],
    *,
    sent_for: str,
    email: str,
    on: date,
    actor: Actor,
) -> None:
    """Email links to the chosen documents, for a quote or an invoice. They expire.

    Raises:
        InvalidInputError: nothing was chosen, or it is no longer offered.
    """
    chosen = [document for document in find_offered(session, on=on) if document.ref in refs]
    if not chosen or len(chosen) != len(set(refs)):
        detail = "Choose at least one current document."
        raise InvalidInputError.of(FieldProblem("#/documents", detail))
    sent = []
    for document in chosen:
        token = new_token()
        session.add(
            VendorDocumentLink(
                token_hash=_hash(token),
                document_id=document.id,
                sent_for=sent_for,
                email=email,
                expires_at=clock.now() + timedelta(days=LINK_DAYS),
            )
        )
        url = settings.url(f"/vendor-documents/{token}.pdf")
        sent.append(SentDocument(label=f"{document.label}: {document.title} (PDF)", url=url))
        after = {"for": sent_for, "email": email}
        audit.record_action(session, OBJECT, document.ref, "sent", actor, after=after)
    facts = VendorDocumentsSent(
        store=SenderFacts.of(settings), sent_for=sent_for, documents=tuple(sent), days=LINK_DAYS
    )
    queue_email(session, facts, once=new_token(), reference=sent_for, to=email)


def use_link(session: Session, token: str, *, on: date) -> VendorDocument:
    """Return the document of a link, and record the download.

    Raises:
        NotFoundError: the link has expired, never was one, or its document is not offered now.
    """
    link = session.scalar(
        select(VendorDocumentLink).where(
            VendorDocumentLink.token_hash == _hash(token),
            VendorDocumentLink.expires_at > clock.now(),
        )
    )
    if link is None:
        detail = "This link has expired, or it is incomplete. Ask us for a new one."
        raise NotFoundError(detail)
    document = get_offered(session, link.document.ref, on=on)
    record_download(session, document, actor=Actor.guest(link.email), about=link.sent_for)
    return document


def record_download(
    session: Session, document: VendorDocument, *, actor: Actor, about: str = ""
) -> None:
    """Record who downloaded a document, and through which quote or invoice."""
    after = {"sha256": document.sha256} | ({"for": about} if about else {})
    audit.record_action(session, OBJECT, document.ref, "downloaded", actor, after=after)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
