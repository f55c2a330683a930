"""Corrections: a license with a wrong name or wrong days is replaced by another, and says so."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.db import insert_new
from app.core.errors import ConflictError, FieldProblem, InvalidInputError
from app.core.numbers import new_number, new_token
from app.licenses.entitlements import create_entitlements, find_entitlements
from app.licenses.lifecycle import change_status, status_by_date
from app.licenses.models import License
from app.licenses.states import LICENSE_TRANSITIONS, LicenseStatus
from app.offers.bundles import RightsBundle
from app.offers.licensing import find_grant_refusals
from app.offers.states import Delivery
from app.offers.terms import Term
from app.offers.territories import Territory

CORRECTABLE = frozenset(
    status for status, targets in LICENSE_TRANSITIONS.items() if LicenseStatus.REPLACED in targets
)


@dataclass(frozen=True, slots=True)
class LicenseCorrection:
    """What is to be on the corrected license; None leaves it as it is.

    With a new first day alone, the length stays and the last day moves along. ``sites`` are the
    places that it names.
    """

    licensee: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    sites: tuple[str, ...] | None = None


def correct_license(
    session: Session,
    license_: License,
    correction: LicenseCorrection,
    *,
    actor: Actor,
    reason: str,
) -> License:
    """Replace a license by a corrected one with a number of its own; return that.

    The old number still verifies, and points to the new one. Safe to repeat: a license is replaced
    once. Rights windows are checked for the new days as for any license.

    Raises:
        LicenseNotCorrectableError: it was revoked, or replaced by a license with other facts.
        InvalidInputError: nothing is changed, or the days are impossible or outside our rights.
    """
    changes = _changes(license_, correction)
    if license_.status is LicenseStatus.REPLACED:
        return _same_replacement(session, license_, changes)
    if license_.status not in CORRECTABLE:
        detail = f"License {license_.number} is {license_.status}, so it can't be corrected."
        raise LicenseNotCorrectableError(detail)
    if not changes:
        raise InvalidInputError.of(FieldProblem("#", "Change the name, the sites, or the dates."))
    _check_days(session, license_, changes)
    values = _values(license_) | changes
    values |= {
        "granted_for": _next_version(license_.granted_for),
        "replaces": license_.number,
        "status": _status(license_, values),
    }
    while (created := insert_new(session, License, values | _fresh())) is None:
        existing = _find_replacing(session, license_)
        if existing is not None:
            return _same_replacement(session, license_, changes)
    old = find_entitlements(session, [license_.id]).get(license_.id)
    create_entitlements(session, created, used=old.uses if old else 0)
    change_status(session, license_, LicenseStatus.REPLACED, actor=actor, reason=reason)
    audit.record(
        session,
        actor=actor,
        action="license.corrected",
        object_type="license",
        object_ref=created.number,
        before={"number": license_.number}
        | {key: _plain(getattr(license_, key)) for key in changes},
        after={key: _plain(value) for key, value in changes.items()},
        reason=reason,
    )
    return created


def _changes(license_: License, correction: LicenseCorrection) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if correction.licensee is not None:
        wanted["licensee"] = correction.licensee
    if correction.sites is not None:
        wanted["sites"] = list(correction.sites)
    if correction.starts_on is not None:
        wanted["starts_on"] = correction.starts_on
        if correction.ends_on is None:
            wanted["ends_on"] = _moved_end(license_, correction.starts_on)
    if correction.ends_on is not None:
        wanted["ends_on"] = correction.ends_on
    return {key: value for key, value in wanted.items() if getattr(license_, key) != value}


def _moved_end(license_: License, starts_on: date) -> date | None:
    """Return the last day by the term; of a length that was agreed, moved by as many days."""
    if license_.ends_on is None:
        return None
    term = Term(kind=license_.term_kind, months=license_.term_months)
    if license_.ends_on == term.end_date(license_.starts_on):
        return term.end_date(starts_on)
    return starts_on + (license_.ends_on - license_.starts_on)


def _check_days(session: Session, license_: License, changes: dict[str, Any]) -> None:
    if not changes.keys() & {"starts_on", "ends_on"}:
        return
    starts_on: date = changes.get("starts_on", license_.starts_on)
    ends_on: date | None = changes.get("ends_on", license_.ends_on)
    if license_.ends_on is None and ends_on is not None:
        detail = "This license has no end date. Leave the last day empty."
        raise InvalidInputError.of(FieldProblem("#/ends_on", detail))
    if ends_on is not None and ends_on < starts_on:
        detail = "Enter a last day on or after the first day."
        raise InvalidInputError.of(FieldProblem("#/ends_on", detail))
    refusals = find_grant_refusals(
        session,
        film_id=license_.film_id,
        needed=RightsBundle.model_validate(license_.rights).rights_needed(
            Delivery(license_.delivery)
        ),
        territory=Territory(frozenset({license_.country})),
        term=Term(kind=license_.term_kind, months=license_.term_months),
        starts_on=starts_on,
        ends_on=ends_on,
    )
    if refusals:
        pointer = (
            "#/ends_on" if "ends_on" in changes and "starts_on" not in changes else "#/starts_on"
        )
        words = " ".join(refusal.words for refusal in refusals)
        raise InvalidInputError.of(FieldProblem(pointer, words))


def _status(license_: License, values: dict[str, Any]) -> LicenseStatus:
    """Return the status of the corrected license: one on hold stays on hold."""
    if license_.status is LicenseStatus.SUSPENDED:
        return LicenseStatus.SUSPENDED
    today = clock.today(license_.time_zone)
    return status_by_date(values["starts_on"], values["ends_on"], today)


def _values(license_: License) -> dict[str, Any]:
    skipped = {"id", "number", "access_token", "created_at", "updated_at"}
    names = [attribute.key for attribute in inspect(License).column_attrs]
    return {name: getattr(license_, name) for name in names if name not in skipped}


def _fresh() -> dict[str, str]:
    return {"number": new_number("RL"), "access_token": new_token()}


def _next_version(granted_for: str) -> str:
    """Return the key of the next correction.

    >>> _next_version("RR-7K3QF9TD/1"), _next_version("RR-7K3QF9TD/1/2")
    ('RR-7K3QF9TD/1/2', 'RR-7K3QF9TD/1/3')
    """
    parts = re.fullmatch(r"([^/]+/\d+)(?:/(\d+))?", granted_for)
    if parts is None:
        msg = f"{granted_for} names no order line"
        raise ValueError(msg)
    return f"{parts[1]}/{int(parts[2] or 1) + 1}"


def _find_replacing(session: Session, license_: License) -> License | None:
    return session.scalar(select(License).where(License.replaces == license_.number))


def _same_replacement(session: Session, license_: License, changes: dict[str, Any]) -> License:
    """Return the license that replaces this one, if it is what a repeated request asks for."""
    newer = _find_replacing(session, license_)
    if newer is None or any(getattr(newer, key) != value for key, value in changes.items()):
        number = newer.number if newer is not None else "another license"
        detail = f"License {license_.number} was replaced by {number}. Correct that one."
        raise LicenseNotCorrectableError(detail)
    return newer


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


class LicenseNotCorrectableError(ConflictError):
    """The license was revoked or replaced."""

    type = "license-not-correctable"
    title = "License cannot be corrected"
