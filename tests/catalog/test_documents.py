from typing import Any

import pytest
from pydantic import ValidationError

from app.catalog.documents import FilmDocument, FilmPatch
from app.catalog.enums import AccoladeKind
from app.catalog.seed_schema import FilmSeed

pytestmark = pytest.mark.once

MINIMAL = {"slug": "x", "title": "X", "release_year": 2000}


def complaints(fields: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        FilmDocument.model_validate(MINIMAL | fields)
    return {".".join(map(str, error["loc"])): error["msg"] for error in caught.value.errors()}


def test_a_new_film_is_a_draft_and_a_seed_is_published() -> None:
    assert FilmDocument.model_validate(MINIMAL).status == "draft"
    assert FilmSeed.model_validate(MINIMAL).status == "published"


def test_codes_and_numbers_are_brought_into_their_written_form() -> None:
    film = FilmDocument.model_validate(
        MINIMAL
        | {
            "countries": ["nl", "su"],
            "versions": [{"label": "Feature", "runtime_minutes": 1, "spoken": ["ru", "ger"]}],
            "identifiers": [{"kind": "isbn", "value": "0-306-40615-2"}],
        }
    )

    assert film.countries == ["NL", "SU"]
    assert film.versions[0].spoken == ["rus", "deu"]
    assert film.identifiers[0].value == "9780306406157"


@pytest.mark.parametrize(
    ("length", "seconds"), [("10:47", 647), ("1:02:03", 3723), (647, 647), (None, None)]
)
def test_a_length_is_read_as_people_write_it(length: object, seconds: int | None) -> None:
    press = {"kind": "podcast", "by": "Matt Micucci", "length": length}
    film = FilmDocument.model_validate(MINIMAL | {"press": [press]})

    assert film.press[0].length_seconds == seconds


def test_an_accolade_may_be_named_in_words() -> None:
    accolade = {"event": "IDFA", "kind": "World premiere"}
    film = FilmDocument.model_validate(MINIMAL | {"accolades": [accolade]})

    assert film.accolades[0].kind is AccoladeKind.WORLD_PREMIERE
    assert film.accolades[0].kind.label == "World premiere"


VERSION = {"label": "Feature", "runtime_minutes": 90}


@pytest.mark.parametrize(
    ("fields", "where", "what"),
    [
        ({"titel": "X"}, "titel", "Extra inputs are not permitted"),
        ({"slug": "The Red Soul"}, "slug", "String should match pattern"),
        ({"title": "  "}, "title", "at least 1 character"),
        ({"title": "a\x00b"}, "title", "Remove the control characters."),
        ({"title": "a\nb"}, "title", "String should match pattern"),
        ({"synopsis": "a\x00b"}, "synopsis", "Remove the control characters."),
        ({"release_year": 1066}, "release_year", "greater than or equal to 1888"),
        ({"countries": ["NL", "nl"]}, "countries", "Enter each item once."),
        ({"countries": ["Holland"]}, "countries.0", "at most 2 characters"),
        ({"countries": ["ZZ"]}, "countries.0", "is not a country code"),
        ({"release_year": "2018"}, "release_year", "valid integer"),
        (
            {"versions": [VERSION | {"audio_description": "yes"}]},
            "versions.0.audio_description",
            "valid boolean",
        ),
        (
            {"press": [{"kind": "review", "by": "x", "published_on": 0}]},
            "press.0.published_on",
            "Enter a date like 2026-11-22.",
        ),
        ({"versions": [VERSION | {"runtime_minutes": 0}]}, "versions.0.runtime_minutes", "greater"),
        ({"versions": [VERSION | {"spoken": ["qqq"]}]}, "versions.0.spoken.0", "ISO 639"),
        (
            {"versions": [VERSION | {"captions": [{"language": "en"}, {"language": "eng"}]}]},
            "versions.0",
            "Enter each language and type of captions once.",
        ),
        ({"press": [{"kind": "review"}]}, "press.0", "Enter a title, a name (by), or an outlet."),
        (
            {"press": [{"kind": "podcast", "by": "x", "length_seconds": "ten:47"}]},
            "press.0.length_seconds",
            "is not a length. Enter one such as 10:47.",
        ),
        ({"related": [{}]}, "related.0", "Enter either a slug or a title."),
        ({"related": [{"slug": "x", "title": "X"}]}, "related.0", "either a slug or a title"),
        (
            {"identifiers": [{"kind": "upc", "value": "036000291453"}]},
            "identifiers.0",
            "The check digit of UPC '036000291453' is wrong",
        ),
        (
            {"assets": [{"kind": "trailer", "title": "T", "url": "javascript:alert(1)"}]},
            "assets.0.url",
            "URL scheme should be 'http' or 'https'",
        ),
        (
            {"watch_links": [{"platform": "OVID.tv", "kind": "rent", "url": "https://x.org"}]},
            "watch_links.0.checked_on",
            "Field required",
        ),
        (
            {
                "partner_links": [
                    {
                        "platform": "Kanopy",
                        "classes": ["individual"],
                        "url": "https://x.org",
                        "checked_on": "2026-11-01",
                    }
                ]
            },
            "partner_links.0.classes.0",
            "Input should be 'college'",
        ),
        ({"poster": {"layout": "x" * 300}}, "poster.layout", "at most 200 characters"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_place(
    fields: dict[str, Any], where: str, what: str
) -> None:
    found = complaints(fields)

    assert list(found) == [where]
    assert what in found[where]


def test_a_patch_requires_nothing_but_checks_what_it_gets() -> None:
    assert FilmPatch.model_validate({}).model_fields_set == set()
    with pytest.raises(ValidationError, match="title"):
        FilmPatch.model_validate({"title": None})


def test_a_document_as_an_answer_always_has_every_field() -> None:
    schema = FilmDocument.model_json_schema(mode="serialization")

    assert set(schema["required"]) == set(schema["properties"])


def test_grade_levels_go_from_the_youngest_on_and_each_is_given_once() -> None:
    film = FilmDocument.model_validate(MINIMAL | {"grade_levels": ["adult", "6-8", "college"]})
    assert film.grade_levels == ["6-8", "college", "adult"]
    assert FilmDocument.model_validate(MINIMAL).grade_levels == []
    assert list(complaints({"grade_levels": ["college", "college"]})) == ["grade_levels"]
    assert list(complaints({"grade_levels": ["13"]})) == ["grade_levels.0"]
