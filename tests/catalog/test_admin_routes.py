"""The staff's API of the catalog: who may, what it does, what it refuses."""

from contextlib import nullcontext
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.keys import Scope, create_key
from app.catalog.admin_routes import NEW_FILM, RED_SOUL
from app.core.errors import InvalidInputError
from app.core.preconditions import PreconditionFailedError, etag_of, if_match
from tests.catalog.films import document, film

FILMS = "/api/v1/admin/films"
MATCHED = document("Matched")


@pytest.fixture
def staff(client: TestClient, session: Session) -> TestClient:
    """A client with a key that may write the catalog."""
    key = create_key(session, label="Catalog desk", scopes=[Scope.CATALOG_WRITE])
    session.commit()
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def body(title: str, **changes: object) -> dict[str, Any]:
    dumped: dict[str, Any] = document(title, **changes).model_dump(mode="json")
    return dumped


def pointers(response: Any) -> list[str]:  # noqa: ANN401 - the client's own response
    assert response.headers["content-type"] == "application/problem+json"
    return [error["pointer"] for error in response.json()["errors"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/pripyat"),
        ("PUT", "/pripyat"),
        ("PATCH", "/pripyat"),
        ("DELETE", "/pripyat"),
    ],
)
def test_strangers_and_keys_of_other_scopes_are_turned_away(
    client: TestClient, session: Session, method: str, path: str
) -> None:
    film(session, "Pripyat")
    other = create_key(session, label="Orders desk", scopes=[Scope.ORDERS_READ])
    session.commit()

    bare = client.request(method, FILMS + path, json=body("Pripyat"))
    wrong = client.request(
        method,
        FILMS + path,
        json=body("Pripyat"),
        headers={"Authorization": f"Bearer {other}"},
    )

    assert (bare.status_code, bare.json()["type"]) == (401, "not-authenticated")
    assert (wrong.status_code, wrong.json()["type"]) == (403, "scope-missing")
    assert len(audit.entries_about(session, "film", "pripyat")) == 1


def test_a_film_is_added_as_a_draft_published_and_withdrawn(
    staff: TestClient, session: Session
) -> None:
    made = staff.post(FILMS, json=NEW_FILM | {"related": []})
    assert (made.status_code, made.headers["location"]) == (201, f"{FILMS}/a-river-remembers")
    assert made.json()["status"] == "draft"
    assert made.json()["credits"][0]["sort_name"] == "Ferrer, Ana"
    assert staff.get("/api/v1/films/a-river-remembers").status_code == 404

    published = staff.patch(f"{FILMS}/a-river-remembers", json={"status": "published"})
    assert published.json() == made.json() | {"status": "published"}
    found = staff.get("/api/v1/films", params={"q": "ferrer"}).json()["items"]
    assert [item["slug"] for item in found] == ["a-river-remembers"]

    assert staff.delete(f"{FILMS}/a-river-remembers").status_code == 204
    assert staff.delete(f"{FILMS}/a-river-remembers").status_code == 204
    assert staff.get("/api/v1/films/a-river-remembers").status_code == 404
    assert staff.get(f"{FILMS}/a-river-remembers").json()["status"] == "withdrawn"
    history = audit.entries_about(session, "film", "a-river-remembers")
    assert [(entry.action, entry.actor_label, entry.via) for entry in history] == [
        ("film.created", "Catalog desk", "api"),
        ("film.changed", "Catalog desk", "api"),
        ("film.withdrawn", "Catalog desk", "api"),
    ]


def test_the_same_request_to_add_has_one_effect(staff: TestClient, session: Session) -> None:
    headers = {"Idempotency-Key": "add-1"}

    first = staff.post(FILMS, json=body("Pripyat"), headers=headers)
    again = staff.post(FILMS, json=body("Pripyat"), headers=headers)
    other = staff.post(FILMS, json=body("Release"), headers=headers)
    twin = staff.post(FILMS, json=body("Pripyat"))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-key-reused")
    assert (twin.status_code, twin.json()["type"]) == (409, "film-conflict")
    assert len(audit.entries_about(session, "film", "pripyat")) == 1


