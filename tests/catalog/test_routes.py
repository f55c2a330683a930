"""The public API of the catalog."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.core.pagination import encode_cursor
from tests.catalog.films import collection, film
from tests.catalog.test_writing import WHOLE


def problem(response: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - the client's own response
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["type"], body["status"]) == ("invalid-input", 422)
    return [(error["pointer"], error["detail"]) for error in body["errors"]]


def test_a_list_gives_films_and_the_way_to_the_next_page(
    client: TestClient, session: Session
) -> None:
    for title in ("The Red Soul", "Pripyat", "Release"):
        film(session, title)
    session.commit()

    first = client.get("/api/v1/films", params={"limit": 2}).json()
    second = client.get("/api/v1/films", params={"limit": 2, "cursor": first["next"]}).json()

    assert [item["slug"] for item in first["items"]] == ["pripyat", "the-red-soul"]
    assert [item["slug"] for item in second["items"]] == ["release"]
    assert second["next"] is None
    assert first["items"][1] == {
        "slug": "the-red-soul",
        "title": "The Red Soul",
        "original_title": None,
        "directors": ["Jessica Gorter"],
        "tagline": None,
        "release_year": 2018,
        "runtime_minutes": 90,
        "color": "color",
        "countries": [{"code": "NL", "name": "Netherlands"}],
        "spoken": [{"code": "rus", "name": "Russian"}],
        "subtitles": [{"code": "eng", "name": "English"}],
        "subjects": [{"slug": "history", "name": "History"}],
    }


def test_a_search_gives_the_best_match_first_and_pages_too(
    client: TestClient, session: Session
) -> None:
    film(session, "Days on a River", synopsis="It is the Volga.")
    film(session, "Volga Days")
    film(session, "Elsewhere")
    session.commit()

    first = client.get("/api/v1/films", params={"q": "volga", "limit": 1}).json()
    rest = client.get("/api/v1/films", params={"q": "volga", "cursor": first["next"]}).json()

    assert [item["slug"] for item in first["items"]] == ["volga-days"]
    assert [item["slug"] for item in rest["items"]] == ["days-on-a-river"]
    assert rest["next"] is None


def test_filters_take_codes_as_people_know_them(client: TestClient, session: Session) -> None:
    german = [{"label": "Feature", "runtime_minutes": 90, "spoken": ["deu"]}]
    film(session, "Berlin", versions=german, release_year=1927)
    film(session, "Moscow")
    session.commit()

    for query in (
        "language=deu",
        "language=de",
        "language=GER",
        "year_to=1950",
        "year_from=1927&year_to=1927&subject=history&q=",
    ):
        items = client.get(f"/api/v1/films?{query}").json()["items"]
        assert [item["slug"] for item in items] == ["berlin"], query
    empty = client.get("/api/v1/films", params={"collection": "none"}).json()
    assert empty == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ("langauge=rus", "?/langauge", "there is no such parameter here"),
        ("language=xx", "?/language", "'xx' is not a language code of ISO 639"),
        ("language=Russian", "?/language", "at most 3 characters"),
        ("subject=Not+A+Slug", "?/subject", "String should match pattern"),
        ("collection=%00", "?/collection", "String should match pattern"),
        ("year_from=soon", "?/year_from", "valid integer"),
        ("year_from=99999999999999999999", "?/year_from", "less than or equal to 2100"),
        ("year_from=2000&year_to=1999", "?/year_from", "this is later than year_to, 1999"),
        ("limit=0", "?/limit", "greater than or equal to 1"),
        ("limit=201", "?/limit", "less than or equal to 200"),
        ("cursor=nonsense", "?/cursor", "pass `next` of the page before, unchanged"),
        ("q=" + "x" * 201, "?/q", "at most 200 characters"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(
    client: TestClient, query: str, pointer: str, detail: str
) -> None:
    response = client.get(f"/api/v1/films?{query}")

    assert response.status_code == 422
    ((found, words),) = problem(response)
    assert found == pointer
    assert detail in words


@pytest.mark.parametrize("q", ["\x00", "'", '"', "%", "\\", "🎬", "a" * 200, "٣"])
def test_a_search_of_anything_at_all_is_answered(
    client: TestClient, session: Session, q: str
) -> None:
    film(session, "Pripyat")
    session.commit()

    response = client.get("/api/v1/films", params={"q": q})

    assert response.json() == {"items": [], "next": None}


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
    assert first["items"] == [{"slug": "russia", "name": "Russia", "film_count": 1}]
    assert second == {
        "items": [{"slug": "stalinism", "name": "Stalinism", "film_count": 1}],
        "next": None,
    }


@pytest.mark.parametrize("key", ["gone", 7])
def test_a_cursor_behind_something_gone_is_refused(client: TestClient, key: str | int) -> None:
    response = client.get("/api/v1/subjects", params={"cursor": encode_cursor(key)})

    assert response.status_code == 422
    assert problem(response)[0][0] == "?/cursor"


@pytest.mark.seeded
def test_the_examples_of_the_documentation_work_on_the_sample_catalog(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    parameters = paths["/api/v1/films"]["get"]["parameters"]
    examples = {
        parameter["name"]: schema["examples"][0]
        for parameter in parameters
        for schema in [parameter, *parameter["schema"].get("anyOf", []), parameter["schema"]]
        if "examples" in schema
    }
    assert set(examples) == {"q", "subject", "collection", "language"}

    for name, example in examples.items():
        assert client.get("/api/v1/films", params={name: example}).json()["items"], name
    together = client.get("/api/v1/films", params=examples).json()["items"]
    assert "the-red-soul" in [item["slug"] for item in together]
    assert client.get("/api/v1/films/the-red-soul").status_code == 200
