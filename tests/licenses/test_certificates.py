import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import time_machine
import typst
from fastapi.testclient import TestClient
from pdfua import validate
from PIL import Image
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.core import documents, fonts
from app.core.config import Settings
from app.licenses import certificates
from app.licenses.certificates import certificate_json, certificate_pdf
from app.licenses.lifecycle import revoke
from app.licenses.models import License
from tests import factories
from tests.factories import STAFF
from tests.names import BOXED, EVERY_NAME, NAMES


def granted(session: Session, *, institution: str = "Example College", **film: object) -> License:
    offer = factories.offer(session, of=factories.film(session, **film))  # type: ignore[arg-type]
    buyer = factories.draft_json(session)["buyer"] | {"institution": institution}
    license_ = factories.paid_order(session, offer, buyer=buyer).lines[0].license
    assert license_ is not None
    return license_


def printed(
    license_: License, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Return what the certificate's template is given."""
    given: list[dict[str, Any]] = []

    def compiled(_: Path, content: str, *__: object) -> bytes:
        given.append(json.loads(content))
        return b""

    documents.draw_pdf.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(documents, "compile_pdf", compiled)
        certificate_pdf(license_, settings)
    documents.draw_pdf.cache_clear()
    return given[0]


def test_certificate_is_accessible_pdf(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    license_ = granted(session, title="The Red Soul")
    path = tmp_path / "certificate.pdf"

    path.write_bytes(certificate_pdf(license_, settings))

    report = validate(str(path))
    assert [(f.rule_id, f.message) for f in report.findings if f.confidence.name == "CERTAIN"] == []
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == 1
        assert str(pdf.Root.Lang) == "en-US"
        assert bool(pdf.Root.MarkInfo.Marked) is True
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle) is True
        assert str(pdf.docinfo["/Title"]) == f"License {license_.number}: The Red Soul"
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"] == f"License {license_.number}: The Red Soul"


def test_certificate_bytes_do_not_depend_on_day(session: Session, settings: Settings) -> None:
    license_ = granted(session)

    first = certificate_pdf(license_, settings)
    with time_machine.travel(datetime(2040, 1, 1, tzinfo=UTC), tick=False):
        later = certificate_pdf(license_, settings)

    assert first == later


def test_certificate_of_revoked_license_shows_warning(session: Session, settings: Settings) -> None:
    license_ = granted(session)
    before = certificate_pdf(license_, settings)
    revoke(session, license_, actor=STAFF, reason="refunded")

    assert certificate_pdf(license_, settings) != before
    assert certificate_json(license_, settings).status == "revoked"


@pytest.mark.parametrize("name", EVERY_NAME.values(), ids=EVERY_NAME)
def test_certificate_prints_any_name(session: Session, settings: Settings, name: str) -> None:
    license_ = granted(session, institution=name, title=name)

    with pikepdf.open(io.BytesIO(certificate_pdf(license_, settings))) as pdf:
        assert len(pdf.pages) >= 1
    assert certificate_json(license_, settings).licensee.name == name


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_certificate_prints_every_script_without_box(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    license_ = granted(session, institution=name)

    content = printed(license_, settings, monkeypatch)

    assert content["remark"] == ""
    assert ["Licensee", name] in [
        [label, value.strip("\u2068\u2069")] for label, value in content["holder"]
    ]


@pytest.mark.parametrize("name", BOXED.values(), ids=BOXED)
def test_certificate_lists_characters_without_font(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    license_ = granted(session, institution=name)

    content = printed(license_, settings, monkeypatch)

    missing = next(letter for letter in name if letter not in content["grant"])
    assert f"U+{ord(missing):04X}" in content["remark"]
    assert "□" in content["grant"]


def test_certificate_is_cached(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    license_ = granted(session, institution="北京大学图书馆")
    first = certificate_pdf(license_, settings)
    monkeypatch.setattr(documents, "compile_pdf", None)

    assert certificate_pdf(license_, settings) == first


def test_long_unbroken_name_stays_on_page(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    license_ = granted(session, institution="W" * 200, title="M" * 300)
    content = printed(license_, settings, monkeypatch)

    pages: Any = typst.compile(
        certificates.TEMPLATE,
        root=documents.ROOT,
        font_paths=fonts.load_fonts(),
        format="png",
        ppi=72,
        sys_inputs={"data": json.dumps(content), "qr": documents.qr_svg("https://example.org")},
    )

    for page in pages if isinstance(pages, list) else [pages]:
        with Image.open(io.BytesIO(page)) as image:
            margin = image.convert("L").crop((image.width - 57, 0, image.width, image.height))
            # Nothing but paper.
            assert margin.getextrema() == (255, 255)


def test_very_long_title_takes_more_pages(session: Session, settings: Settings) -> None:
    license_ = granted(session, title="On the Long Road to Everywhere " * 9)

    with pikepdf.open(io.BytesIO(certificate_pdf(license_, settings))) as pdf:
        assert len(pdf.pages) <= 2


def test_certificate_json_equals_pdf(session: Session, settings: Settings) -> None:
    license_ = granted(session, title="The Red Soul")

    data = json.loads(certificate_json(license_, settings).model_dump_json(by_alias=True))

    assert data["number"] == license_.number
    assert data["licensee"] == {
        "name": "Example College",
        "class": "college",
        "country": "US",
        "sites": [],
    }
    assert data["film"]["title"] == "The Red Soul"
    assert data["term"]["ends_on"] is None
    assert data["rights"] == license_.rights
    assert data["rights_text"] == license_.rights_text
    assert data["license_text"]["sha256"] == license_.text_sha256
    assert data["verification_url"] == f"http://127.0.0.1:8000/verify/{license_.number}"


@pytest.mark.parametrize(
    ("customer_class", "users", "sites"),
    [
        ("college", "its students, faculty, and staff", "the licensee's campus"),
        ("public_library", "its cardholders and staff", "the licensee's main library"),
        ("corporation", "its employees", "the licensee's offices"),
        ("hospital", "its staff, trainees, and patients", "the licensee's hospitals"),
    ],
)
def test_certificate_uses_terms_of_customer_class(
    session: Session, settings: Settings, customer_class: str, users: str, sites: str
) -> None:
    offer = factories.offer(session, classes=(CustomerClass(customer_class),))
    buyer = factories.draft_json(session)["buyer"] | {"class": customer_class}
    license_ = factories.paid_order(session, offer, buyer=buyer).lines[0].license
    assert license_ is not None

    said = {row.topic: row for row in certificate_json(license_, settings).rights_text}

    assert users in said["users"].answer
    assert sites in said["sites"].answer
    for row in said.values():
        words = f" {row.question} {row.answer} {row.short} ".lower()
        assert not any(f" {word} " in words for word in ("we", "us", "our", "you", "your"))
        if customer_class != "college":
            assert "campus" not in words
            assert "course" not in words


def test_older_certificate_uses_third_person(session: Session, settings: Settings) -> None:
    license_ = granted(session)
    today = certificate_pdf(license_, settings)
    license_.rights_text = [
        row | {"question": "May we?", "short": "Yes, on our premises"}
        for row in license_.rights_text
    ]

    assert certificate_pdf(license_, settings) == today


def test_certificate_requires_its_token(session: Session, client: TestClient) -> None:
    license_ = granted(session)
    other = granted(session)
    session.commit()
    token = license_.access_token

    for kind in ("pdf", "json"):
        url = f"/api/v1/licenses/{license_.number}/certificate.{kind}"
        assert client.get(url, params={"token": token}).status_code == 200
        assert client.get(url, headers={"X-License-Token": token}).status_code == 200
        for wrong in ("", token[:-1], other.access_token, "é"):
            answer = client.get(url, params={"token": wrong})
            assert (answer.status_code, answer.json()["type"]) == (404, "not-found")

    pdf = client.get(f"/api/v1/licenses/{license_.number}/certificate.pdf", params={"token": token})
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["cache-control"] == "private, no-store"
    assert pdf.content.startswith(b"%PDF-")


def test_verification_shows_status_without_people_or_prices(
    session: Session, client: TestClient
) -> None:
    license_ = granted(session, title="The Red Soul")
    order_number = license_.order_number
    session.commit()

    typed = license_.number.lower().replace("-", "%20")
    answer = client.get(f"/api/v1/licenses/{typed}/verification")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["in_force"]) == ("active", True)
    assert body["statement"] == "This license is in effect and has no end date."
    assert (body["licensee"], body["film_title"]) == ("Example College", "The Red Soul")
    for secret in (license_.access_token, order_number, "Ada", "ada@example.edu", "39800", "398"):
        assert secret not in answer.text.replace(body["text_sha256"], "")


@pytest.mark.parametrize("number", ["RL-00000000", "RR-7K3QF9TD", "%00", "RL-ILOU0000", "x" * 40])
def test_unknown_number_is_not_verified(client: TestClient, number: str) -> None:
    answer = client.get(f"/api/v1/licenses/{number}/verification")

    assert (answer.status_code, answer.json()["type"]) == (404, "not-found")
