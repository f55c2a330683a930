"""The second step of a login: codes from an authenticator app (RFC 6238), and recovery codes."""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable

import pyotp
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.models import CodeRule, StaffUser
from app.accounts.permissions import Role
from app.core import clock
from app.core.errors import ConflictError, FieldProblem, InvalidInputError
from app.core.numbers import ALPHABET

STEP_SECONDS = 30
RECOVERY_CODES = 8


class TotpAlreadyEnabledError(ConflictError):
    """Enrolling again would lock the old device out."""

    type = "totp-already-enabled"
    title = "Two-step verification is already on"


def start_enrollment(session: Session, user: StaffUser) -> str:
    """Make a secret that is not in force yet and return it; asked again, the same one.

    Raises:
        TotpAlreadyEnabledError: codes are in force; switch them off first.
    """
    if user.uses_totp:
        detail = "Turn off two-step verification first, then set it up on the new device."
        raise TotpAlreadyEnabledError(detail)
    if user.totp_secret is None:
        user.totp_secret = pyotp.random_base32()
        session.flush()
    return user.totp_secret


def otpauth_uri(user: StaffUser, *, issuer: str) -> str:
    """Return the ``otpauth:`` address that an authenticator app reads from a QR code."""
    secret = user.totp_secret or ""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=issuer)


def confirm_enrollment(session: Session, user: StaffUser, code: str, *, actor: Actor) -> list[str]:
    """Put codes in force, proven by a first one; return the recovery codes, shown this once.

    Raises:
        InvalidInputError: the code is not the app's present one.
        TotpAlreadyEnabledError: codes are in force already.
    """
    if user.uses_totp:
        detail = "Two-step verification is already on for your account."
        raise TotpAlreadyEnabledError(detail)
    if user.totp_secret is None or not _use_step(session, user, code):
        raise InvalidInputError.of(
            FieldProblem("#/code", "Enter the six-digit code that the app shows now.")
        )
    recovery = [_recovery_code() for _ in range(RECOVERY_CODES)]
    user.totp_confirmed_at = clock.now()
    user.recovery_hashes = [_hash(code) for code in recovery]
    session.flush()
    _record(session, user, actor, "staff.totp_on")
    return recovery


def verify_code(session: Session, user: StaffUser, code: str) -> bool:
    """Return whether ``code`` opens this login, and use it up: no code works twice.

    Takes the present six digits, those of 30 seconds before or after (clocks differ), or a
    recovery code.
    """
    return _use_step(session, user, code) or _use_recovery(session, user, code)


def disable(session: Session, user: StaffUser, *, actor: Actor) -> None:
    """Ask for no code any more at this login."""
    user.totp_secret = None
    user.totp_confirmed_at = None
    user.totp_last_step = 0
    user.recovery_hashes = []
    session.flush()
    _record(session, user, actor, "staff.totp_off")


def _use_step(session: Session, user: StaffUser, code: str) -> bool:
    digits = code.replace(" ", "")
    if user.totp_secret is None or not (digits.isascii() and digits.isdigit()):
        return False
    totp = pyotp.TOTP(user.totp_secret, interval=STEP_SECONDS)
    now = int(clock.now().timestamp()) // STEP_SECONDS
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            # The UPDATE decides: of two logins with one code at the same moment, one gets in.
            used = session.execute(
                update(StaffUser)
                .where(StaffUser.id == user.id, StaffUser.totp_last_step < step)
                .values(totp_last_step=step)
                .returning(StaffUser.id)
            ).scalar_one_or_none()
            return used is not None
    return False


def _use_recovery(session: Session, user: StaffUser, code: str) -> bool:
    session.refresh(user, ["recovery_hashes"], with_for_update=True)
    presented = _hash(code.strip().upper().replace(" ", ""))
    if presented not in user.recovery_hashes:
        return False
    user.recovery_hashes = [kept for kept in user.recovery_hashes if kept != presented]
    session.flush()
    actor = Actor.staff(user.email, user.name)
    _record(session, user, actor, "staff.recovery_code_used")
    return True


def _recovery_code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def _record(session: Session, user: StaffUser, actor: Actor, action: str) -> None:
    audit.record(session, actor=actor, action=action, object_type="staff", object_ref=user.email)


def _hash(code: str) -> str:
    # Eighty random bits: nothing to guess, so plain SHA-256 is right.
    return hashlib.sha256(code.encode()).hexdigest()


class CodesRequiredError(ConflictError):
    """Someone's role asks for codes at login."""

    type = "codes-required"
    title = "Two-step verification required"


def roles_with_codes(session: Session) -> frozenset[str]:
    """Return the roles that must use two-step verification."""
    return frozenset(session.scalars(select(CodeRule.role)))


def require_codes(session: Session, roles: Iterable[Role], *, actor: Actor) -> None:
    """Ask these roles, and no others, for two-step verification.

    A person with such a role and no codes can only set them up from their next request on.
    """
    before, wanted = roles_with_codes(session), frozenset(roles)
    if before == wanted:
        return
    session.execute(delete(CodeRule))
    if wanted:
        session.execute(insert(CodeRule), [{"role": role} for role in sorted(wanted)])
    audit.record(
        session,
        actor=actor,
        action="staff.codes_required",
        object_type="staff",
        object_ref="roles",
        before={"roles": sorted(before)},
        after={"roles": sorted(wanted)},
    )


def refuse_if_required(session: Session, roles: Collection[str]) -> None:
    """Refuse to switch codes off where a role requires them.

    Raises:
        CodesRequiredError: one of ``roles`` does.
    """
    if roles_with_codes(session) & set(roles):
        detail = "Your role requires two-step verification. An admin can change this."
        raise CodesRequiredError(detail)
