"""Sign-in by a link to an email address (docs/decisions/0029)."""

import hashlib
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.config import Settings
from app.core.email_content import SenderFacts
from app.core.email_models import OutboxEmail
from app.core.email_outbox import queue_email
from app.core.errors import NotFoundError
from app.core.numbers import new_token
from app.institutions.emails import InvitationEmail, SignInEmail
from app.institutions.member_models import MemberInvitation, MemberSession, SignInLink

LINK_PATH = "/account/sign-in/link"
EMAIL_REFERENCE = "sign-in"
# A used or expired link is kept this long, so that its page can say why it does not work.
RETENTION = timedelta(days=1)
INVITATION_RETENTION = timedelta(days=30)
UNUSABLE = "This sign-in link has expired or was already used. Request another one."


def request_link(session: Session, settings: Settings, *, email: str, target: str) -> None:
    """Send a link that signs in to the address, whether or not the address is known."""
    token = new_token()
    session.add(
        SignInLink(
            token_hash=hash_token(token),
            email=email.lower(),
            target=target,
            expires_at=clock.now() + timedelta(minutes=settings.sign_in_link_minutes),
        )
    )
    message = SignInEmail(
        store=SenderFacts.of(settings),
        sign_in_url=settings.url(f"{LINK_PATH}?{urlencode({'token': token})}"),
        minutes=settings.sign_in_link_minutes,
    )
    queue_email(
        session, message, once=hash_token(token), reference=EMAIL_REFERENCE, to=email.lower()
    )


def get_link(session: Session, token: str) -> SignInLink:
    """Return the link of this token, without using it.

    Raises:
        NotFoundError: it was used, has expired, or never existed.
    """
    link = session.scalar(
        select(SignInLink).where(
            SignInLink.token_hash == hash_token(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > clock.now(),
        )
    )
    if link is None:
        raise NotFoundError(UNUSABLE)
    return link


def use_link(session: Session, token: str) -> SignInLink:
    """Mark the link of this token as used and return it. Of two concurrent requests one succeeds.

    Raises:
        NotFoundError: as ``get_link``.
    """
    now = clock.now()
    used: SignInLink | None = session.scalar(
        update(SignInLink)
        .where(
            SignInLink.token_hash == hash_token(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
        )
        .values(used_at=now)
        .returning(SignInLink)
    )
    if used is None:
        raise NotFoundError(UNUSABLE)
    return used


def delete_expired(session: Session) -> None:
    """Delete old links and invitations, their emails, and sessions that have ended."""
    now = clock.now()
    session.execute(delete(SignInLink).where(SignInLink.expires_at < now - RETENTION))
    session.execute(
        delete(MemberInvitation).where(
            MemberInvitation.expires_at < now - RETENTION, MemberInvitation.accepted_at.is_(None)
        )
    )
    session.execute(delete(MemberSession).where(MemberSession.expires_at < now))
    session.execute(
        delete(OutboxEmail).where(
            or_(
                (OutboxEmail.reference == EMAIL_REFERENCE)
                & (OutboxEmail.created_at < now - 2 * RETENTION),
                (OutboxEmail.kind == InvitationEmail.kind)
                & (OutboxEmail.created_at < now - INVITATION_RETENTION),
            )
        )
    )


def hash_token(token: str) -> str:
    """Return the hash under which a random token is stored."""
    # Plain SHA-256 is right here: a token has 256 random bits, so there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