def test_the_document_that_is_read_can_be_put_back(staff: TestClient, session: Session) -> None:
    film(session, "Pripyat")
    session.commit()

    document = staff.get(f"{FILMS}/pripyat").json()
    back = staff.put(f"{FILMS}/pripyat", json=document)

    assert back.json() == document
    assert len(audit.entries_about(session, "film", "pripyat")) == 1


def test_put_empties_what_it_leaves_out_but_never_the_status(
    staff: TestClient, session: Session
) -> None:
    film(session, "Pripyat", tagline="Gone", accolades=[{"event": "IDFA"}])
    session.commit()
    wanted = body("Pripyat")
    for name in ("tagline", "accolades", "status"):
        del wanted[name]

    put = staff.put(f"{FILMS}/pripyat", json=wanted).json()

    assert (put["tagline"], put["accolades"], put["status"]) == (None, [], "published")


def test_a_patch_changes_one_field(staff: TestClient, session: Session) -> None:
    film(session, "Pripyat", tagline="Old")
    session.commit()
    before = staff.get(f"{FILMS}/pripyat").json()

    after = staff.patch(f"{FILMS}/pripyat", json={"tagline": None}).json()

    assert after == before | {"tagline": None}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"titel": "X"}, "#/titel"),
        ({"title": None}, "#/title"),
        ({"slug": "another"}, "#/slug"),
        ({"versions": [{"label": "A", "runtime_minutes": -1}]}, "#/versions/0/runtime_minutes"),
        ({"identifiers": [{"kind": "upc", "value": "036000291453"}]}, "#/identifiers/0"),
        ({"related": [{"slug": "nowhere"}]}, "#/related/0/slug"),
        ({"related": [{"slug": "pripyat"}]}, "#/related/0/slug"),
        ({"synopsis": ""}, "#/synopsis"),
        ({"countries": ["Holland"]}, "#/countries/0"),
    ],
)
def test_a_bad_field_is_refused_by_its_pointer_and_nothing_changes(
    staff: TestClient, session: Session, changes: dict[str, Any], pointer: str
) -> None:
    film(session, "Pripyat")
    session.commit()
    before = staff.get(f"{FILMS}/pripyat").json()

    patched = staff.patch(f"{FILMS}/pripyat", json={"tagline": "New"} | changes)
    put = staff.put(f"{FILMS}/pripyat", json=body("Pripyat") | {"tagline": "New"} | changes)

    for response in (patched, put):
        assert response.status_code == 422
        assert pointers(response) == [pointer]
    assert staff.get(f"{FILMS}/pripyat").json() == before


def test_a_check_digit_is_explained(staff: TestClient) -> None:
    wanted = body("Pripyat") | {"identifiers": [{"kind": "isbn", "value": "9780977103798"}]}

    response = staff.post(FILMS, json=wanted)

    assert response.json()["errors"] == [
        {
            "pointer": "#/identifiers/0",
            "detail": "The check digit of ISBN '9780977103798' is wrong. Check for a typing error.",
        }
    ]


