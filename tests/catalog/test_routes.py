"""The public API of the catalog."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.core.pagination import encode_cursor
from tests.catalog.films import collection, film
from tests.catalog.test_film_service import WHOLE


def problem(response: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - the client's own response
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["type"], body["status"]) == ("invalid-input", 422)
    return [(error["pointer"], error["detail"]) for error in body["errors"]]


def test_a_film_gives_everything_known_of_it(client: TestClient, session: Session) -> None:
    film(session, "Pripyat")
    film(session, "Hidden", status="draft")
    related = [{"slug": "pripyat"}, {"slug": "hidden"}, {"title": "A Film of Others"}]
    made = film(session, "The Red Soul", **(WHOLE | {"related": related}))
    collection(session, "Russia", [made])
    session.commit()

    body = client.get("/api/v1/films/the-red-soul").json()

    assert body.pop("updated_at").endswith("Z")
    assert body["versions"][0] == {
        "label": "Feature",
        "runtime_minutes": 90,
        "spoken": [{"code": "rus", "name": "Russian"}],
        "subtitles": [{"code": "eng", "name": "English"}, {"code": "nld", "name": "Dutch"}],
        "captions": [
            {"language": {"code": "eng", "name": "English"}, "kind": "sdh", "source": "human"},
            {"language": {"code": "eng", "name": "English"}, "kind": "cc", "source": "auto"},
        ],
        "audio_description": True,
    }
    assert body["credits"][0] == {
        "person": "jessica-gorter",
        "name": "Jessica Gorter",
        "sort_name": "Gorter, Jessica",
        "kind": "person",
        "role": "director",
        "note": None,
    }
    assert body["related"] == [
        {"slug": "pripyat", "title": "Pripyat"},
        {"slug": None, "title": "A Film of Others"},
    ]
    assert body["collections"] == [{"slug": "russia", "name": "Russia"}]
    assert body["identifiers"] == [
        {"kind": "isbn", "value": "9780306406157", "checked": True},
        {"kind": "imdb", "value": "tt7523172", "checked": False},
    ]
    assert body["watch_links"] == WHOLE["watch_links"]
    assert body["partner_links"] == WHOLE["partner_links"]
    assert body["alternative_titles"] == WHOLE["alternative_titles"]
    assert body["press"][0]["length_seconds"] == 647
    assert body["accolades"] == WHOLE["accolades"]
    assert (body["color"], body["copyright_year"], body["sort_title"]) == (
        "mixed",
        2017,
        "Soul, Red",
    )
    assert not {"id", "status", "poster"} & set(body)


@pytest.mark.parametrize("slug", ["nothing", "hidden"])
def test_what_is_not_public_is_not_there(client: TestClient, session: Session, slug: str) -> None:
    film(session, "Hidden", status="draft")
    session.commit()

    response = client.get(f"/api/v1/films/{slug}")

    assert (response.status_code, response.json()["type"]) == (404, "not-found")


def test_a_slug_that_can_be_none_is_refused(client: TestClient) -> None:
    response = client.get("/api/v1/films/No%00Slug")

    assert response.status_code == 422
    assert problem(response)[0][0] == "path:/slug"


def test_collections_and_subjects_are_listed_with_counts(
    client: TestClient, session: Session
) -> None:
    made = film(session, "The Red Soul", subjects=["Stalinism", "Russia"])
    collection(session, "Chosen", [made])
    session.commit()

    collections = client.get("/api/v1/collections").json()
    first = client.get("/api/v1/subjects?limit=1").json()
    second = client.get("/api/v1/subjects", params={"cursor": first["next"]}).json()

    assert collections == {
        "items": [{"slug": "chosen", "name": "Chosen", "summary": "About Chosen", "film_count": 1}],
        "next": None,
    }
    assert first["items"] == [{"slug": "russia", "name": "Russia", "summary": "", "film_count": 1}]
    assert second == {
        "items": [{"slug": "stalinism", "name": "Stalinism", "summary": "", "film_count": 1}],
        "next": None,
    }


@pytest.mark.parametrize("key", ["gone", 7])
def test_a_cursor_behind_something_gone_is_refused(client: TestClient, key: str | int) -> None:
    response = client.get("/api/v1/subjects", params={"cursor": encode_cursor(key)})

    assert response.status_code == 422
    assert problem(response)[0][0] == "?/cursor"
