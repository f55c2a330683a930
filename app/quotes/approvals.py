"""Who may accept a quote for its institution: a person who is known, within their limit."""

from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor, ActorKind
from app.core.config import Settings
from app.core.email_domains import domain_of, is_free_email
from app.core.errors import FieldProblem, InvalidInputError
from app.core.signing import Purpose, sign, unsign
from app.institutions.attachment import find_institution, lock_live
from app.institutions.member_models import Member
from app.orders.errors import ApproverNeededError
from app.quotes.drafts import QuoteAcceptance
from app.quotes.links import quote_url
from app.quotes.models import Quote

NEEDS_APPROVER = (
    "This account may not commit your institution to this total. Share the quote with an approver."
)


def approver_url(session: Session, quote: Quote, email: str, settings: Settings) -> str:
    """Return the link to email to an address: at the institution it lets its reader approve.

    It works until the quote is accepted or ends. Elsewhere it is the quote's own link.
    """
    url = quote_url(quote)
    if email.lower() == quote.email.lower() or not _is_of_institution(session, quote, email):
        return url
    key = sign(settings, Purpose.APPROVALS, f"{quote.number}:{email.lower()}")
    return f"{url}&{urlencode({'approver': key})}"


def read_approver(settings: Settings, quote: Quote, key: str) -> str:
    """Return the address that the link was emailed to; empty if the store did not sign the key."""
    number, _, email = (unsign(settings, Purpose.APPROVALS, key) or "").partition(":")
    return email if number == quote.number else ""


def can_approve_signed_in(quote: Quote, member: Member | None) -> bool:
    """Return whether the person's own account proves that they approve for the institution."""
    return (
        member is not None
        and member.institution_id is not None
        and member.institution_id == quote.institution_id
        and member.email != quote.email.lower()
        and member.can_approve(quote.total_amount)
    )


def check_authority(
    session: Session, quote: Quote, acceptance: QuoteAcceptance, *, settings: Settings, actor: Actor
) -> bool:
    """Return whether an emailed link proves the approver, if who accepts the quote may do so.

    Raises:
        InvalidInputError: an approver is named, and neither the account nor the link proves it.
        ApproverNeededError: the person may not commit the institution to the total.
    """
    approver = acceptance.accepted_by
    named = approver.email.lower() if approver is not None else ""
    by_link = bool(named) and read_approver(settings, quote, acceptance.approval) == named
    by_account = actor.kind is ActorKind.MEMBER and actor.ref == named
    if named and not (by_link or by_account):
        detail = (
            "Sign in as the approver, or use the link that we emailed to the approver when the "
            "quote was shared."
        )
        raise InvalidInputError.of(FieldProblem("#/accepted_by", detail))
    person = _find_person(session, actor.ref if actor.kind is ActorKind.MEMBER else named)
    if person is None:
        # An address without an account approves what the buyer may spend, and no more.
        buyer = _find_person(session, quote.email)
        if buyer is not None and buyer.is_over_limit(quote.total_amount):
            raise ApproverNeededError(NEEDS_APPROVER)
        return by_link
    is_of_quote = quote.institution_id in {None, person.institution_id}
    if not (is_of_quote and person.can_approve(quote.total_amount)):
        raise ApproverNeededError(NEEDS_APPROVER)
    return by_link


def _is_of_institution(session: Session, quote: Quote, email: str) -> bool:
    if quote.institution_id is not None:
        found = find_institution(session, email)
        return found is not None and found.id == lock_live(session, quote.institution_id).id
    domain = domain_of(email)
    return domain == domain_of(quote.email) and not is_free_email(domain)


def _find_person(session: Session, email: str) -> Member | None:
    person = session.scalar(select(Member).where(Member.email == email.lower(), Member.active))
    return person if person is not None and person.institution_id is not None else None
