"""Prove, before a process serves, that all a paid order will need is there.

What is missing is found before a buyer pays: once money was taken, a license, its certificate and
the email about it must not fail for want of a file on this machine.
"""

import json
from collections.abc import Callable
from datetime import date

from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.config import Settings, get_settings
from app.core.email_content import EmailFacts
from app.core.email_models import OutboxEmail
from app.core.email_outbox import build_message, read_email
from app.core.fonts import check_fonts
from app.core.startup import StartupError
from app.email_kinds import EMAIL_KINDS
from app.licenses.certificates import certificate_json, certificate_pdf
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.licenses.time_zones import find_missing_zones
from app.offers.bundles import (
    DigitalSiteLicense,
    Permission,
    PublicPerformance,
    RightsBundle,
    SiteScope,
)
from app.offers.states import Delivery
from app.offers.terms import TermKind
from app.web.rendering import environment


def check_startup(settings: Settings) -> None:
    """Raise unless everything is there.

    Raises:
        StartupError: something is missing; each problem is named.
    """
    problems = find_problems(settings)
    if problems:
        raise StartupError(problems, log_format=settings.log_format)


def find_problems(settings: Settings) -> list[str]:
    """Return what is missing on this machine, one sentence each."""
    checks: tuple[Callable[[Settings], str], ...] = (
        _check_zones,
        _check_emails,
        _check_pages,
        _check_fonts,
        _check_certificate,
    )
    return [problem for check in checks if (problem := _try(check, settings))]


def _try(check: Callable[[Settings], str], settings: Settings) -> str:
    """Return what ``check`` finds, also when it fails in a way that nobody thought of."""
    try:
        return check(settings)
    except Exception as error:  # noqa: BLE001 - whatever it is, an order would meet it too
        what = check.__name__.removeprefix("_check_")
        return f"{what}: {type(error).__name__}: {error}"


def _check_zones(_: Settings) -> str:
    missing = find_missing_zones()
    if not missing:
        return ""
    shown = ", ".join(missing[:3]) + (" ..." if len(missing) > 3 else "")  # noqa: PLR2004
    return (
        f"time zones: no data for {len(missing)} time zones ({shown}), so no license can be "
        "dated. Install the Python package tzdata, or the system's time zone data"
    )


def _check_emails(settings: Settings) -> str:
    """Write one email of each kind, from facts as the outbox stores them."""
    for name, kind in EMAIL_KINDS.items():
        try:
            _write_email(name, kind.specimen(), settings)
        except Exception as error:  # noqa: BLE001 - whatever it is, an order would meet it too
            return f"emails: {name}: {type(error).__name__}: {error}"
    return ""


def _write_email(kind: str, facts: EmailFacts, settings: Settings) -> None:
    email = OutboxEmail(
        kind=kind,
        to_address="specimen@example.org",
        subject=facts.subject,
        facts=facts.model_dump(mode="json"),
        message_id="specimen",
        created_at=clock.now(),
    )
    build_message(email, read_email(email, EMAIL_KINDS), settings).as_bytes()


def _check_pages(_: Settings) -> str:
    # Where a buyer lands after paying, and where a license is verified.
    for template in ("storefront/order.html", "storefront/verify.html"):
        environment().get_template(template)
    return ""


def _check_fonts(settings: Settings) -> str:
    try:
        check_fonts(settings.fonts_folder)
    except FileNotFoundError as error:
        return str(error)
    return ""


def _check_certificate(settings: Settings) -> str:
    license_ = _specimen()
    certificate_json(license_, settings)
    pdf = certificate_pdf(license_, settings)
    return "" if pdf.startswith(b"%PDF") else "certificate: no PDF came out"


def _specimen() -> License:
    """Return a license of nobody, never stored, with every field that a certificate prints."""
    day = date(2026, 1, 31)
    rights = RightsBundle(
        ppr=PublicPerformance(included=True),
        digital_site_license=DigitalSiteLicense(included=False),
        classroom=Permission.PERMITTED,
        course_reserves=Permission.PERMITTED,
        distance_learning=Permission.PERMITTED,
        lending=Permission.PERMITTED,
        interlibrary_loan=Permission.PERMITTED,
        archive_copy=Permission.PROHIBITED,
        format_migration=Permission.PROHIBITED,
        captioning=Permission.PERMITTED,
        clips=Permission.SILENT,
        walk_in_users=Permission.PERMITTED,
        sites=SiteScope.UNIFIED_CAMPUS,
    )
    sentence = {
        "topic": "classroom",
        "verdict": "yes",
        "question": "May the film be shown in class?",
        "short": "Yes",
        "answer": "The licensee may show the film in class.",
    }
    return License(
        number="RL-SPECIMEN",
        granted_for="RR-SPECIMEN/1",
        access_token="",
        status=LicenseStatus.ACTIVE,
        licensee="Example College",
        licensee_class=CustomerClass.COLLEGE,
        country="US",
        time_zone="America/New_York",
        sites=["Main campus"],
        licensor="Example Films",
        licensor_address="1 Example Street",
        sku="specimen",
        offer_title="DVD",
        film_slug="specimen",
        film_title="Specimen",
        film_facts={"directors": ["A. Director"], "release_year": 2026, "original_title": None},
        delivery=Delivery.DVD,
        version_labels=["Feature"],
        quantity=1,
        territory=["US"],
        rights=rights.model_dump(mode="json"),
        rights_text=[sentence],
        term_kind=TermKind.MONTHS,
        term_months=36,
        term_words="3 years",
        starts_on=day,
        ends_on=day.replace(year=2029),
        text_code="specimen",
        text_version="1.0",
        text_title="Specimen",
        text_sha256="0" * 64,
        order_number="RR-SPECIMEN",
        po_number=None,
        granted_on=day,
    )


if __name__ == "__main__":
    print(json.dumps(find_problems(get_settings())))  # noqa: T201 - read by ``app.core.startup``
