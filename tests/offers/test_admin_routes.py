"""The staff's API of the offers: who may, what is refused and where, and that it is audited."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.audit import entries_about
from app.accounts.keys import Scope, create_key
from app.catalog.models import Film
from app.core import clock
from app.offers.models import Offer
from app.offers.staff_schemas import LicenseTextIn, OfferIn, PriceIn, WindowIn
from tests import factories
from tests.offers import offer_factories

ADMIN = "/api/v1/admin"
TODAY = clock.today()


@pytest.fixture
def film(session: Session) -> Film:
    """A film that may be sold in every way."""
    made = offer_factories.film_with_rights(session)
    session.commit()
    return made


@pytest.fixture
def staff(client: TestClient, session: Session) -> TestClient:
    """A client whose key may edit offers."""
    key = create_key(session, label="offers", scopes=[Scope.OFFERS_WRITE])
    session.commit()
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def offer_json(film: Film, /, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the body of a new offer."""
    return offer_factories.offer_in(film).model_dump(mode="json") | changes


PRICE = {"class": "college", "price": {"amount": 19900, "currency": "USD"}}


def pointers(response: Any) -> list[str]:  # noqa: ANN401 - the client's response
    """Return the fields that a problem names."""
    return [error["pointer"] for error in response.json()["errors"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/offers"),
        ("POST", "/offers"),
        ("GET", "/offers/x"),
        ("PATCH", "/offers/x"),
        ("DELETE", "/offers/x"),
        ("POST", "/offers/x/publish"),
        ("POST", "/offers/x/withdraw"),
        ("POST", "/offers/x/prices"),
        ("POST", "/prices/PR-00000000/end"),
        ("DELETE", "/prices/PR-00000000"),
        ("POST", "/license-texts"),
        ("GET", "/rights-windows"),
        ("POST", "/rights-windows"),
        ("GET", "/rights-windows/RW-00000000"),
        ("PATCH", "/rights-windows/RW-00000000"),
        ("DELETE", "/rights-windows/RW-00000000"),
    ],
)
def test_only_a_key_with_the_scope_may(
    client: TestClient, session: Session, method: str, path: str
) -> None:
    assert client.request(method, ADMIN + path, json={}).status_code == 401
    key = create_key(session, label="other", scopes=[Scope.ORDERS_READ])
    session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    assert client.request(method, ADMIN + path, json={}, headers=headers).status_code == 403


def test_offer_goes_from_draft_through_price_to_sale_and_off(
    staff: TestClient, session: Session, film: Film
) -> None:
    made = staff.post(f"{ADMIN}/offers", json=offer_json(film))
    assert (made.status_code, made.json()["status"]) == (201, "draft")
    sku = made.json()["sku"]
    assert staff.post(f"{ADMIN}/offers/{sku}/publish").status_code == 409
    priced = staff.post(f"{ADMIN}/offers/{sku}/prices", json=PRICE)
    assert priced.status_code == 201
    assert priced.json() == PRICE | {
        "ref": priced.json()["ref"],
        "size_from": 0,
        "size_below": None,
        "valid_from": TODAY.isoformat(),
        "valid_to": None,
    }
    assert staff.post(f"{ADMIN}/offers/{sku}/publish").json()["status"] == "published"
    seen = staff.get(f"/api/v1/films/{film.slug}/licensing", params={"class": "college"}).json()
    assert [offer["sku"] for offer in seen["offers"]] == [sku]
    assert staff.post(f"{ADMIN}/offers/{sku}/withdraw").json()["status"] == "withdrawn"
    assert staff.delete(f"{ADMIN}/offers/{sku}").status_code == 409
    history = entries_about(session, "offer", sku)
    assert [entry.action for entry in history] == [
        "offer.created",
        "offer.prices.added",
        "offer.status.published",
        "offer.status.withdrawn",
    ]
    assert {(entry.actor_kind, entry.actor_label) for entry in history} == {("api_key", "offers")}


