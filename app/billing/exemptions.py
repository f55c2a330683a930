"""Exemption certificates: sent by buyers, reviewed by staff, and applied by state and day."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.billing.certificate_files import StoredFile
from app.billing.errors import ExemptionLimitError
from app.billing.exemption_drafts import ExemptionDraft
from app.billing.exemption_emails import queue_decision, queue_expiry_warning
from app.billing.states import EXEMPTION_TRANSITIONS, ExemptionState
from app.billing.tax_models import TaxExemption
from app.core import clock
from app.core.config import Settings
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_number
from app.core.pagination import PageParams, id_of
from app.institutions.attachment import lock_live
from app.institutions.models import Institution

log = logging.getLogger(__name__)
WARN_BEFORE = timedelta(days=30)
MAX_OF_ONE_OWNER = 20


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a certificate belongs to: an institution, or an order until staff attach it."""

    name: str
    email: str
    institution_id: int | None = None
    order_number: str | None = None


def submit_exemption(
    session: Session, draft: ExemptionDraft, file: StoredFile, holder: Holder, *, actor: Actor
) -> TaxExemption:
    """Store a certificate for review. The same file of the same holder is stored once.

    Raises:
        ExemptionLimitError: the holder has too many that wait for review.
    """
    waiting = session.scalars(
        select(TaxExemption)
        .where(_is_of(holder.institution_id, holder.order_number))
        .where(TaxExemption.state == ExemptionState.PENDING)
    ).all()
    for known in waiting:
        if known.file["sha256"] == file.sha256:
            return known
    if len(waiting) >= MAX_OF_ONE_OWNER:
        detail = "Too many of your certificates wait for review. Email us the next."
        raise ExemptionLimitError(detail)
    row = TaxExemption(
        ref=new_number("TE"),
        institution_id=holder.institution_id,
        order_number=holder.order_number,
        holder=holder.name[:200],
        email=holder.email,
        form=draft.form,
        places=draft.places,
        number=draft.number,
        reason_code=draft.reason_code,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        file=file.facts(),
        sent_by=actor.label[:200],
    )
    session.add(row)
    session.flush()
    _record(session, row, "submitted", actor)
    log.info("exemption.submitted", extra={"exemption": row.ref})
    return row


def approve_exemption(
    session: Session,
    exemption: TaxExemption,
    *,
    draft: ExemptionDraft,
    settings: Settings,
    actor: Actor,
    institution: Institution | None = None,
) -> TaxExemption:
    """Approve a certificate for what staff read on it. It applies to orders from then on.

    One that came with an unconfirmed order becomes the ``institution``'s with it.

    Raises:
        InvalidInputError: it has expired.
        InvalidTransitionError: it was rejected or revoked.
    """
    if draft.valid_to is not None and draft.valid_to < clock.today():
        detail = "The certificate has expired. Reject it, and ask for a new one."
        raise InvalidInputError.of(FieldProblem("#/valid_to", detail))
    if not _decide(session, exemption, ExemptionState.APPROVED, actor=actor, reason=""):
        return exemption
    exemption.form, exemption.places = draft.form, draft.places
    exemption.number, exemption.reason_code = draft.number, draft.reason_code
    exemption.valid_from, exemption.valid_to = draft.valid_from, draft.valid_to
    exemption.warn_on = draft.valid_to - WARN_BEFORE if draft.valid_to else None
    session.flush()
    _record(session, exemption, "terms_checked", actor)
    if institution is not None and exemption.institution_id is None:
        attach_exemption(session, exemption, institution, actor=actor)
    queue_decision(session, exemption, settings)
    return exemption


def reject_exemption(
    session: Session, exemption: TaxExemption, *, reason: str, settings: Settings, actor: Actor
) -> TaxExemption:
    """Reject a certificate. Its holder reads the reason.

    Raises:
        InvalidTransitionError: it was approved or revoked.
    """
    if _decide(session, exemption, ExemptionState.REJECTED, actor=actor, reason=reason):
        queue_decision(session, exemption, settings)
    return exemption


def revoke_exemption(
    session: Session, exemption: TaxExemption, *, reason: str, settings: Settings, actor: Actor
) -> TaxExemption:
    """Stop an approved certificate from applying. Orders keep the tax that they have.

    Raises:
        InvalidTransitionError: it is not approved.
    """
    if _decide(session, exemption, ExemptionState.REVOKED, actor=actor, reason=reason):
        exemption.warn_on = None
        session.flush()
        queue_decision(session, exemption, settings)
    return exemption


