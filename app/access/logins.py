"""Logins between their two requests: begun once, finished once, and never replayed.

A campus answers by a form from its own site, with which browsers send no cookie of ours. So the
state is a row, found by a secret that travels with the login.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.access.errors import TRY_AGAIN, LoginRefusedError
from app.access.models import AccessLogin, AccessRefusal, LoginKind, SeenAssertion
from app.core import clock
from app.core.db import insert_ignore
from app.core.numbers import new_token
from app.institutions.models import Institution

TIMEOUT = timedelta(minutes=15)
# How long staff see why logins were refused.
REFUSAL_RETENTION = timedelta(days=90)
USED = f"This login was already used, or took too long. {TRY_AGAIN}"
REPLAYED = f"This login was used before. {TRY_AGAIN}"


def begin_login(
    session: Session,
    kind: LoginKind,
    institution_id: int,
    *,
    target: str,
    state: str = "",
    nonce: str = "",
) -> str:
    """Remember a login, and return the secret with which it comes back."""
    secret = state or new_token()
    session.add(
        AccessLogin(
            kind=kind,
            state_hash=hash_secret(secret),
            institution_id=institution_id,
            nonce=nonce,
            target=target,
            expires_at=clock.now() + TIMEOUT,
        )
    )
    session.flush()
    return secret


def find_login(session: Session, kind: LoginKind, secret: str) -> AccessLogin | None:
    """Return the login of this secret, if it can still be finished."""
    return session.scalar(
        select(AccessLogin).where(
            AccessLogin.state_hash == hash_secret(secret),
            AccessLogin.kind == kind,
            AccessLogin.used_at.is_(None),
            AccessLogin.expires_at > clock.now(),
        )
    )


def finish_login(session: Session, kind: LoginKind, secret: str) -> AccessLogin:
    """Use the login of this secret. Of two requests at once one succeeds.

    Raises:
        LoginRefusedError: it was used, took too long, or was never begun.
    """
    now = clock.now()
    used: AccessLogin | None = session.scalar(
        update(AccessLogin)
        .where(
            AccessLogin.state_hash == hash_secret(secret),
            AccessLogin.kind == kind,
            AccessLogin.used_at.is_(None),
            AccessLogin.expires_at > now,
        )
        .values(used_at=now)
        .returning(AccessLogin)
    )
    if used is None:
        raise LoginRefusedError(USED, code="state")
    return used


def refuse_replay(session: Session, issuer: str, assertion_id: str, *, until: datetime) -> None:
    """Remember an assertion until it ends.

    Raises:
        LoginRefusedError: it was accepted before.
    """
    values = {"key_hash": hash_secret(f"{issuer}\n{assertion_id}"), "expires_at": until}
    if not insert_ignore(session, SeenAssertion, values, index_elements=["key_hash"]):
        raise LoginRefusedError(REPLAYED, code="replay")


def record_refusal(
    session: Session, institution: Institution | int, method: str, code: str
) -> None:
    """Count that someone of an institution was turned away, without saying who."""
    institution_id = institution if isinstance(institution, int) else institution.id
    session.add(AccessRefusal(institution_id=institution_id, method=method, reason=code))


def delete_expired(session: Session) -> None:
    """Delete what is only kept for a time."""
    now = clock.now()
    session.execute(delete(AccessLogin).where(AccessLogin.expires_at < now))
    session.execute(delete(SeenAssertion).where(SeenAssertion.expires_at < now))
    session.execute(delete(AccessRefusal).where(AccessRefusal.at < now - REFUSAL_RETENTION))


def hash_secret(secret: str) -> str:
    """Return the hash under which a secret is stored."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
