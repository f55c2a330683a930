"""A new store, from empty to its first sale, by the steps of docs/operations.md."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.offers.models import LicenseText
from app.orders.models import Order
from tests.console.staff_browser import Page, StaffBrowser
from tests.factories import CLASSROOM_DISC
from tests.storefront.visitor import Visitor


def publish_sample(editor: StaffBrowser, code: str) -> Page:
    """Publish a license text as its sample is."""
    return editor.send(editor.see(f"/console/new-text?from={code}"))


def test_empty_store_reaches_first_sale(
    admin: StaffBrowser, client: TestClient, sessions: sessionmaker[Session]
) -> None:
    # 1. The texts.
    assert "No license texts yet." in admin.see("/console/texts").words
    terms = publish_sample(admin, "general-terms")
    assert "License text published." in terms.words
    assert (
        "Nothing is renewed or charged"
        in client.get("/terms", headers={"accept": "text/html"}).text
    )

    # 2. The film.
    film = admin.send(admin.see("/console/new-film"), title="The River", release_year="2020").path
    form = admin.see(f"{film}/new-offer")
    assert "An offer needs a license text. No license texts yet." in form.words
    assert "An offer needs a version" in form.words
    assert {"/console/texts", f"{film}/edit/versions"} <= form.links()
    versions = admin.send(admin.see(f"{film}/edit/versions"), "add:versions")
    row = {"versions/0/label": "Feature", "versions/0/runtime_minutes": "90"}
    assert "Film saved." in admin.send(versions, **row).words
    admin.send(admin.see(f"{film}/edit/description"), synopsis="A river, from source to sea.")
    credit = admin.send(admin.see(f"{film}/edit/credits"), "add:credits")
    admin.send(credit, **{"credits/0/name": "Ana Ferrer", "credits/0/role": "director"})
    publish_sample(admin, "dvd-ppr")

    # 3. The rights.
    for right in ("dvd", "ppr"):
        window = admin.send(
            admin.see(f"{film}/new-window"),
            right=right,
            contract_ref="C-1",
            owner="River Films",
            territory="Worldwide",
            starts_on="2020-01-01",
            may_sublicense_perpetual="on",
            royalty_bp="50",
        )
        assert "Rights window added." in window.words

    # 4. The offer and its price.
    form = admin.see(f"{film}/new-offer")
    assert "No license text" not in form.words
    permissions = {
        f"rights/{name}": value for name, value in CLASSROOM_DISC.items() if isinstance(value, str)
    }
    written = admin.send(
        form,
        sku="the-river-dvd-ppr",
        title="DVD with public performance rights",
        delivery="dvd",
        territory="US, Canada",
        license_text="dvd-ppr 1.0",
        **{"term/kind": "life_of_media", "rights/ppr/included": "on", "rights/users": "members"},
        **permissions,
    )
    assert "Offer created" in written.words
    offer = "/console/offers/the-river-dvd-ppr"
    priced = admin.send(admin.see(f"{offer}/new-price"), **{"class": "college", "price": "398"})
    assert "Offer published." in admin.fill(priced, f"{offer}/status", step="publish").words
    published = admin.fill(admin.see(film), f"{film}/status", step="publish")
    assert "Film published." in published.words, published.words

    # 5. The sale.
    client.cookies.set("rr_wrote", "1")  # other workers follow within a second; here is no wait
    visitor = Visitor(client)
    visitor.is_a_college()
    visitor.add("the-river", "the-river-dvd-ppr")
    placed = visitor.order(pay="po", po_number="PO-1")
    assert placed.heading == "Thank you for your order"
    with sessions() as session:
        number, token = session.execute(select(Order.number, Order.access_token)).one()
    action = f"/console/orders/{number}/accept"
    page = admin.see(f"/console/orders/{number}")
    accepted = admin.fill(page, action, po_number="PO-1", terms_days="30")
    assert "Order accepted. Its licenses are granted." in accepted.words
    certificate = visitor.get(f"/orders/{number}?token={token}").all(
        "//a[contains(., 'Certificate')]/@href"
    )
    assert client.get(certificate[0]).content.startswith(b"%PDF-")


def test_license_text_is_previewed_published_and_versioned(
    editor: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    form = editor.see("/console/new-text?from=dvd-ppr")
    assert (form.typed()["code"], form.typed()["version"]) == ("dvd-ppr", "1.0")
    preview = editor.send(form, "preview")
    assert "Preview, not published" in preview.words
    assert preview.tree.xpath("//article//h2[text()='If the disc fails']")
    with sessions() as session:
        assert session.scalar(select(func.count(LicenseText.id))) == 0
    wrong = editor.send(form, code="DVD PPR", version="one", title="", body="")
    for words in (
        "Enter lowercase letters",
        "Enter two numbers",
        "Enter a title",
        ("Enter the text"),
    ):
        assert words in wrong.words, words
    done = editor.send(form, title="Our disc license", body="## Rights\r\n\r\nAs agreed.")
    assert done.path == "/console/texts/dvd-ppr/1.0"
    assert "License text published." in done.words
    assert "This form was already submitted." in editor.send(form, title="Our disc license").words
    again = editor.send(
        editor.see("/console/new-text"),
        code="dvd-ppr",
        version="1.0",
        title="Other",
        body="Other words.",
    )
    assert again.status == 409
    assert "Enter a new version number" in again.words
    assert "Other words." in again.tree.get_element_by_id("body").text

    follows = editor.see("/console/new-text?from=dvd-ppr")
    assert follows.typed()["version"] == "1.1"
    assert str(follows.typed()["body"]).startswith("## Rights\n\nAs agreed.")
    editor.send(follows, body="## Rights\n\nAs agreed, and more.")
    rows = editor.see("/console/texts").rows()
    assert [re.findall(r"dvd-ppr ([0-9.]+)", row) for row in rows] == [["1.1"], ["1.0"]]
    assert "The newest version is 1.1" in editor.see("/console/texts/dvd-ppr/1.0").words
    with sessions() as session:
        first = session.scalars(select(LicenseText).where(LicenseText.version == "1.0")).one()
        assert first.body == "## Rights\n\nAs agreed.\n"


@pytest.mark.parametrize("path", ["/console/texts/dvd-ppr/9.9", "/console/texts/none/1.0"])
def test_missing_license_text_returns_404(editor: StaffBrowser, path: str) -> None:
    assert editor.see(path).status == 404


def test_license_texts_need_offer_permission(sales: StaffBrowser) -> None:
    assert sales.see("/console/texts").status == 403
    assert sales.see("/console/new-text").status == 403
    assert sales.force("/console/new-text", code="a", version="1.0").status == 403
