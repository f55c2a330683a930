"""The certificate of a license: for people as PDF/UA, for machines as JSON. Both say the same.

Both are made from the license's row, of which only the status changes, so the same row gives the
same bytes.
"""

from pathlib import Path
from typing import Any

from app.accounts.customers import CLASSES
from app.core import clock
from app.core.config import Settings
from app.core.documents import draw
from app.core.text import isolate
from app.licenses.models import License
from app.licenses.schemas import (
    CertificateFilm,
    CertificateLicensee,
    CertificateOut,
    CertificateTerm,
    CertificateText,
    RightsSentenceOut,
)
from app.licenses.states import LicenseStatus
from app.licenses.verification import effective_status, status_statement
from app.offers.bundles import RightsBundle
from app.offers.rights_text import document_questions
from app.offers.states import DELIVERY_LABELS, Delivery
from app.offers.terms import duration_phrase
from app.offers.territories import country_name_in_sentence
from app.offers.window_rules import format_day

TEMPLATE = Path(__file__).parent / "templates" / "certificate.typ"


def verification_url(license_: License, settings: Settings) -> str:
    """Return the address of the public verification page, which the QR code opens."""
    return settings.url(f"/verify/{license_.number}")


def certificate_pdf(license_: License, settings: Settings) -> bytes:
    """Return the certificate as a tagged PDF (PDF/UA-1), the same bytes for the same license.

    A license that is no longer in force says so at the top.
    """
    url = verification_url(license_, settings)
    return draw(
        TEMPLATE,
        _content(license_, url),
        url=url,
        made_on=license_.granted_on,
        country=license_.country,
        folder=settings.fonts_folder,
        complete_at="The JSON certificate",
    )


def certificate_json(license_: License, settings: Settings) -> CertificateOut:
    """Return the certificate as data."""
    facts = license_.film_facts
    text_path = f"/license-texts/{license_.text_code}/{license_.text_version}"
    return CertificateOut(
        number=license_.number,
        status=effective_status(license_, clock.today(license_.time_zone)),
        licensor=license_.licensor,
        licensor_address=license_.licensor_address,
        licensee=CertificateLicensee(
            name=license_.licensee,
            customer_class=license_.licensee_class,
            country=license_.country,
            sites=list(license_.sites),
        ),
        film=CertificateFilm(
            title=license_.film_title,
            slug=license_.film_slug,
            original_title=facts.get("original_title"),
            directors=list(facts.get("directors", [])),
            release_year=facts.get("release_year"),
            versions=list(license_.version_labels),
        ),
        offer=license_.offer_title,
        sku=license_.sku,
        delivery=license_.delivery,
        quantity=license_.quantity,
        territory=list(license_.territory),
        rights=RightsBundle.model_validate(license_.rights),
        rights_text=[RightsSentenceOut.model_validate(row) for row in license_.rights_text],
        term=CertificateTerm(
            kind=license_.term_kind,
            months=license_.term_months,
            words=license_.term_words,
            starts_on=license_.starts_on,
            ends_on=license_.ends_on,
            time_zone=license_.time_zone,
        ),
        license_text=CertificateText(
            code=license_.text_code,
            version=license_.text_version,
            title=license_.text_title,
            sha256=license_.text_sha256,
            url=settings.url(text_path),
        ),
        order_number=license_.order_number,
        po_number=license_.po_number,
        granted_on=license_.granted_on,
        verification_url=verification_url(license_, settings),
    )


def _content(license_: License, url: str) -> dict[str, Any]:
    """Return the texts of the page."""
    status = effective_status(license_, clock.today(license_.time_zone))
    in_force = status is LicenseStatus.ACTIVE
    # Older licenses store the questions from the buyer's view.
    questions = {
        str(topic): text for topic, text in document_questions(license_.licensee_class).items()
    }
    return {
        "document_title": _title(license_),
        "author": license_.licensor,
        "footer": f"{license_.licensor} · License {license_.number}",
        "kind": "license",
        "number": license_.number,
        "film_title": license_.film_title,
        "film_line": _film_line(license_.film_facts),
        "offer": license_.offer_title,
        "qr_words": f"QR code that opens {url}",
        "warning": "" if in_force else status_statement(license_, status),
        "grant": (
            f"{license_.licensor} grants {isolate(license_.licensee)} the license described here, "
            f"{_when(license_)}."
        ),
        "holder": _holder(license_),
        "papers": _audit_facts(license_),
        "rights": [
            {"question": questions.get(row["topic"], row["question"]), "answer": row["answer"]}
            for row in license_.rights_text
        ],
        "text_words": (
            f"“{license_.text_title}”, version {license_.text_version} ({license_.text_code}). "
            "The licensee accepted this text with the order. The hash identifies the exact text."
        ),
        "text_sha256": {"exact": license_.text_sha256},
        "verify_words": ("Anyone can verify this license by its number or with the QR code:"),
        "verify_url": {"exact": url},
    }


def _title(license_: License) -> str:
    """Return the title for the PDF's own properties, which no font has to print."""
    title = "".join(letter for letter in license_.film_title if letter.isprintable())
    return f"License {license_.number}: {title}"


def _film_line(facts: dict[str, Any]) -> str:
    """Return what tells a film from others: ``A film by Jessica Gorter, 2018 (De rode ziel)``."""
    names = [isolate(name) for name in facts.get("directors", [])]
    by = f"A film by {names[0]}" if names else ""
    if len(names) > 1:
        by = f"A film by {', '.join(names[:-1])} and {names[-1]}"
    line = ", ".join(str(part) for part in (by, facts.get("release_year")) if part)
    original = facts.get("original_title")
    return f"{line} ({isolate(original)})" if original else line


def _when(license_: License) -> str:
    if license_.ends_on is None:
        return f"from {format_day(license_.starts_on)}, {duration_phrase(license_.term_words)}"
    return f"from {format_day(license_.starts_on)} through {format_day(license_.ends_on)}"


def _holder(license_: License) -> list[tuple[str, str]]:
    """Return who holds it, of what, for how long."""
    delivery = DELIVERY_LABELS[Delivery(license_.delivery)]
    copies = f", {license_.quantity} copies" if license_.quantity > 1 else ""
    kind = CLASSES[license_.licensee_class].label
    return _filled(
        ("Licensee", license_.licensee),
        ("Type", f"{kind}, in {country_name_in_sentence(license_.country)}"),
        ("Sites", "; ".join(map(isolate, license_.sites))),
        ("Film", ", ".join([isolate(license_.film_title), *license_.version_labels])),
        ("Delivery", f"{delivery}{copies}"),
        ("Term", _term(license_)),
    )


def _audit_facts(license_: License) -> list[tuple[str, str]]:
    """Return what an auditor asks for."""
    return _filled(
        ("License", license_.number),
        ("Granted", format_day(license_.granted_on)),
        ("Order", license_.order_number),
        ("Purchase order", license_.po_number or ""),
        ("Licensor", f"{license_.licensor}, {license_.licensor_address}".rstrip(", ")),
    )


def _filled(*facts: tuple[str, str]) -> list[tuple[str, str]]:
    return [(label, value) for label, value in facts if value]


def _term(license_: License) -> str:
    term = license_.term_words[0].upper() + license_.term_words[1:]
    if license_.ends_on is None:
        return f"{term}, from {format_day(license_.starts_on)}"
    return f"{term}, {format_day(license_.starts_on)} through {format_day(license_.ends_on)}"
