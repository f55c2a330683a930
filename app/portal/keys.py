"""Keys that a person makes for a script or a calendar: made, shown once, used, revoked."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.core import clock
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_number, new_token
from app.institutions.member_models import Member
from app.portal.models import MemberKey, MemberKeyKind

log = logging.getLogger(__name__)
PREFIXES = {MemberKeyKind.SCRIPT: "rrm_", MemberKeyKind.CALENDAR: "rrc_"}
MAX_LABEL_LENGTH = 100
MAX_KEYS = 20
USE_PRECISION = timedelta(hours=1)


def create_member_key(session: Session, member: Member, *, kind: MemberKeyKind, label: str) -> str:
    """Create a key and return it. This is the only time that anyone can read it.

    Raises:
        InvalidInputError: the label is empty or too long.
        ConflictError: the person has too many keys.
    """
    label = " ".join(label.split())
    if not label or len(label) > MAX_LABEL_LENGTH:
        detail = f"Enter a name of up to {MAX_LABEL_LENGTH} characters."
        raise InvalidInputError.of(FieldProblem("#/label", detail))
    if len(find_member_keys(session, member)) >= MAX_KEYS:
        detail = f"You have {MAX_KEYS} keys. Revoke one first."
        raise ConflictError(detail)
    key = PREFIXES[kind] + new_token()
    row = MemberKey(
        ref=new_number("MK"), member_id=member.id, kind=kind, label=label, key_hash=_hash(key)
    )
    session.add(row)
    session.flush()
    audit.record_action(
        session, "member_key", row.ref, "made", member.actor, after={"kind": kind, "label": label}
    )
    return key


def find_member_keys(session: Session, member: Member) -> Sequence[MemberKey]:
    """Return the person's keys that work, newest first."""
    return session.scalars(
        select(MemberKey)
        .where(MemberKey.member_id == member.id, MemberKey.revoked_at.is_(None))
        .order_by(MemberKey.id.desc())
    ).all()


def revoke_member_key(session: Session, member: Member, ref: str) -> bool:
    """End a key of the person's for good. Return False if it was revoked before.

    Raises:
        NotFoundError: the person has no such key.
    """
    mine = (MemberKey.member_id == member.id, MemberKey.ref == ref)
    if session.scalar(select(MemberKey.id).where(*mine)) is None:
        detail = f"Key “{ref[:40]}” not found."
        raise NotFoundError(detail)
    revoked = session.execute(
        update(MemberKey)
        .where(*mine, MemberKey.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(MemberKey.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if revoked is None:
        return False
    audit.record_action(session, "member_key", ref, "revoked", member.actor)
    return True


def find_member_key(session: Session, key: str, kind: MemberKeyKind) -> MemberKey | None:
    """Return the key in force, if its person may still sign in."""
    if not key.startswith(PREFIXES[kind]):
        return None
    found = session.scalar(
        select(MemberKey).where(
            MemberKey.key_hash == _hash(key),
            MemberKey.kind == kind,
            MemberKey.revoked_at.is_(None),
        )
    )
    return found if found is not None and found.member.active else None


def record_key_use(sessions: sessionmaker[Session], key_id: int) -> None:
    """Record that a key was used, at most once an hour. Never fails: it is only a note."""
    now = clock.now()
    try:
        with sessions.begin() as session:
            session.execute(
                update(MemberKey)
                .where(
                    MemberKey.id == key_id,
                    or_(
                        MemberKey.last_used_at.is_(None),
                        MemberKey.last_used_at < now - USE_PRECISION,
                    ),
                )
                .values(last_used_at=now)
                .execution_options(synchronize_session=False)
            )
    except SQLAlchemyError:
        log.warning("member_key.use_not_recorded", extra={"key_id": key_id})


def _hash(key: str) -> str:
    # As for API keys: 256 random bits leave nothing to guess.
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
