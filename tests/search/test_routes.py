"""The public API of search."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog.film_service import withdraw_film
from app.catalog.queries import films_by_id
from app.catalog.schemas import FilmSummaryOut
from app.search.schemas import FilmPage
from tests.catalog.films import EDITOR, film


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
    assert (first["total"], first["did_you_mean"]) == (3, None)
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
    assert empty == {"items": [], "next": None, "total": 0, "did_you_mean": None}


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ("langauge=rus", "?/langauge", "Unknown parameter"),
        ("language=xx", "?/language", "'xx' is not a language code"),
        ("language=Russian", "?/language", "at most 3 characters"),
        ("country=XX", "?/country", "'XX' is not a country code"),
        ("subtitles=xx", "?/subtitles", "'xx' is not a language code"),
        ("decade=1995", "?/decade", "Enter the first year of a decade, such as 1990."),
        ("length=long", "?/length", "Input should be 'under-30', '30-59'"),
        ("color=red", "?/color", "Input should be 'color', 'bw' or 'mixed'"),
        ("access=none", "?/access", "Input should be 'captions' or 'audio-description'"),
        ("ppr=no", "?/ppr", "Input should be 'included'"),
        ("delivery=dvd&delivery=vhs", "?/delivery", "Input should be 'dvd'"),
        ("term=0-months", "?/term", "Enter a number of months such as 12-months, or one of"),
        ("term=601-months", "?/term", "Enter a number of months such as 12-months, or one of"),
        ("price=cheap", "?/price", "Input should be 'under-100'"),
        ("class=hospitals", "?/class", "Input should be"),
        ("size=-1&class=college", "?/size", "greater than or equal to 0"),
        ("class=college&buyer_country=XX", "?/buyer_country", "'XX' is not a country code."),
        ("sort=best", "?/sort", "Input should be"),
        ("exact=perhaps", "?/exact", "valid boolean"),
        ("platform=A+B", "?/platform", "String should match pattern"),
        ("subject=Not+A+Slug", "?/subject", "String should match pattern"),
        ("collection=%00", "?/collection", "String should match pattern"),
        ("year_from=soon", "?/year_from", "valid integer"),
        ("year_from=99999999999999999999", "?/year_from", "less than or equal to 2100"),
        ("year_from=2000&year_to=1999", "?/year_from", "Enter a year no later than year_to, 1999."),
        ("limit=0", "?/limit", "greater than or equal to 1"),
        ("limit=201", "?/limit", "less than or equal to 200"),
        ("cursor=nonsense", "?/cursor", "Pass `next` of the previous page, unchanged."),
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

    assert response.json() == {"items": [], "next": None, "total": 0, "did_you_mean": None}


def test_what_is_written_from_memory_is_what_the_model_would_say(
    client: TestClient, session: Session
) -> None:
    odd = film(
        session,
        'The "Red" Soul \\ <b> \N{MICROPHONE}',
        slug="odd",
        original_title="De rode ziel",
        tagline="Über alles",
        countries=["NL", "SU"],
        color="mixed",
        subjects=["War", "History"],
        credits=[{"name": name, "role": "director"} for name in ("Bo", "Ada")],
    )
    plain = film(session, "Plain")
    session.commit()

    told = client.get("/api/v1/films").text

    loaded = films_by_id(session, [plain.id, odd.id])
    items = [FilmSummaryOut.of(each) for each in loaded]
    wanted = FilmPage(items=items, next=None, total=2, did_you_mean=None)
    assert told == wanted.model_dump_json()


def test_only_words_that_stand_in_the_catalog_are_proposed(
    client: TestClient, session: Session
) -> None:
    film(session, "Silent Movies")
    film(session, "Other", synopsis="Of horses and of butterflies.", slug="other")
    film(session, "Gone", synopsis="A crocodile.", slug="gone")
    session.commit()

    def meant(typed: str) -> object:
        found = client.get("/api/v1/films", params={"q": typed}).json()["did_you_mean"]
        return found and found["shown"]

    assert [meant(typed) for typed in ("mavies", "buterfly", "crocodlie")] == [
        "movies",
        "butterflies",
        "crocodile",
    ]
    withdraw_film(session, "gone", actor=EDITOR)
    session.commit()
    assert meant("crocodlie") is None


def test_a_typo_is_put_right_and_said(client: TestClient, session: Session) -> None:
    film(session, "Stalinism in Pictures")
    session.commit()

    put_right = client.get("/api/v1/films?q=stalinsm").json()
    exact = client.get("/api/v1/films?q=stalinsm&exact=true").json()
    facets = client.get("/api/v1/films/facets?q=stalinsm").json()

    said = {"typed": "stalinsm", "shown": "stalinism"}
    assert [item["slug"] for item in put_right["items"]] == ["stalinism-in-pictures"]
    assert put_right["did_you_mean"] == facets["did_you_mean"] == said
    assert (exact["items"], exact["did_you_mean"]) == ([], None)


def test_facets_say_what_each_value_would_give(client: TestClient, session: Session) -> None:
    film(session, "One", subjects=["War"], release_year=1994)
    film(session, "Two")
    session.commit()

    body = client.get("/api/v1/films/facets?subject=war").json()
    by_name = {facet["name"]: facet for facet in body["facets"]}

    assert body["total"] == 1
    assert by_name["subject"] == {
        "name": "subject",
        "label": "Subject",
        "values": [
            {"value": "history", "label": "History", "count": 1, "chosen": False},
            {"value": "war", "label": "War", "count": 1, "chosen": True},
        ],
    }
    assert [each["value"] for each in by_name["decade"]["values"]] == ["1990"]
    assert "price" not in by_name  # nobody's: no class is given
    assert "price" in [
        facet["name"] for facet in client.get("/api/v1/films/facets?class=college").json()["facets"]
    ]


def test_suggestions_are_titles_people_and_subjects(client: TestClient, session: Session) -> None:
    credited = [{"name": "Red Grooms", "role": "editor"}, {"name": "Ada", "role": "director"}]
    film(session, "The Red Soul", credits=credited)
    film(session, "A Soul, Redeemed", synopsis="Red.", subjects=["Red Cross"])
    film(session, "Hidden Red", status="draft", subjects=["Red Tape"])
    session.commit()

    body = client.get("/api/v1/suggestions?q=red").json()

    assert body == {
        "titles": [
            {"slug": "the-red-soul", "name": "The Red Soul", "release_year": 2018},
            {"slug": "a-soul-redeemed", "name": "A Soul, Redeemed", "release_year": 2018},
        ],
        "people": [{"slug": "red-grooms", "name": "Red Grooms", "film_count": 1}],
        "subjects": [{"slug": "red-cross", "name": "Red Cross", "film_count": 1}],
    }
    assert client.get("/api/v1/suggestions?q=!").json() == {
        "titles": [],
        "people": [],
        "subjects": [],
    }
    assert problem(client.get("/api/v1/suggestions"))[0][0] == "?/q"


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
    names = {parameter["name"] for parameter in parameters if parameter["description"]}
    assert set(examples) == names - {"limit", "cursor"}

    buyer = {name: examples[name] for name in ("class", "size", "buyer_country")}
    for name, example in examples.items():
        assert client.get("/api/v1/films", params={**buyer, name: example}).json()["items"], name
    del examples["captions"], examples["access"]  # the film has none
    together = client.get("/api/v1/films", params=examples).json()["items"]
    assert "the-red-soul" in [item["slug"] for item in together]
    assert client.get("/api/v1/films/the-red-soul").status_code == 200