def test_creating_twice_under_one_key_makes_one(staff: TestClient, film: Film) -> None:
    headers = {"Idempotency-Key": "once"}
    first = staff.post(f"{ADMIN}/offers", json=offer_json(film), headers=headers)
    again = staff.post(f"{ADMIN}/offers", json=offer_json(film), headers=headers)
    assert (first.status_code, again.json()) == (201, first.json())
    assert staff.post(f"{ADMIN}/offers", json=offer_json(film)).json()["type"] == "already-exists"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"sku": "Not A Slug"}, "#/sku"),
        ({"film": "no-such-film"}, "#/film"),
        ({"versions": []}, "#/versions"),
        ({"territory": ["XX"]}, "#/territory"),
        ({"term": {"kind": "months"}}, "#/term"),
        ({"rights": {"ppr": {"included": True}}}, "#/rights/classroom"),
        ({"title": "NUL \x00"}, "#/title"),
        ({"colour": "red"}, "#/colour"),
    ],
)
def test_bad_offer_is_refused_by_its_field(
    staff: TestClient, session: Session, film: Film, changes: dict[str, Any], pointer: str
) -> None:
    response = staff.post(f"{ADMIN}/offers", json=offer_json(film, **changes))
    assert response.status_code == 422
    assert pointer in [found[: len(pointer)] for found in pointers(response)]
    assert session.scalar(select(func.count()).select_from(Offer)) == 0


@pytest.mark.parametrize("patch", [{"title": None}, {"sku": "other"}, {"versions": ["Other"]}])
def test_bad_change_is_refused_and_changes_nothing(
    staff: TestClient, session: Session, film: Film, patch: dict[str, Any]
) -> None:
    offer = offer_factories.published(session, film)
    session.commit()
    before = staff.get(f"{ADMIN}/offers/{offer.sku}").json()
    assert staff.patch(f"{ADMIN}/offers/{offer.sku}", json=patch).status_code == 422
    assert staff.get(f"{ADMIN}/offers/{offer.sku}").json() == before


def test_publishing_outside_the_rights_is_refused_with_the_day(
    staff: TestClient, session: Session
) -> None:
    film = factories.film(session)
    factories.license_text(session, code="digital-site-license")
    ends_on = TODAY + timedelta(days=100)
    offer_factories.window(session, film, "dsl", ends_on=ends_on, may_sublicense_perpetual=False)
    offer = offer_factories.draft(session, film)
    offer_factories.price(session, offer)
    session.commit()
    response = staff.post(f"{ADMIN}/offers/{offer.sku}/publish")
    assert response.status_code == 422
    assert response.json()["type"] == "outside-rights-window"
    assert pointers(response) == ["#/term"]
    assert str(ends_on.year) in response.json()["errors"][0]["detail"]
    shown = staff.get(f"{ADMIN}/offers/{offer.sku}").json()
    assert (shown["status"], len(shown["outside_rights"])) == ("draft", 1)


def test_price_overlap_is_a_conflict_and_ending_makes_room(
    staff: TestClient, session: Session, film: Film
) -> None:
    offer = offer_factories.published(session, film)
    session.commit()
    path = f"{ADMIN}/offers/{offer.sku}/prices"
    assert staff.post(path, json=PRICE).json()["type"] == "price-overlap"
    ref = staff.get(f"{ADMIN}/offers/{offer.sku}").json()["prices"][0]["ref"]
    ended = staff.post(f"{ADMIN}/prices/{ref}/end", json={})
    assert ended.json()["valid_to"] == TODAY.isoformat()
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    later = staff.post(path, json=PRICE | {"valid_from": tomorrow})
    assert later.status_code == 201
    assert staff.delete(f"{ADMIN}/prices/{later.json()['ref']}").status_code == 204
    assert staff.delete(f"{ADMIN}/prices/{ref}").json()["type"] == "immutable-row"
    assert staff.post(f"{ADMIN}/prices/PR-00000000/end", json={}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"price": {"amount": -1, "currency": "USD"}}, "#/price"),
        ({"price": {"amount": 100, "currency": "XTS"}}, "#/price"),
        ({"price": {"amount": 100, "currency": "EUR"}}, "#/price/currency"),
        ({"class": "individual"}, "#/class"),
        ({"size_below": 0}, "#/size_below"),
        ({"valid_from": "2020-01-01"}, "#/valid_from"),
        ({"valid_from": 0}, "#/valid_from"),
        ({"valid_to": "2524608000"}, "#/valid_to"),
    ],
)
def test_bad_price_is_refused_by_its_field(
    staff: TestClient, session: Session, film: Film, changes: dict[str, Any], pointer: str
) -> None:
    offer = offer_factories.published(session, film)
    session.commit()
    body = PRICE | {"class": "hospital"} | changes
    response = staff.post(f"{ADMIN}/offers/{offer.sku}/prices", json=body)
    assert (response.status_code, pointers(response)) == (422, [pointer])


