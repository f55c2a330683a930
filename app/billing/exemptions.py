"""Exemption certificates: which of them frees an order from tax (docs/tax.md)."""

from datetime import date

from sqlalchemy import false, or_, select
from sqlalchemy.orm import Session

from app.billing.states import ExemptionState
from app.billing.tax_models import TaxExemption


def find_exemption(
    session: Session,
    *,
    place: str,
    on: date,
    institution_id: int | None,
    order_number: str | None = None,
) -> TaxExemption | None:
    """Return an approved certificate that covers ``place`` on that day; None if there is none."""
    rows = session.scalars(
        select(TaxExemption)
        .where(
            or_(
                TaxExemption.institution_id == institution_id
                if institution_id is not None
                else false(),
                TaxExemption.order_number == order_number if order_number else false(),
            ),
            TaxExemption.state == ExemptionState.APPROVED,
        )
        .order_by(TaxExemption.id.desc())
    )
    return next((row for row in rows if row.covers(place, on)), None)
