"""Which vendor documents a quote or an invoice offers: those of all, and those staff chose for it.

The holders of its link download them; each download is audited.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.vendor_documents import OBJECT, find_offered, get_document
from app.billing.vendor_models import VendorDocument, VendorDocumentKind, VendorDocumentOffer
from app.core.db import insert_ignore
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError

OfferedOn = Literal["quote", "invoice"]


def find_offered_on(
    session: Session, number: str, offered_on: OfferedOn, *, on: date
) -> Sequence[VendorDocument]:
    """Return the current documents that this quote or invoice offers."""
    chosen = find_chosen_ids(session, number)
    return [
        document
        for document in find_offered(session, on=on)
        if document.id in chosen or is_on_all(document, offered_on)
    ]


def get_offered_on(
    session: Session, number: str, offered_on: OfferedOn, ref: str, *, on: date
) -> VendorDocument:
    """Return a document that this quote or invoice offers.

    Raises:
        NotFoundError: it offers none with this number.
    """
    for document in find_offered_on(session, number, offered_on, on=on):
        if document.ref == ref:
            return document
    detail = f"Vendor document “{ref[:40]}” not found."
    raise NotFoundError(detail)


def find_chosen_ids(session: Session, number: str) -> set[int]:
    """Return the documents that staff chose for this quote or invoice."""
    chosen = select(VendorDocumentOffer.document_id).where(VendorDocumentOffer.number == number)
    return set(session.scalars(chosen))


def is_on_all(document: VendorDocument, offered_on: OfferedOn) -> bool:
    """Return whether every quote or invoice offers the document."""
    return document.is_on_quotes if offered_on == "quote" else document.is_on_invoices


def choose_documents(
    session: Session, number: str, refs: Collection[str], *, on: date, actor: Actor
) -> None:
    """Offer only these documents on one quote or invoice, besides those on all. Safe to repeat.

    Raises:
        InvalidInputError: one of them is not current.
    """
    current = find_offered(session, on=on)
    if not set(refs) <= {document.ref for document in current}:
        detail = "Choose current documents."
        raise InvalidInputError.of(FieldProblem("#/documents", detail))
    for document in current:
        values = {"number": number, "document_id": document.id}
        if document.ref in refs:
            is_changed = insert_ignore(
                session, VendorDocumentOffer, values, index_elements=["number", "document_id"]
            )
            action = "offered"
        else:
            removed = delete(VendorDocumentOffer).filter_by(**values)
            is_changed = bool(session.scalars(removed.returning(VendorDocumentOffer.id)).all())
            action = "no longer offered"
        if is_changed:
            after = {"for": number}
            audit.record_action(session, OBJECT, document.ref, action, actor, after=after)


def offer_on_all(
    session: Session, ref: str, *, quotes: bool, invoices: bool, actor: Actor
) -> VendorDocument:
    """Offer a document on every quote or invoice, or on those only that staff choose.

    Raises:
        InvalidInputError: it is a letter about one film.
        NotFoundError: no document has this number.
    """
    document = get_document(session, ref)
    if document.kind is VendorDocumentKind.SOLE_SOURCE:
        detail = "Offer a letter on the quotes and invoices of its film."
        raise InvalidInputError.of(FieldProblem("#/documents", detail))
    before = {"quotes": document.is_on_quotes, "invoices": document.is_on_invoices}
    after = {"quotes": quotes, "invoices": invoices}
    if after != before:
        document.is_on_quotes, document.is_on_invoices = quotes, invoices
        session.flush()
        audit.record_action(
            session, OBJECT, ref, "offered on all", actor, before=before, after=after
        )
    return document
