"""What staff change about offers and rights: told to the audit log, and to the public's pages."""

from typing import Any

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog.public_revision import bump
from app.offers.models import Offer, RightsWindow
from app.offers.states import OfferStatus

Document = dict[str, Any]
"""What a row says, in plain types."""


def record(
    session: Session,
    subject: Offer | RightsWindow,
    verb: str,
    actor: Actor,
    *,
    before: Document | None = None,
    after: Document | None = None,
) -> None:
    """Record that ``actor`` did ``verb`` to the subject, in the transaction that does it."""
    if isinstance(subject, Offer):
        # A draft and its prices are no news to the public.
        kind, ref, is_public = "offer", subject.sku, subject.status is not OfferStatus.DRAFT
    else:
        kind, ref, is_public = "rights_window", subject.ref, True
    audit.record_action(session, kind, ref, verb, actor, before=before, after=after)
    if is_public:
        bump(session, [subject.film_id])


def record_change(
    session: Session,
    subject: Offer | RightsWindow,
    actor: Actor,
    *,
    before: Document,
    after: Document,
) -> None:
    """Store and record what differs between two documents of the subject, if anything does."""
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        session.flush()
        record(
            session,
            subject,
            "changed",
            actor,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
