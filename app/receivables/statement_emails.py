"""The link of a statement of account, and the email that brings it to accounts payable."""

from datetime import date, timedelta
from typing import ClassVar, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.models import Invoice
from app.core import clock, throttle
from app.core.config import Settings
from app.core.email_content import EmailContent, EmailFacts, EmailLink, SenderFacts
from app.core.email_outbox import queue_email
from app.core.errors import FieldProblem, InvalidInputError
from app.core.numbers import new_token
from app.core.signing import Purpose, sign, unsign
from app.core.text import isolate
from app.institutions.member_models import Member, MemberRole
from app.institutions.models import Institution
from app.institutions.queries import find_live
from app.offers.window_rules import format_day
from app.receivables.account_statements import build_statement

LINK_DAYS = 30
MAX_PER_HOUR = 5
HOUR = 3600


class StatementSent(EmailFacts):
    """What an institution owes, and where its statement is."""

    kind: ClassVar[str] = "statement-of-account"
    institution: str
    sender: SenderFacts
    as_of: date
    closing_words: str
    url: str
    pdf_url: str
    works_through: date

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Statement of account, {format_day(self.as_of)}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Statement of account",
            paragraphs=[
                (
                    f"This is the account of {isolate(self.institution)} with {self.sender.name} "
                    f"as of {format_day(self.as_of)}. {self.closing_words}"
                ),
            ],
            action=EmailLink("View the statement", self.url),
            documents=[EmailLink("Statement of account (PDF)", self.pdf_url)],
            closing=[
                f"If something on the statement is wrong, email {self.sender.email}.",
                (
                    f"The link works through {format_day(self.works_through)}. It opens the "
                    "account without a password, so share it with care."
                ),
            ],
            signature=self.sender.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example that is never sent."""
        return cls(
            institution="Example College",
            sender=SenderFacts(
                name="Example Films", address="1 Example Street", email="films@example.org"
            ),
            as_of=date(2026, 1, 31),
            closing_words="$398.00 is owed.",
            url="https://example.org/statements/specimen",
            pdf_url="https://example.org/statements/specimen.pdf",
            works_through=date(2026, 3, 2),
        )


def find_payables_email(session: Session, institution: Institution) -> str | None:
    """Return where statements go: the institution's accounts payable, or its newest invoice.

    Guests who only gave its name don't count.
    """
    members = session.scalars(
        select(Member)
        .where(Member.institution_id == institution.id, Member.active)
        .order_by(Member.id)
    )
    for member in members:
        if member.has_role(MemberRole.ACCOUNTS_PAYABLE):
            return member.email
    return session.scalar(
        select(Invoice.email)
        .where(Invoice.institution_id == institution.id)
        .order_by(Invoice.id.desc())
        .limit(1)
    )


def send_statement(
    session: Session, settings: Settings, institution: Institution, *, to: str, actor: Actor
) -> None:
    """Email the link of the statement to accounts payable.

    Raises:
        InvalidInputError: ``to`` is no longer the address of accounts payable.
        TooManyRequestsError: it was sent too often in this hour.
    """
    if not to or to != find_payables_email(session, institution):
        detail = "The address of accounts payable changed. Check it, and send again."
        raise InvalidInputError.of(FieldProblem("#/to", detail))
    throttle.hit(session, "statement of", institution.ref, limit=MAX_PER_HOUR, seconds=HOUR)
    today = clock.today(settings.seller_time_zone)
    until = today + timedelta(days=LINK_DAYS)
    path = statement_path(settings, institution, until=until)
    facts = StatementSent(
        institution=institution.name,
        sender=SenderFacts.of(settings),
        as_of=today,
        closing_words=build_statement(session, settings, institution).closing_words,
        url=settings.url(path),
        pdf_url=settings.url(f"{path}.pdf"),
        works_through=until,
    )
    queue_email(session, facts, once=new_token(), reference=institution.ref, to=to)
    after = {"email": to, "works_through": until.isoformat()}
    audit.record_action(
        session, "institution", institution.ref, "statement_sent", actor, after=after
    )


def statement_path(settings: Settings, institution: Institution, *, until: date) -> str:
    """Return the page of the statement, which only this link opens, through ``until``."""
    return f"/statements/{sign(settings, Purpose.STATEMENTS, f'{institution.ref}_{until}')}"


def find_by_key(session: Session, settings: Settings, key: str) -> Institution | None:
    """Return the institution of a statement's link; None if we did not sign it, or it expired."""
    value = unsign(settings, Purpose.STATEMENTS, key)
    if value is None:
        return None
    ref, _, until = value.rpartition("_")
    if date.fromisoformat(until) < clock.today(settings.seller_time_zone):
        return None
    institution = session.scalar(select(Institution).where(Institution.ref == ref))
    return None if institution is None else find_live(session, institution)
