"""What anyone may know of a license, and the sentence that says it."""

from datetime import date

from sqlalchemy.orm import Session

from app.core import clock
from app.licenses.models import License
from app.licenses.queries import find_replacement, get_license_by_number
from app.licenses.schemas import VerificationOut
from app.licenses.states import LicenseStatus
from app.offers.window_rules import format_day


def verify_license(session: Session, number: str) -> VerificationOut:
    """Return what anyone may know of the license with this number; case does not matter.

    Raises:
        NotFoundError: no license has this number.
    """
    return build_verification(session, get_license_by_number(session, number))


def build_verification(session: Session, license_: License) -> VerificationOut:
    """Return the public facts of ``license_`` as of today, where the licensee is."""
    status = status_today(license_)
    return VerificationOut(
        number=license_.number,
        status=status,
        in_force=status is LicenseStatus.ACTIVE,
        statement=status_statement(license_, status),
        replaced_by=find_replacement(session, license_),
        licensee=license_.licensee,
        film_title=license_.film_title,
        film_slug=license_.film_slug,
        directors=list(license_.film_facts.get("directors", [])),
        release_year=license_.film_facts.get("release_year"),
        versions=list(license_.version_labels),
        delivery=license_.delivery,
        term=license_.term_words,
        starts_on=license_.starts_on,
        ends_on=license_.ends_on,
        text_code=license_.text_code,
        text_title=license_.text_title,
        text_version=license_.text_version,
        text_sha256=license_.text_sha256,
    )


def effective_status(license_: License, today: date) -> LicenseStatus:
    """Return the status, even in the hours before a job has recorded that it began or expired."""
    status = license_.status
    if status is LicenseStatus.SCHEDULED and license_.starts_on <= today:
        status = LicenseStatus.ACTIVE
    over = license_.ends_on is not None and license_.ends_on < today
    if over and status in {LicenseStatus.ACTIVE, LicenseStatus.SUSPENDED}:
        return LicenseStatus.EXPIRED
    return status


def status_today(license_: License) -> LicenseStatus:
    """Return the status on the licensee's own day."""
    return effective_status(license_, clock.today(license_.time_zone))


def status_statement(license_: License, status: LicenseStatus) -> str:
    """Return one sentence that says whether the license may be relied upon."""
    if status is LicenseStatus.SCHEDULED:
        return f"This license begins on {format_day(license_.starts_on)}. It is not in effect yet."
    if status is LicenseStatus.ACTIVE:
        if license_.ends_on is None:
            return "This license is in effect and has no end date."
        return f"This license is in effect through {format_day(license_.ends_on)}."
    if status is LicenseStatus.EXPIRED and license_.ends_on is not None:
        return f"This license expired on {format_day(license_.ends_on)}."
    return _STATEMENTS[status]


_STATEMENTS: dict[LicenseStatus, str] = {
    LicenseStatus.SUSPENDED: "This license is suspended and is not currently in effect.",
    LicenseStatus.EXPIRED: "This license has expired.",
    LicenseStatus.REVOKED: "This license was revoked and is no longer in effect.",
    LicenseStatus.REPLACED: "This license was corrected. Another license replaces it.",
}
