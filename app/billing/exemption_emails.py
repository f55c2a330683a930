"""Emails about exemption certificates: the decision, and the end that is near."""

from datetime import date
from typing import ClassVar, Self

from sqlalchemy.orm import Session

from app.billing.states import ExemptionState
from app.billing.tax_models import TaxExemption
from app.billing.tax_places import name_place
from app.core.config import Settings
from app.core.email_content import EmailContent, EmailFacts, EmailLink, SenderFacts
from app.core.email_outbox import queue_email
from app.core.text import isolate
from app.offers.window_rules import format_day

_SPECIMEN_STORE = SenderFacts(
    name="Example Films", address="1 Example Street", email="films@example.org"
)


class ExemptionEmail(EmailFacts):
    """An email about a certificate."""

    ref: str
    holder: str
    number: str
    places: tuple[str, ...]
    valid_to: date | None
    store: SenderFacts

    @property
    def certificate(self) -> str:
        """The certificate in words: ``certificate 123 of Example College for New York``."""
        number = f" {self.number}" if self.number else ""
        return f"certificate{number} of {isolate(self.holder)} for {_join(self.places)}"


class ExemptionDecided(ExemptionEmail):
    """Staff approved, rejected, or revoked a certificate."""

    kind: ClassVar[str] = "exemption-decided"
    state: ExemptionState
    reason: str

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Tax exemption {self.state}: {isolate(self.holder)}"[:200]

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        through = f" through {format_day(self.valid_to)}" if self.valid_to else ""
        texts = {
            ExemptionState.APPROVED: (
                "Your tax exemption is approved",
                (
                    f"We approved {self.certificate}. New orders shipped "
                    f"there are free of tax{through}."
                ),
                "If an unpaid order still shows tax, reply to this email and we will remove it.",
            ),
            ExemptionState.REJECTED: (
                "We could not accept your certificate",
                (f"We reviewed {self.certificate} and could not accept it: {self.reason}"),
                "Send us another certificate on the page of your order, or reply to this email.",
            ),
            ExemptionState.REVOKED: (
                "Your tax exemption has ended",
                f"We no longer apply {self.certificate}: {self.reason}",
                "Orders that you have placed do not change.",
            ),
        }
        headline, *paragraphs = texts.get(self.state, texts[ExemptionState.APPROVED])
        return EmailContent(
            headline=headline, paragraphs=list(paragraphs), signature=self.store.signature
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        return cls(**_SPECIMEN, state=ExemptionState.REJECTED, reason="The form is not signed.")


class ExemptionExpiring(ExemptionEmail):
    """A certificate ends within a month."""

    kind: ClassVar[str] = "exemption-expiring"

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Tax exemption expires soon: {isolate(self.holder)}"[:200]

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        last = format_day(self.valid_to) if self.valid_to else ""
        return EmailContent(
            headline="Your tax exemption expires soon",
            paragraphs=[
                (
                    f"Our copy of {self.certificate} is valid through {last}. "
                    "After that day, we charge tax on new orders."
                ),
                "Send us the new certificate with your next order, or reply to this email.",
            ],
            signature=self.store.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        return cls(**_SPECIMEN)


class ExemptionExpiringForStaff(ExemptionEmail):
    """The same, to staff, whose link opens the console."""

    kind: ClassVar[str] = "staff-exemption-expiring"
    url: str

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Tax exemption of {isolate(self.holder)} expires soon"[:200]

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        last = format_day(self.valid_to) if self.valid_to else ""
        return EmailContent(
            headline="A tax exemption expires soon",
            paragraphs=[
                (
                    f"The {self.certificate} is valid through {last}. We "
                    "have emailed the institution. Tax is charged on new orders after that day."
                )
            ],
            action=EmailLink("Open in the console", self.url),
            signature=[self.store.name],
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        return cls(**_SPECIMEN, url="https://example.org/console/exemptions/TE-SPECIMEN")


_SPECIMEN: dict[str, object] = {
    "ref": "TE-SPECIMEN",
    "holder": "Example College",
    "number": "EX-123456",
    "places": ("New York", "New Jersey"),
    "valid_to": date(2026, 12, 31),
    "store": _SPECIMEN_STORE,
}
EXEMPTION_EMAILS = (ExemptionDecided, ExemptionExpiring, ExemptionExpiringForStaff)


def queue_decision(session: Session, row: TaxExemption, settings: Settings) -> None:
    """Tell the holder what staff decided, and why."""
    if not row.email:
        return
    facts = ExemptionDecided(**_facts(row, settings), state=row.state, reason=row.decision_reason)
    once = f"{row.ref}:{row.state}"
    queue_email(session, facts, once=once, reference=_reference(row), to=row.email)


def queue_expiry_warning(session: Session, row: TaxExemption, settings: Settings) -> None:
    """Tell the holder and staff that a certificate ends within a month."""
    facts = _facts(row, settings)
    once = f"{row.ref}:{row.valid_to}"
    if row.email:
        queue_email(
            session, ExemptionExpiring(**facts), once=once, reference=_reference(row), to=row.email
        )
    queue_email(
        session,
        ExemptionExpiringForStaff(**facts, url=settings.url(f"/console/exemptions/{row.ref}")),
        once=once,
        reference=_reference(row),
        to=settings.email_staff_to,
    )


def _facts(row: TaxExemption, settings: Settings) -> dict[str, object]:
    return {
        "ref": row.ref,
        "holder": row.holder,
        "number": row.number,
        "places": tuple(name_place(place) for place in row.places),
        "valid_to": row.valid_to,
        "store": SenderFacts.of(settings),
    }


def _reference(row: TaxExemption) -> str:
    return row.order_number or row.ref


def _join(names: tuple[str, ...]) -> str:
    if len(names) > 5:  # noqa: PLR2004 - a longer list is not read
        return f"{len(names)} states"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
