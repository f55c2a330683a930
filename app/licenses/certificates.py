"""The certificate of a license: for people as PDF/UA, for machines as JSON. Both say the same.

Both are made from the license's row, of which only the status changes, so the same row gives the
same bytes. The libraries are imported for the first certificate.
"""
# ruff: noqa: PLC0415 - the reason is above

import io
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.accounts.customers import CLASSES
from app.core import clock, fonts
from app.core.config import Settings
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
# Values that are printed to the letter: addresses and hashes.
_EXACT = {"document_title", "text_sha256", "verify_url", "qr_words", "fonts"}
MAX_LISTED_LETTERS = 12
CACHED_DOCUMENTS = 128

log = logging.getLogger(__name__)


def verification_url(license_: License, settings: Settings) -> str:
    """Return the address of the public verification page, which the QR code opens."""
    return settings.url(f"/verify/{license_.number}")


def certificate_pdf(license_: License, settings: Settings) -> bytes:
    """Return the certificate as a tagged PDF (PDF/UA-1), the same bytes for the same license.

    A license that is no longer in force says so at the top.
    """
    url = verification_url(license_, settings)
    content = _printable(_content(license_, url), settings.fonts_folder)
    content["fonts"] = fonts.families_for(json.dumps(content, ensure_ascii=False), license_.country)
    made = datetime.combine(license_.granted_on, time(12), UTC)
    return draw_pdf(json.dumps(content), url, int(made.timestamp()), settings.fonts_folder)


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


@lru_cache(maxsize=CACHED_DOCUMENTS)
def draw_pdf(content: str, url: str, made: int, folder: str) -> bytes:
    """Return the PDF of this content, made once: the same content gives the same bytes."""
    import typst

    qr = qr_svg(url)
    try:
        return compile_pdf(content, qr, made, folder)
    except typst.TypstError as error:
        log.warning("certificate.clusters_replaced", extra={"url": url, "error": str(error)})
    # Each character has a glyph, but some have none together with their marks.
    plain = _mapped(json.loads(content), lambda text: fonts.without_odd_clusters(text, folder))
    try:
        return compile_pdf(json.dumps(plain), qr, made, folder)
    except typst.TypstError:
        log.exception("certificate.set_in_ascii", extra={"url": url})
    plain = _mapped(json.loads(content), fonts.ascii_only)
    return compile_pdf(json.dumps(plain), qr, made, folder)


def compile_pdf(content: str, qr: str, made: int, folder: str) -> bytes:
    """Set the page. The content is JSON, the QR code is SVG."""
    import typst

    pdf = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=fonts.load_fonts(folder),
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=made,
        sys_inputs={"data": content, "qr": qr},
    )
    return bytes(pdf)


def _printable(content: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return the content as the fonts can print it, with a remark on each character they lack."""
    boxed = fonts.unprintable(json.dumps(content, ensure_ascii=False), folder)
    printed = _mapped(content, lambda text: fonts.breakable(fonts.printable(text, folder)))
    if boxed:
        listed = ", ".join(f"U+{ord(letter):04X}" for letter in boxed[:MAX_LISTED_LETTERS])
        more = " and more" if len(boxed) > MAX_LISTED_LETTERS else ""
        printed["remark"] = (
            f"Characters that could not be printed appear as {fonts.BOX} ({listed}{more}). The "
            f"JSON certificate contains them."
        )
    return printed


def _mapped(content: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return the content with each text changed, but for those that are exact."""

    def changed(value: object) -> object:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, dict):
            return {key: changed(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [changed(inner) for inner in value]
        return value

    return {key: value if key in _EXACT else changed(value) for key, value in content.items()}


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
        "fonts": [],
        "number": license_.number,
        "licensor": license_.licensor,
        "film_title": license_.film_title,
        "film_line": _film_line(license_.film_facts),
        "offer": license_.offer_title,
        "qr_words": f"QR code that opens {url}",
        "warning": "" if in_force else status_statement(license_, status),
        "grant": (
            f"{license_.licensor} grants {isolate(license_.licensee)} the license described here, "
            f"{_when(license_)}."
        ),
        "remark": "",
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
        "text_sha256": license_.text_sha256,
        "verify_words": ("Anyone can verify this license by its number or with the QR code:"),
        "verify_url": url,
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


def qr_svg(url: str) -> str:
    """Return the QR code of an address."""
    import segno

    svg = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        svg, kind="svg", xmldecl=False, border=0, dark="#211d18"
    )
    return svg.getvalue().decode()
