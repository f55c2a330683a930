"""Keys with which an institution's harvester reads its COUNTER reports.

A key is made once and shown once; only its hash is stored. It opens the reports of its institution
and nothing else.
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_number, new_token
from app.institutions.models import Institution
from app.usage.models import CounterKey

log = logging.getLogger(__name__)
PREFIX = "rrc_"
MAX_KEYS = 20
MAX_LABEL_LENGTH = 100
USE_PRECISION = timedelta(hours=1)


def create_counter_key(
    session: Session, institution: Institution, label: str, *, actor: Actor
) -> str:
    """Make a key for the institution and return it. It is stored nowhere.

    Raises:
        InvalidInputError: the label is empty or too long.
        ConflictError: the institution has the most keys allowed.
    """
    label = " ".join(label.split())
    if not label:
        raise InvalidInputError.of(FieldProblem("#/label", "Enter a name for the key."))
    if len(label) > MAX_LABEL_LENGTH:
        detail = f"Enter a name of up to {MAX_LABEL_LENGTH} characters."
        raise InvalidInputError.of(FieldProblem("#/label", detail))
    if len(find_counter_keys(session, institution.id)) >= MAX_KEYS:
        detail = f"There are {MAX_KEYS} keys. Revoke one first."
        raise ConflictError(detail)
    key = PREFIX + new_token()
    row = CounterKey(
        ref=new_number("CK"), institution_id=institution.id, label=label, key_hash=_hash(key)
    )
    session.add(row)
    session.flush()
    after = {"label": label, "institution": institution.ref}
    audit.record_action(session, "counter_key", row.ref, "made", actor, after=after)
    return key


def find_counter_keys(session: Session, institution_id: int) -> Sequence[CounterKey]:
    """Return the institution's keys that work, newest first."""
    return session.scalars(
        select(CounterKey)
        .where(CounterKey.institution_id == institution_id, CounterKey.revoked_at.is_(None))
        .order_by(CounterKey.id.desc())
    ).all()


def revoke_counter_key(session: Session, institution_id: int, ref: str, *, actor: Actor) -> bool:
    """End a key of the institution for good. Return False if it was revoked before.

    Raises:
        NotFoundError: the institution has no such key.
    """
    its = (CounterKey.institution_id == institution_id, CounterKey.ref == ref)
    if session.scalar(select(CounterKey.id).where(*its)) is None:
        detail = f"Key “{ref[:40]}” not found."
        raise NotFoundError(detail)
    revoked = session.execute(
        update(CounterKey)
        .where(*its, CounterKey.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(CounterKey.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if revoked is None:
        return False
    audit.record_action(session, "counter_key", ref, "revoked", actor)
    return True


def find_counter_key(session: Session, key: str) -> CounterKey | None:
    """Return the key in force."""
    if not key.startswith(PREFIX):
        return None
    return session.scalar(
        select(CounterKey).where(CounterKey.key_hash == _hash(key), CounterKey.revoked_at.is_(None))
    )


def record_key_use(sessions: sessionmaker[Session], key_id: int) -> None:
    """Record that a key was used, at most once an hour. Never fails: it is only a note."""
    now = clock.now()
    is_due = or_(CounterKey.last_used_at.is_(None), CounterKey.last_used_at < now - USE_PRECISION)
    try:
        with sessions.begin() as session:
            session.execute(
                update(CounterKey)
                .where(CounterKey.id == key_id, is_due)
                .values(last_used_at=now)
                .execution_options(synchronize_session=False)
            )
    except SQLAlchemyError:
        log.warning("counter_key.use_not_recorded", extra={"key_id": key_id})


def _hash(key: str) -> str:
    # As for API keys: 256 random bits leave nothing to guess.
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
