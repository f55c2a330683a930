"""The certificate of a license: for people as PDF/UA, for machines as JSON. Both say the same.

Both are made afresh each time from the license's own row, which never changes but for its status:
the same row gives the same bytes. What draws them is loaded when the first one is asked for.
"""
# ruff: noqa: PLC0415 - the reason is above

import io
import json
import re
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from app.accounts.customers import CLASSES
from app.core import clock
from app.core.config import Settings
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
from app.licenses.verification import statement_of, status_on
from app.offers.bundles import RightsBundle
from app.offers.states import DELIVERY_WORDS, Delivery
from app.offers.terms import lasting
from app.offers.territories import country_words
from app.offers.windows import day
from app.offers.words import document_questions

_TEMPLATE = Path(__file__).parent / "templates" / "certificate.typ"
# The faces that typst carries within itself: the same on every machine, so the same bytes. The
# site's own are WOFF2, which typst does not read.
FAMILIES = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
_NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
MOST_MISSING = 200


def verification_url(license_: License, settings: Settings) -> str:
    """Return the page where anyone can check the license; the QR code leads there."""
    return settings.url(f"/verify/{license_.number}")


def certificate_pdf(license_: License, settings: Settings) -> bytes:
    """Return the certificate as a tagged PDF (PDF/UA-1), the same bytes for the same license.

    A license that is no longer in force says so at the top.
    """
    import typst

    url = verification_url(license_, settings)
    content = _content(license_, url)
    made = datetime.combine(license_.granted_on, time(12), UTC)
    missing: set[str] = set()
    while True:
        try:
            return _compiled(_without(content, missing), qr=_qr(url), made=made)
        except typst.TypstError as error:
            # PDF/UA wants a glyph for every letter; a name may have some that no font here has.
            found = _NO_GLYPH.search(str(error))
            unknown = set(found[1]) - missing if found else set()
            if not unknown or len(missing) > MOST_MISSING:
                raise
            missing |= unknown


def certificate_json(license_: License, settings: Settings) -> CertificateOut:
    """Return the certificate as data."""
    facts = license_.film_facts
    text_path = f"/license-texts/{license_.text_code}/{license_.text_version}"
    return CertificateOut(
        number=license_.number,
        status=status_on(license_, clock.today(license_.time_zone)),
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


def _compiled(content: dict[str, Any], *, qr: str, made: datetime) -> bytes:
    import typst

    return typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        font_paths=typst.Fonts(include_system_fonts=False),
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=int(made.timestamp()),
        sys_inputs={"data": json.dumps(content), "qr": qr},
    )


def _without(content: dict[str, Any], letters: set[str]) -> dict[str, Any]:
    """Return the content with a box for each of ``letters``, and a remark that says so."""
    if not letters:
        return content
    boxes = {ord(letter): "□" for letter in letters}
    text = json.dumps(content, ensure_ascii=False).translate(boxes)
    remark = "Letters that could not be printed are shown as □; the JSON certificate has them."
    return {**json.loads(text), "remark": remark}


def _content(license_: License, url: str) -> dict[str, Any]:
    """Return all that the page says, in words."""
    status = status_on(license_, clock.today(license_.time_zone))
    in_force = status is LicenseStatus.ACTIVE
    # Older licenses keep the questions as a buyer asks them; a certificate speaks of the licensee.
    asked = {
        str(topic): words for topic, words in document_questions(license_.licensee_class).items()
    }
    return {
        "document_title": f"License {license_.number}: {license_.film_title}",
        "fonts": list(FAMILIES),
        "number": license_.number,
        "licensor": license_.licensor,
        "film_title": license_.film_title,
        "film_line": _film_line(license_.film_facts),
        "offer": license_.offer_title,
        "qr_words": f"QR code that opens {url}",
        "warning": "" if in_force else statement_of(license_, status),
        "grant": (
            f"{license_.licensor} grants {license_.licensee} the license described here, "
            f"{_when(license_)}."
        ),
        "remark": "",
        "holder": _holder(license_),
        "papers": _papers(license_),
        "rights": [
            {"question": asked.get(row["topic"], row["question"]), "answer": row["answer"]}
            for row in license_.rights_text
        ],
        "text_words": (
            f"“{license_.text_title}”, version {license_.text_version} ({license_.text_code}). "
            "The licensee accepted it with the order; its hash proves which text that was."
        ),
        "text_sha256": license_.text_sha256,
        "verify_words": (
            "Anyone can see whether this license is in force by its number, or with the QR code:"
        ),
        "verify_url": url,
    }


def _film_line(facts: dict[str, Any]) -> str:
    """Return what tells a film from others: ``A film by Jessica Gorter, 2018 (De rode ziel)``."""
    names = facts.get("directors", [])
    by = f"A film by {names[0]}" if names else ""
    if len(names) > 1:
        by = f"A film by {', '.join(names[:-1])} and {names[-1]}"
    line = ", ".join(str(part) for part in (by, facts.get("release_year")) if part)
    original = facts.get("original_title")
    return f"{line} ({original})" if original else line


def _when(license_: License) -> str:
    if license_.ends_on is None:
        return f"from {day(license_.starts_on)}, {lasting(license_.term_words)}"
    return f"from {day(license_.starts_on)} to {day(license_.ends_on)}"


def _holder(license_: License) -> list[tuple[str, str]]:
    """Return who holds it, of what, for how long."""
    delivery = DELIVERY_WORDS[Delivery(license_.delivery)]
    copies = f", {license_.quantity} copies" if license_.quantity > 1 else ""
    kind = CLASSES[license_.licensee_class].label
    return _filled(
        ("Licensee", license_.licensee),
        ("Which is", f"{kind}, in {country_words(license_.country)}"),
        ("Sites", "; ".join(license_.sites)),
        ("Film", ", ".join([license_.film_title, *license_.version_labels])),
        ("Delivery", f"{delivery}{copies}"),
        ("Term", _term(license_)),
    )


def _papers(license_: License) -> list[tuple[str, str]]:
    """Return what an auditor asks for."""
    return _filled(
        ("License", license_.number),
        ("Granted", day(license_.granted_on)),
        ("Order", license_.order_number),
        ("Purchase order", license_.po_number or ""),
        ("Licensor", f"{license_.licensor}, {license_.licensor_address}".rstrip(", ")),
    )


def _filled(*facts: tuple[str, str]) -> list[tuple[str, str]]:
    return [(label, value) for label, value in facts if value]


def _term(license_: License) -> str:
    words = license_.term_words[0].upper() + license_.term_words[1:]
    if license_.ends_on is None:
        return f"{words}, from {day(license_.starts_on)}"
    return f"{words}, {day(license_.starts_on)} to {day(license_.ends_on)} (both days included)"


def _qr(url: str) -> str:
    import segno

    svg = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        svg, kind="svg", xmldecl=False, border=0, dark="#211d18"
    )
    return svg.getvalue().decode()