def test_an_identifier_of_another_film_is_a_conflict(staff: TestClient, session: Session) -> None:
    number = {"identifiers": [{"kind": "imdb", "value": "tt1234567"}]}
    film(session, "Pripyat", **number)
    film(session, "Release")
    session.commit()

    response = staff.patch(f"{FILMS}/release", json=number)

    assert (response.status_code, response.json()["type"]) == (409, "film-conflict")
    assert pointers(response) == ["#/identifiers/0/value"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_film_that_is_not_there_is_not_found(staff: TestClient, method: str) -> None:
    wanted = body("Nothing") if method == "PUT" else {}

    response = staff.request(method, f"{FILMS}/nothing", json=wanted)

    assert (response.status_code, response.json()["type"]) == (404, "not-found")


def test_the_list_of_staff_has_drafts_and_pages(staff: TestClient, session: Session) -> None:
    film(session, "Pripyat")
    film(session, "Soon", status="draft", versions=[], credits=[], synopsis="")
    session.commit()

    first = staff.get(FILMS, params={"limit": 1}).json()
    second = staff.get(FILMS, params={"limit": 1, "cursor": first["next"]}).json()
    drafts = staff.get(FILMS, params={"status": "draft", "q": "oo"}).json()

    assert [(i["slug"], i["status"], i["published_at"]) for i in first["items"]] == [
        ("soon", "draft", None)
    ]
    assert [(item["slug"], item["status"]) for item in second["items"]] == [
        ("pripyat", "published")
    ]
    assert second["next"] is None
    assert [item["slug"] for item in drafts["items"]] == ["soon"]
    assert staff.get(FILMS, params={"q": "\x00"}).json()["items"] == []


@pytest.mark.seeded
def test_the_examples_of_the_documentation_work_on_the_sample_catalog(staff: TestClient) -> None:
    added = staff.post(FILMS, json=NEW_FILM)
    patched = staff.patch(f"{FILMS}/the-red-soul", json={"tagline": "Who was Stalin to you?"})
    put = staff.put(f"{FILMS}/pripyat", json=RED_SOUL)

    assert (added.status_code, patched.status_code) == (201, 200)
    assert pointers(put) == ["#/slug"]


@pytest.mark.seeded
def test_a_version_that_an_offer_promises_cannot_go(staff: TestClient) -> None:
    before = staff.get(f"{FILMS}/the-red-soul").json()
    other = {"label": "Another cut", "runtime_minutes": 99, "spoken": ["rus"]}

    response = staff.patch(f"{FILMS}/the-red-soul", json={"versions": [other]})

    assert (response.status_code, response.json()["type"]) == (409, "version-in-use")
    assert pointers(response) == ["#/versions"]
    assert staff.get(f"{FILMS}/the-red-soul").json() == before


def test_a_film_is_changed_only_as_it_was_read_if_the_caller_says_so(
    staff: TestClient, session: Session
) -> None:
    film(session, "River")
    session.commit()
    mine = staff.get(f"{FILMS}/river").headers["etag"]
    theirs = staff.patch(f"{FILMS}/river", json={"tagline": "Theirs"})
    assert theirs.headers["etag"] == staff.get(f"{FILMS}/river").headers["etag"] != mine

    for method, sent in (
        ("PATCH", {"json": {"tagline": "Mine"}}),
        ("PUT", {"json": body("River")}),
        ("DELETE", {}),
    ):
        late = staff.request(method, f"{FILMS}/river", headers={"If-Match": mine}, **sent)
        assert (late.status_code, late.json()["type"]) == (412, "precondition-failed")
        assert late.headers["etag"] == theirs.headers["etag"]
    known = staff.get(f"{FILMS}/river").json()
    assert (known["tagline"], known["status"]) == ("Theirs", "published")

    tags = f'"other", {theirs.headers["etag"]}'
    again = staff.patch(f"{FILMS}/river", json={"tagline": "Mine"}, headers={"If-Match": tags})
    assert (again.status_code, again.json()["tagline"]) == (200, "Mine")


@pytest.mark.once
@pytest.mark.parametrize(
    ("header", "held"),
    [
        ("*", True),
        ('"a"', False),
        (f'"b" ,{etag_of(MATCHED)}', True),
        # A weak tag never matches: two states may share one.
        (f"W/{etag_of(MATCHED)}", False),
    ],
)
def test_a_precondition_holds_for_the_tags_it_names(header: str, *, held: bool) -> None:
    condition = if_match(header)
    with nullcontext() if held else pytest.raises(PreconditionFailedError):
        condition.check(MATCHED)


@pytest.mark.once
@pytest.mark.parametrize("header", ["", "abc", '"a" "b"', '"a'])
def test_a_precondition_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        if_match(header)
    assert [one.pointer for one in caught.value.errors] == ["header:/If-Match"]