def attach_exemption(
    session: Session, exemption: TaxExemption, institution: Institution, *, actor: Actor
) -> None:
    """Let a certificate of an order apply to all orders of an institution."""
    institution = lock_live(session, institution.id)
    if exemption.institution_id == institution.id:
        return
    exemption.institution_id = institution.id
    exemption.institution = institution
    session.flush()
    audit.record_action(
        session, "exemption", exemption.ref, "attached", actor, after={"to": institution.ref}
    )


def find_exemption(
    session: Session,
    *,
    place: str,
    on: date,
    institution_id: int | None,
    order_number: str | None = None,
) -> TaxExemption | None:
    """Return an approved certificate that covers ``place`` on that day; None if there is none."""
    rows = find_exemptions(session, institution_id=institution_id, order_number=order_number)
    return next((row for row in rows if row.covers(place, on)), None)


def find_exemptions(
    session: Session, *, institution_id: int | None, order_number: str | None = None
) -> Sequence[TaxExemption]:
    """Return the certificates of an institution and of an order, newest first."""
    if institution_id is None and order_number is None:
        return []
    return session.scalars(
        select(TaxExemption)
        .where(_is_of(institution_id, order_number))
        .order_by(TaxExemption.id.desc())
    ).all()


def get_exemption(session: Session, ref: str, *, for_change: bool = False) -> TaxExemption:
    """Return a certificate, locked if it is to change.

    Raises:
        NotFoundError: there is none.
    """
    statement = select(TaxExemption).where(TaxExemption.ref == ref)
    row = session.scalar(statement.with_for_update() if for_change else statement)
    if row is None:
        detail = f"Exemption “{ref}” not found."
        raise NotFoundError(detail)
    return row


def find_exemptions_page(
    session: Session, page: PageParams, *, state: ExemptionState | None, institution: str | None
) -> Sequence[TaxExemption]:
    """Return up to ``page.limit + 1`` certificates, newest first."""
    statement = select(TaxExemption).order_by(TaxExemption.id.desc()).limit(page.limit + 1)
    if state is not None:
        statement = statement.where(TaxExemption.state == state)
    if institution is not None:
        statement = statement.where(TaxExemption.institution.has(ref=institution))
    if (keys := page.keys(1)) is not None:
        statement = statement.where(TaxExemption.id < id_of(keys[0]))
    return session.scalars(statement).all()


def has_pending(session: Session, order_number: str) -> bool:
    """Return whether a certificate that was sent with an order waits for review."""
    waiting = select(TaxExemption.id).where(
        TaxExemption.order_number == order_number, TaxExemption.state == ExemptionState.PENDING
    )
    return session.scalar(waiting.limit(1)) is not None


def warn_of_expiry(session: Session, *, settings: Settings, limit: int) -> list[str]:
    """Warn staff and holders of certificates that end within 30 days, once each."""
    due = session.scalars(
        update(TaxExemption)
        .where(
            TaxExemption.id.in_(
                select(TaxExemption.id)
                .where(
                    TaxExemption.state == ExemptionState.APPROVED,
                    TaxExemption.warn_on <= clock.today(),
                )
                .order_by(TaxExemption.id)
                .limit(limit)
            ),
            TaxExemption.warn_on.is_not(None),
        )
        .values(warn_on=None, updated_at=clock.now())
        .returning(TaxExemption)
    ).all()
    for row in due:
        if row.valid_to is not None and row.valid_to >= clock.today():
            queue_expiry_warning(session, row, settings)
    return [row.ref for row in due]


def _is_of(institution_id: int | None, order_number: str | None) -> ColumnElement[bool]:
    owners = []
    if institution_id is not None:
        owners.append(TaxExemption.institution_id == institution_id)
    if order_number is not None:
        owners.append(TaxExemption.order_number == order_number)
    return or_(*owners)


def _decide(
    session: Session, row: TaxExemption, state: ExemptionState, *, actor: Actor, reason: str
) -> bool:
    is_changed = transition(
        session,
        row,
        "state",
        state,
        table=EXEMPTION_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type="exemption",
        object_ref=row.ref,
    )
    if is_changed:
        row.decided_at, row.decided_by = clock.now(), actor.label[:200]
        row.decision_reason = reason[:1000]
        session.flush()
        log.info("exemption.decided", extra={"exemption": row.ref, "state": str(state)})
    return is_changed


def _record(session: Session, row: TaxExemption, verb: str, actor: Actor) -> None:
    after = {
        "form": str(row.form),
        "places": row.places,
        "number": row.number,
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "sha256": row.file["sha256"],
    }
    audit.record_action(session, "exemption", row.ref, verb, actor, after=after)
