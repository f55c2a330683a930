"""Numbers of invoices and credit notes: one series for each prefix and year, without gaps."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.billing.models import DocumentSeries
from app.core.db import insert_ignore

INVOICE_SERIES, CREDIT_NOTE_SERIES = "invoice", "credit_note"


def take_number(session: Session, series: str, *, prefix: str, year: int) -> tuple[str, int]:
    """Return the next number, such as ``INV-2026-00012``, and its place in the series.

    The row of the series stays locked until this transaction ends, so a rollback leaves no gap
    and two invoices never share a number. Take it as late as possible.
    """
    key = {"series": series, "seller_key": prefix, "year": year}
    sequence = _advance(session, key)
    if sequence is None:
        insert_ignore(session, DocumentSeries, {**key, "last": 0}, index_elements=list(key))
        sequence = _advance(session, key)
    assert sequence is not None  # noqa: S101 - the row is there now
    return f"{prefix}-{year}-{sequence:05d}", sequence


def _advance(session: Session, key: dict[str, object]) -> int | None:
    return session.execute(
        update(DocumentSeries)
        .filter_by(**key)
        .values(last=DocumentSeries.last + 1)
        .returning(DocumentSeries.last)
        .execution_options(synchronize_session=False)
    ).scalar()
