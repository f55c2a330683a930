"""Offers, prices and rights windows at the console: written, changed, ended, and what breaks."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.offers.models import Offer, PriceRow, RightsWindow
from app.offers.states import OfferStatus
from tests import factories
from tests.console.staff_browser import StaffBrowser


@pytest.fixture
def offer(sessions: sessionmaker[Session]) -> Offer:
    """A DVD at $398 for colleges, on sale."""
    with sessions.begin() as session:
        return factories.offer(session, of=factories.film(session, title="The Red Soul"))


def test_offer_is_created_priced_and_published(
    editor: StaffBrowser, offer: Offer, sessions: sessionmaker[Session]
) -> None:
    form = editor.see(f"/console/films/{offer.film.slug}/new-offer")
    assert form.typed()["versions"] == ["Feature"]
    empty = editor.send(form, territory="Atlantis, US", **{"term/months": "many"})
    assert empty.status == 422
    summary = empty.tree.get_element_by_id("error-summary").text_content()
    for words in (
        "Enter a SKU",
        "Enter a title",
        "'Atlantis' is not a known country",
        ("whole number"),
    ):
        assert words in summary, words
    assert empty.tree.get_element_by_id("territory").get("value") == "Atlantis, US"
    assert empty.tree.get_element_by_id("territory").get("aria-invalid") == "true"

    permissions = {
        f"rights/{name}": factories.CLASSROOM_DISC[name]
        for name in factories.CLASSROOM_DISC
        if name not in {"ppr", "digital_site_license"}
    }
    answers = {
        "sku": "red-soul-bluray",
        "title": "Blu-ray with public performance rights",
        "delivery": "bluray",
        "term/kind": "life_of_media",
        "term/months": "",
        "territory": "United States, canada",
        "license_text": "dvd-ppr 1.0",
        "rights/ppr/included": "on",
        "rights/ppr/audience_cap": "200",
        "rights/users": "members",
    }
    written = editor.send(empty, **answers, **permissions)
    assert "Offer created as a draft." in written.words
    assert "Add a price first." in written.words
    with sessions() as session:
        made = session.scalars(select(Offer).where(Offer.sku == "red-soul-bluray")).one()
        assert (made.territory, made.bundle.ppr.audience_cap) == (["CA", "US"], 200)

    price = editor.see("/console/offers/red-soul-bluray/new-price")
    wrong = editor.send(price, **{"class": "college", "price": "12.345"})
    assert wrong.tree.get_element_by_id("price").get("aria-invalid") == "true"
    added = editor.send(wrong, **{"class": "college", "price": "$1,449.50", "size_below": "2500"})
    assert "Colleges and universities under 2,500 FTE students $1,449.50" in added.words
    sold = editor.fill(added, "/console/offers/red-soul-bluray/status", step="publish")
    assert "Offer published." in sold.words
    with sessions() as session:
        status = session.scalar(select(Offer.status).where(Offer.sku == "red-soul-bluray"))
        assert status is OfferStatus.PUBLISHED


def test_changed_price_is_public_at_once(
    editor: StaffBrowser, offer: Offer, client: TestClient, sessions: sessionmaker[Session]
) -> None:
    data = f"/api/v1/films/{offer.film.slug}/licensing?class=college"
    page = f"/films/{offer.film.slug}"
    assert client.get(data).json()["offers"][0]["price"]["amount"] == 39800
    assert "$398.00" in client.get(page).text
    with sessions() as session:
        (row,) = session.scalars(select(PriceRow))
    form = editor.see(f"/console/offers/{offer.sku}/prices/{row.ref}")
    assert "pay $398.00 since" in form.words
    too_soon = editor.send(form, price="419", valid_from="2020-01-01")
    assert "Enter today or a later date" in too_soon.words
    assert too_soon.tree.get_element_by_id("price").get("value") == "419"

    done = editor.send(too_soon, valid_from="")
    assert "Colleges and universities any size $419.00" in done.words
    # As somebody's browser that has written just now: other workers follow within a second.
    wrote = {"cookie": "rr_wrote=1"}
    assert client.get(data, headers=wrote).json()["offers"][0]["price"]["amount"] == 41900
    told = client.get(page, headers=wrote).text
    assert ("$419.00" in told, "$398.00" in told) == (True, False)
    today = clock.today()
    with sessions() as session:
        old, new = session.scalars(select(PriceRow).order_by(PriceRow.id)).all()
        assert (old.amount, old.valid_to) == (39800, today - timedelta(days=1))
        assert (new.amount, new.valid_from, new.valid_to) == (41900, today, None)

    form = editor.see(f"/console/offers/{offer.sku}/prices/{new.ref}")
    tomorrow = today + timedelta(days=1)
    assert "This price began today" in form.words
    assert form.typed()["valid_from"] == tomorrow.isoformat()
    twice = editor.send(form, price="429", valid_from="")
    assert "the new price must begin at least one day later" in twice.words
    later = editor.send(twice, valid_from=tomorrow.isoformat())
    assert f"$429.00 from {tomorrow:%b} {tomorrow.day}, {tomorrow.year}" in later.words
    assert client.get(data, headers=wrote).json()["offers"][0]["price"]["amount"] == 41900


def test_future_price_is_removed_and_current_price_ended(
    editor: StaffBrowser, offer: Offer, sessions: sessionmaker[Session]
) -> None:
    form = editor.see(f"/console/offers/{offer.sku}/new-price")
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    editor.send(form, **{"class": "hospital", "price": "99", "valid_from": tomorrow})
    with sessions() as session:
        now, later = session.scalars(select(PriceRow.ref).order_by(PriceRow.id)).all()
    path = f"/console/offers/{offer.sku}/prices"

    refused = editor.send(editor.see(f"{path}/{now}/end"), step="remove")
    removed = editor.send(editor.see(f"{path}/{later}/end"), step="remove")
    ended = editor.send(editor.see(f"{path}/{now}/end"), valid_to=tomorrow)

    assert "End it instead" in refused.words
    assert "Future price removed." in removed.words
    assert "Price ended." in ended.words
    with sessions() as session:
        assert [str(row.valid_to) for row in session.scalars(select(PriceRow))] == [tomorrow]


def test_window_change_shows_affected_offers_first(
    editor: StaffBrowser, offer: Offer, sessions: sessionmaker[Session]
) -> None:
    held = RightsWindow.film_id == offer.film_id
    with sessions() as session:
        dvd = session.scalars(select(RightsWindow).where(held, RightsWindow.right == "dvd")).one()
    path = f"/console/windows/{dvd.ref}"

    asked = editor.send(editor.see(path), territory="Netherlands")
    assert "1 offer would no longer be available" in asked.words
    assert (
        "We don't hold the rights for sale on disc in Canada and the United States" in asked.words
    )
    with sessions() as session:
        assert session.get_one(RightsWindow, dvd.id).territory == ["WORLD"]

    done = editor.send(asked, step="confirm-save")
    assert "Rights window saved." in done.words
    with sessions() as session:
        assert session.get_one(RightsWindow, dvd.id).territory == ["NL"]
    extended = editor.send(editor.see(path), territory="Worldwide", ends_on="2099-12-31")
    assert "2099" in extended.words
    gone = editor.send(editor.see(path), step="remove")
    assert "No published offers would be affected" not in gone.words
    removed = editor.send(gone, step="confirm-remove")
    assert "Rights window removed." in removed.words


def test_concurrent_edits_of_window_conflict(
    editor: StaffBrowser, admin: StaffBrowser, offer: Offer, sessions: sessionmaker[Session]
) -> None:
    with sessions() as session:
        held = RightsWindow.film_id == offer.film_id
        window = session.scalars(
            select(RightsWindow).where(held, RightsWindow.right == "dvd")
        ).one()
    path = f"/console/windows/{window.ref}"
    mine, theirs = editor.see(path), admin.see(path)
    admin.send(theirs, owner="Theirs")

    wrong = editor.send(mine, owner="Mine", starts_on="soon")
    assert wrong.status == 422
    told = editor.send(wrong, starts_on=mine.typed()["starts_on"])
    assert told.status == 409
    assert "Admin Person changed owner at" in told.words
    with sessions() as session:
        assert session.get_one(RightsWindow, window.id).owner == "Theirs"
    assert "Rights window saved." in editor.send(told).words
    with sessions() as session:
        assert session.get_one(RightsWindow, window.id).owner == "Mine"


def test_concurrent_edits_of_offer_conflict_and_keep_input(
    editor: StaffBrowser, admin: StaffBrowser, offer: Offer, sessions: sessionmaker[Session]
) -> None:
    path = f"/console/offers/{offer.sku}/edit"
    mine, theirs = editor.see(path), admin.see(path)
    admin.send(theirs, title="DVD, theirs")

    wrong = editor.send(mine, title="", position="3")
    assert wrong.status == 422
    told = editor.send(wrong, title="DVD, mine")

    assert told.status == 409
    assert "Admin Person changed title at" in told.words
    assert told.tree.get_element_by_id("title").get("value") == "DVD, mine"
    saved = editor.send(told)
    assert "Offer saved." in saved.words
    with sessions() as session:
        kept = session.scalars(select(Offer)).one()
        assert (kept.title, kept.position) == ("DVD, mine", 3)


def test_rights_window_is_added(
    editor: StaffBrowser, offer: Offer, sessions: sessionmaker[Session]
) -> None:
    form = editor.see(f"/console/films/{offer.film.slug}/new-window")
    answers = {
        "right": "edu_stream",
        "contract_ref": "2026-017",
        "owner": "The producers",
        "territory": "US",
        "starts_on": "2026-01-01",
        "royalty_bp": "12.5",
    }
    wrong = editor.send(form, **(answers | {"royalty_bp": "a half", "ends_on": "2025-01-01"}))
    assert "Enter a percentage like 50 or 12.5" in wrong.words
    late = editor.send(wrong, **(answers | {"ends_on": "2025-01-01"}))
    assert "Enter a last day that is not before the first day" in late.words
    done = editor.send(late, ends_on="")
    assert "Rights window added." in done.words
    with sessions() as session:
        found = session.scalars(
            select(RightsWindow).where(RightsWindow.contract_ref == "2026-017")
        ).one()
        assert (found.royalty_bp, found.territory, found.ends_on) == (1250, ["US"], None)