def test_rights_window_is_written_changed_and_removed(staff: TestClient, film: Film) -> None:
    body = offer_factories.window_in(film, "edu_stream").model_dump(mode="json")
    made = staff.post(f"{ADMIN}/rights-windows", json=body)
    assert made.status_code == 201
    ref = made.json()["ref"]
    assert staff.post(f"{ADMIN}/rights-windows", json=body).json()["type"] == "already-exists"
    changed = staff.patch(f"{ADMIN}/rights-windows/{ref}", json={"ends_on": "2040-12-31"})
    assert changed.json() == made.json() | {"ends_on": "2040-12-31"}
    bad = staff.patch(f"{ADMIN}/rights-windows/{ref}", json={"ends_on": "2019-12-31"})
    assert (bad.status_code, pointers(bad)) == (422, ["#/ends_on"])
    assert staff.get(f"{ADMIN}/rights-windows/{ref}").json() == changed.json()
    assert staff.delete(f"{ADMIN}/rights-windows/{ref}").status_code == 204
    assert staff.get(f"{ADMIN}/rights-windows/{ref}").status_code == 404


def test_shortened_window_says_which_offers_it_stops(
    staff: TestClient, session: Session, film: Film
) -> None:
    offer = offer_factories.published(session, film)
    session.commit()
    listed = staff.get(f"{ADMIN}/rights-windows", params={"film": film.slug}).json()["items"]
    (dsl,) = [window for window in listed if window["right"] == "dsl"]
    assert dsl["offers_outside"] == []
    soon = (TODAY + timedelta(days=30)).isoformat()
    changed = staff.patch(f"{ADMIN}/rights-windows/{dsl['ref']}", json={"ends_on": soon}).json()
    assert changed["offers_outside"] == [offer.sku]


def test_license_text_is_published_once(staff: TestClient) -> None:
    body = {"code": "dvd-ppr", "version": "3.0", "title": "DVD", "body": "What it says."}
    assert staff.post(f"{ADMIN}/license-texts", json=body).status_code == 201
    assert staff.post(f"{ADMIN}/license-texts", json=body).status_code == 201
    other = staff.post(f"{ADMIN}/license-texts", json=body | {"body": "Other words."})
    assert (other.status_code, other.json()["type"]) == (409, "already-exists")


def test_lists_come_in_pages_and_filtered(staff: TestClient, session: Session, film: Film) -> None:
    other = offer_factories.film_with_rights(session, title="Another")
    for place in range(3):
        offer_factories.draft(session, film, sku=f"draft-{place}")
    offer_factories.published(session, other, sku="on-sale")
    session.commit()
    found: list[str] = []
    cursor = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = staff.get(f"{ADMIN}/offers", params=params).json()
        found += [offer["sku"] for offer in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == ["draft-0", "draft-1", "draft-2", "on-sale"]
    for params, skus in (
        ({"status": "published"}, ["on-sale"]),
        ({"film": film.slug}, ["draft-0", "draft-1", "draft-2"]),
        ({"film": film.slug, "status": "published"}, []),
    ):
        page = staff.get(f"{ADMIN}/offers", params=params).json()
        assert ([offer["sku"] for offer in page["items"]], page["next"]) == (skus, None)
    windows = staff.get(f"{ADMIN}/rights-windows", params={"limit": 4}).json()
    rest = staff.get(f"{ADMIN}/rights-windows", params={"cursor": windows["next"]}).json()
    assert (len(windows["items"]), len(rest["items"]), rest["next"]) == (4, 2, None)
    assert staff.get(f"{ADMIN}/offers", params={"cursor": "bad"}).status_code == 422


@pytest.mark.seeded
def test_examples_of_the_documentation_work_on_the_sample_catalog(staff: TestClient) -> None:
    examples: dict[str, type[BaseModel]] = {
        "/offers": OfferIn,
        "/offers/the-red-soul-dsl-1y/prices": PriceIn,
        "/rights-windows": WindowIn,
        "/license-texts": LicenseTextIn,
    }
    for path, schema in examples.items():
        for example in schema.model_json_schema()["examples"]:
            response = staff.post(ADMIN + path, json=example)
            assert response.status_code == 201, response.text
