"""API keys: making, revoking and checking them."""

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.models import ApiKey
from app.accounts.permissions import KEY_SCOPES, Scope
from app.core import clock
from app.core.app_state import app_state
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.idempotency import set_caller
from app.core.rate_limits import charge_key
from app.core.text import normalize

__all__ = ["Scope", "create_key", "keys", "recognize", "record_use", "require_scopes", "revoke_key"]

log = logging.getLogger(__name__)
bearer = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="An API key, `rr_...`, as a bearer token"
)
PREFIX_LENGTH = 11
USE_PRECISION = timedelta(minutes=1)
MAX_LABEL_LENGTH = 100


def create_key(
    session: Session, *, label: str, scopes: Iterable[Scope], actor: Actor | None = None
) -> str:
    """Make a key and return it. This is the only time that anyone can read it.

    Raises:
        InvalidInputError: no label, no scope, or a scope that keys cannot have.
    """
    wanted = frozenset(scopes)
    problems = []
    label = normalize(label).strip()
    if not label or len(label) > MAX_LABEL_LENGTH or not label.isprintable():
        detail = f"Enter a label of up to {MAX_LABEL_LENGTH} characters on one line."
        problems.append(FieldProblem("#/label", detail))
    if not wanted:
        problems.append(FieldProblem("#/scopes", "Choose at least one scope."))
    if forbidden := wanted - KEY_SCOPES:
        names = ", ".join(sorted(forbidden))
        problems.append(
            FieldProblem("#/scopes", (f"Remove {names}. API keys can't have these scopes."))
        )
    if problems:
        detail = "The API key was not created."
        raise InvalidInputError(detail, errors=problems)
    key = f"rr_{secrets.token_urlsafe(32)}"
    row = ApiKey(
        prefix=key[:PREFIX_LENGTH],
        key_hash=_hash(key),
        label=label,
        scopes=sorted(wanted),
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor=actor or Actor.operator("reelright keys make"),
        action="api_key.made",
        object_type="api_key",
        object_ref=row.prefix,
        after={"label": row.label, "scopes": row.scopes},
    )
    return key


def revoke_key(session: Session, *, prefix: str, actor: Actor, reason: str = "") -> bool:
    """End a key for good. Return False if it was revoked before.

    Raises:
        NotFoundError: no key has this prefix.
    """
    key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))
    if key is None:
        detail = f"API key “{prefix}” not found."
        raise NotFoundError(detail)
    revoked = session.execute(
        update(ApiKey)
        .where(ApiKey.id == key.id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(ApiKey.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    session.refresh(key)
    if revoked is None:
        return False
    audit.record(
        session,
        actor=actor,
        action="api_key.revoked",
        object_type="api_key",
        object_ref=prefix,
        reason=reason,
    )
    return True


def keys(session: Session) -> Sequence[ApiKey]:
    """Return every key, those in force first, newest first."""
    return session.scalars(
        select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    ).all()


def require_scopes(*scopes: Scope) -> Callable[..., Actor]:
    """Return a dependency: the program that calls, whose key has every one of ``scopes``.

    The key is looked up in a short read of its own, so the request holds no connection twice.
    """

    def dependency(
        request: Request,
        background: BackgroundTasks,
        presented: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Actor:
        state = app_state(request)
        key = _find_key(request, presented.credentials) if presented else None
        charge_key(request, key.prefix if key else None)
        if not key:
            detail = "Send `Authorization: Bearer rr_...` with an active API key."
            raise NotAuthenticatedError(detail, headers={"WWW-Authenticate": "Bearer"})
        missing = [scope for scope in scopes if scope not in key.scopes]
        if missing:
            detail = f"The API key needs the scope {' and '.join(missing)}."
            raise ScopeMissingError(detail)
        if key.last_used_at is None or clock.now() - key.last_used_at > USE_PRECISION:
            # After the answer: a read stays a read, and a writer's lock is not waited for.
            background.add_task(record_use, state.sessions, key.id)
        set_caller(request, f"api key {key.id}")
        return Actor.api_key(key.prefix, key.label)

    return dependency


def recognize(request: Request) -> None:
    """Record whose API key a request carries that needs none. A key not in force counts as none."""
    scheme, credentials = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not credentials:
        return
    key = _find_key(request, credentials)
    if key is not None:
        set_caller(request, f"api key {key.id}")


def record_use(sessions: sessionmaker[Session], key_id: int) -> None:
    """Note that a key was used, at most once a minute. Never fails: it is only a note."""
    now = clock.now()
    try:
        with sessions.begin() as session:
            session.execute(
                update(ApiKey)
                .where(
                    ApiKey.id == key_id,
                    or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - USE_PRECISION),
                )
                .values(last_used_at=now)
                .execution_options(synchronize_session=False)
            )
    except SQLAlchemyError:
        log.warning("api_key.use_not_noted", extra={"key_id": key_id})


def _find_key(request: Request, credentials: str) -> ApiKey | None:
    """Return the key in force, read in a short session of its own."""
    with app_state(request).readers() as session:
        found: ApiKey | None = session.scalar(
            select(ApiKey).where(ApiKey.key_hash == _hash(credentials), ApiKey.revoked_at.is_(None))
        )
    return found


def _hash(key: str) -> str:
    # Plain SHA-256 is right here: a key has 256 random bits, so there is nothing to guess.
    return hashlib.sha256(key.encode()).hexdigest()
