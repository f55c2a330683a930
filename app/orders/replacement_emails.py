"""Emails about a corrected license, and about a new disc for one that was lost or damaged."""

from typing import ClassVar

from sqlalchemy.orm import Session

from app.core.email_content import EmailContent
from app.licenses.models import License
from app.orders.email_facts import LicenseFacts, OrderEmail, OrderFacts, queue_order_email
from app.orders.models import Order, OrderLine, Shipment


class LicenseCorrected(OrderEmail):
    """A license was corrected: its new number, and its certificate."""

    kind: ClassVar[str] = "license-corrected"
    subject_text: ClassVar[str] = "Corrected license for order {number}"
    old_number: str
    license: LicenseFacts
    reason: str

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="We corrected your license",
            paragraphs=[
                (
                    f"License {self.license.number} replaces {self.old_number}. Reason: "
                    f"{self.reason.rstrip('.')}."
                ),
                (
                    "Use the new certificate from now on. The old number still verifies, and "
                    "points to the new one."
                ),
            ],
            facts=[self.license.row],
            action=self.order.action,
            documents=[self.license.certificate],
            signature=self.order.seller.signature,
        )


class DiscReplaced(OrderEmail):
    """We are sending a new disc for one that was lost or damaged."""

    kind: ClassVar[str] = "disc-replaced"
    title: str
    quantity: int

    @property
    def subject(self) -> str:
        """The subject."""
        noun = "disc" if self.quantity == 1 else "discs"
        return f"We are sending you new {noun} ({self.order.number})"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        one = self.quantity == 1
        return EmailContent(
            headline=f"We are sending you {'a new disc' if one else 'new discs'}",
            paragraphs=[
                (
                    f"We are replacing {'a disc' if one else f'{self.quantity} discs'} of order "
                    f"{self.order.number}. The replacement is free of charge, and your license "
                    "stays as it is. We will email you when the parcel leaves."
                ),
            ],
            facts=[("Disc" if one else "Discs", self.title)],
            action=self.order.action,
            signature=self.order.seller.signature,
        )


REPLACEMENT_EMAILS = (LicenseCorrected, DiscReplaced)


def queue_license_corrected(
    session: Session, order: Order, old: License, new: License, *, reason: str
) -> None:
    """Send the buyer the certificate of a corrected license."""
    [license_] = LicenseFacts.of(order, [new])
    facts = LicenseCorrected(
        order=OrderFacts.of(order), old_number=old.number, license=license_, reason=reason
    )
    queue_order_email(session, order, facts, once=f"{order.number}:{new.number}")


def queue_disc_replaced(
    session: Session, order: Order, line: OrderLine, shipment: Shipment, *, quantity: int
) -> None:
    """Tell the buyer that a new disc is on its way."""
    facts = DiscReplaced(order=OrderFacts.of(order), title=line.full_title, quantity=quantity)
    queue_order_email(session, order, facts, once=f"{order.number}:{shipment.id}")
