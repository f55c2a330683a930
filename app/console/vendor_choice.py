"""The vendor documents to choose on the page of a quote or an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy.orm import Session

from app.billing.vendor_documents import find_offered
from app.billing.vendor_models import VendorDocument
from app.billing.vendor_offers import OfferedOn, find_chosen_ids, is_on_all
from app.core import clock


@dataclass(frozen=True)
class VendorChoice:
    """What may be offered, what is chosen, and what every quote or invoice offers."""

    number: str
    offered_on: OfferedOn
    documents: Sequence[VendorDocument]
    chosen: set[int]
    on_all: set[str]

    @classmethod
    def of(cls, session: Session, number: str, offered_on: OfferedOn, *, zone: str) -> Self:
        """Return the choice for one quote or invoice."""
        documents = find_offered(session, on=clock.today(zone))
        return cls(
            number=number,
            offered_on=offered_on,
            documents=documents,
            chosen=find_chosen_ids(session, number),
            on_all={each.ref for each in documents if is_on_all(each, offered_on)},
        )
