"""Invitations to an institution: sent, accepted once, withdrawn."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.audit import record_action
from app.core import clock
from app.core.config import Settings
from app.core.email_content import SenderFacts
from app.core.email_domains import domain_of
from app.core.email_outbox import queue_email
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_number, new_token
from app.institutions.emails import InvitationEmail
from app.institutions.errors import MemberInactiveError
from app.institutions.member_models import (
    MEMBER_ROLE_LABELS,
    Member,
    MemberInvitation,
    MemberRole,
)
from app.institutions.member_schemas import InvitationIn
from app.institutions.members import (
    find_institution_by_domain,
    join_institution,
    lock_member,
    record_sign_in,
)
from app.institutions.models import Institution
from app.institutions.sign_in import hash_token

DAYS = 14
ACCEPT_PATH = "/account/invitation"
UNUSABLE = "This invitation has expired, was withdrawn, or was already used."


def invite_person(
    session: Session,
    settings: Settings,
    institution: Institution,
    draft: InvitationIn,
    *,
    actor: Actor,
) -> MemberInvitation:
    """Send an invitation. It replaces an earlier one of the same address.

    Whether the address belongs to another institution's person is not told: accepting would fail.

    Raises:
        InvalidInputError: the person belongs to it already, or the domain to another institution.
    """
    email = draft.email.lower()
    owner = find_institution_by_domain(session, domain_of(email))
    if owner is not None and owner.id != institution.id:
        problem = "This address belongs to another institution. Email us to move the person."
        raise InvalidInputError.of(FieldProblem("#/email", problem))
    member = session.scalar(select(Member).where(Member.email == email))
    if member is not None and member.institution_id == institution.id:
        problem = "This person already belongs to the institution."
        raise InvalidInputError.of(FieldProblem("#/email", problem))
    now = clock.now()
    session.execute(
        update(MemberInvitation)
        .where(
            MemberInvitation.institution_id == institution.id,
            MemberInvitation.email == email,
            MemberInvitation.accepted_at.is_(None),
            MemberInvitation.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
    )
    token = new_token()
    invitation = MemberInvitation(
        ref=new_number("MI"),
        institution_id=institution.id,
        email=email,
        name=draft.name,
        roles=[role.value for role in draft.roles],
        spending_limit=draft.spending_limit,
        invited_by=actor.label[:200],
        token_hash=hash_token(token),
        expires_at=now + timedelta(days=DAYS),
    )
    session.add(invitation)
    session.flush()
    message = InvitationEmail(
        store=SenderFacts.of(settings),
        institution=institution.name,
        invited_by=actor.label,
        roles=", ".join(MEMBER_ROLE_LABELS[role] for role in draft.roles),
        accept_url=settings.url(f"{ACCEPT_PATH}?{urlencode({'token': token})}"),
        days=DAYS,
    )
    queue_email(session, message, once=invitation.ref, reference=institution.ref, to=email)
    record_action(
        session,
        "institution",
        institution.ref,
        "person_invited",
        actor,
        after={"email": email, "roles": invitation.roles, "limit": draft.spending_limit},
    )
    return invitation


def get_invitation(session: Session, token: str) -> MemberInvitation:
    """Return the invitation of this token, without using it.

    Raises:
        NotFoundError: it was used or withdrawn, has expired, or never existed.
    """
    invitation = session.scalar(
        select(MemberInvitation).where(
            MemberInvitation.token_hash == hash_token(token), *_is_open()
        )
    )
    if invitation is None:
        raise NotFoundError(UNUSABLE)
    return invitation


def accept_invitation(session: Session, token: str) -> Member:
    """Make the invited person a member, who is signed in by it. Of two requests one succeeds.

    Raises:
        NotFoundError: as ``get_invitation``.
        ConflictError: the person belongs to another institution by now.
        MemberInactiveError: the person was deactivated.
    """
    used = session.scalar(
        update(MemberInvitation)
        .where(MemberInvitation.token_hash == hash_token(token), *_is_open())
        .values(accepted_at=clock.now())
        .returning(MemberInvitation.id)
    )
    if used is None:
        raise NotFoundError(UNUSABLE)
    invitation = session.get_one(MemberInvitation, used, populate_existing=True)
    member = lock_member(session, invitation.email)
    if not member.active:
        detail = "Your account is deactivated. Ask your institution or email us."
        raise MemberInactiveError(detail)
    if member.institution_id not in {None, invitation.institution_id}:
        detail = "You already belong to another institution. Email us to move you."
        raise ConflictError(detail)
    member.name = member.name or invitation.name
    member.spending_limit = invitation.spending_limit
    roles = [MemberRole(role) for role in invitation.roles]
    join_institution(session, member, invitation.institution, roles=roles)
    record_sign_in(session, member)
    return member


def find_open_invitations(session: Session, institution: Institution) -> Sequence[MemberInvitation]:
    """Return the invitations that wait for an answer, newest first."""
    return session.scalars(
        select(MemberInvitation)
        .where(MemberInvitation.institution_id == institution.id, *_is_open())
        .order_by(MemberInvitation.id.desc())
    ).all()


def withdraw_invitation(
    session: Session, institution: Institution, ref: str, *, actor: Actor
) -> bool:
    """Withdraw an invitation. Return False if it was used or withdrawn before.

    Raises:
        NotFoundError: the institution has no such invitation.
    """
    invitation = session.scalar(
        select(MemberInvitation).where(
            MemberInvitation.ref == ref, MemberInvitation.institution_id == institution.id
        )
    )
    if invitation is None:
        detail = f"Invitation “{ref}” not found."
        raise NotFoundError(detail)
    withdrawn = session.scalar(
        update(MemberInvitation)
        .where(
            MemberInvitation.id == invitation.id,
            MemberInvitation.accepted_at.is_(None),
            MemberInvitation.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=clock.now())
        .returning(MemberInvitation.id)
    )
    if withdrawn is None:
        return False
    after = {"email": invitation.email}
    record_action(
        session, "institution", institution.ref, "invitation_withdrawn", actor, after=after
    )
    return True


def _is_open() -> tuple[ColumnElement[bool], ...]:
    return (
        MemberInvitation.accepted_at.is_(None),
        MemberInvitation.withdrawn_at.is_(None),
        MemberInvitation.expires_at > clock.now(),
    )
