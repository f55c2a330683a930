"""Synonyms, apostrophes and scripts without spaces: what a search finds beyond what was typed."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.keys import create_key
from app.accounts.permissions import Scope
from app.catalog.search_words import terms, words
from app.catalog.titles import folded
from app.core.errors import ConflictError
from app.search import synonyms
from app.search.suggestions import find_suggestions
from app.search.synonyms import Synonyms, SynonymsIn
from tests import factories
from tests.search.search_helpers import asked, listed

STAFF = Actor.operator("tests")


def film(session: Session, title: str, **more: object) -> None:
    factories.film(session, title=title, slug=f"film-{folded(title)[:3].encode().hex()}", **more)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("USSR", ["Life in the Soviet Union", "Ussr Today"]),
        ("soviet union", ["Life in the Soviet Union", "Ussr Today"]),
        ("life ussr", ["Life in the Soviet Union"]),
        ("ww2", ["Second World War Diaries"]),
        ("World War II", ["Second World War Diaries"]),
        ("lgbt", ["Queer Berlin"]),
    ],
)
def test_search_finds_what_is_called_otherwise(
    session: Session, typed: str, expected: list[str]
) -> None:
    for title in (
        "Life in the Soviet Union",
        "Ussr Today",
        "Second World War Diaries",
        "Queer Berlin",
        "Rivers",
    ):
        film(session, title)
    session.commit()
    assert sorted(listed(session, q=typed)) == expected


def test_exact_search_takes_no_synonym(session: Session) -> None:
    film(session, "Life in the Soviet Union")
    session.commit()
    assert listed(session, q="ussr", exact="true") == []


def test_list_that_staff_change_is_used_at_once(session: Session) -> None:
    film(session, "Beekeeping")
    session.commit()
    assert listed(session, q="apiculture") == []
    groups = [["apiculture", "beekeeping"]]
    before = synonyms.read_synonyms(session)
    synonyms.replace_synonyms(session, SynonymsIn(groups=groups), base=before, actor=STAFF)
    session.commit()
    assert listed(session, q="apiculture") == ["Beekeeping"]
    with pytest.raises(ConflictError, match="Someone else changed the list"):
        synonyms.replace_synonyms(session, SynonymsIn(groups=[]), base=before, actor=STAFF)


@pytest.mark.once
def test_readings_of_a_question_are_bounded() -> None:
    many = Synonyms([[f"w{n} x" for n in range(20)], [f"y{n}" for n in range(20)]])
    readings = many.readings(" ".join(f"w{n} x y{n}" for n in range(20)))
    assert 2 <= len(readings) <= 16
    assert Synonyms([]).readings("any thing") == ["any thing"]


@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("cold war", ["Would War", "Could It Be", "War Diary"]),
        ("communism", ["Communities of the Volga"]),
        ("cold wax", ["Could It Be", "War Diary"]),
    ],
)
def test_correction_is_offered_only_if_it_is_close_and_finds_films(
    session: Session, typed: str, titles: list[str]
) -> None:
    for title in titles:
        film(session, title)
    session.commit()
    found = asked(session, q=typed)
    assert (found.total, found.correction) == (0, None)


def test_correction_takes_the_near_word_that_finds_films(session: Session) -> None:
    film(session, "Bather and Sons")
    film(session, "Father of the River")
    session.commit()
    found = asked(session, q="bather rivre")
    assert found.correction is None  # a bather has no river
    found = asked(session, q="xather river")
    assert found.correction is not None
    assert found.correction.shown == "father river"


@pytest.mark.parametrize("mark", ["'", "\u2018", "\u2019", "`", "\u00b4", "\u02bb", "\u02bf", ""])
def test_apostrophes_and_modifier_letters_are_one(session: Session, mark: str) -> None:
    film(session, "Hawai\u02bbi Rising")
    film(session, "Oktiabr\u02b9")
    session.commit()
    typed = f"hawai{mark}i"
    assert listed(session, q=typed) == ["Hawai\u02bbi Rising"]
    assert listed(session, q=typed, exact="true") == ["Hawai\u02bbi Rising"]
    assert [each.title for each in find_suggestions(session, typed).titles] == [
        "Hawai\u02bbi Rising"
    ]
    assert listed(session, q=f"oktiabr{mark}") == ["Oktiabr\u02b9"]


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("人民", "中国人民解放军"),
        ("解放军", "中国人民解放军"),
        ("军", "中国人民解放军"),
        ("侍", "七人の侍"),
        ("サムライ", "最後のサムライ"),
        ("ไทย", "ประเทศไทย"),
    ],
)
def test_words_of_a_script_without_spaces_are_found_inside(
    session: Session, typed: str, title: str
) -> None:
    film(session, title)
    film(session, "Rivers")
    session.commit()
    assert listed(session, q=typed) == [title]
    assert [each.title for each in find_suggestions(session, typed).titles] == [title]
    assert listed(session, q=title) == [title]


@pytest.mark.once
def test_words_of_other_scripts_stay_whole() -> None:
    assert words("Свидетели Путина", "Night Mail") == ["свидетели", "путина", "night", "mail"]
    assert [term.forms for term in terms("铁西区")] == [("铁西",), ("西区",)]


@pytest.mark.seeded
def test_staff_read_and_replace_the_list_over_the_api(client: TestClient, session: Session) -> None:
    secret = create_key(session, label="Desk", scopes=[Scope.CATALOG_WRITE])
    session.commit()
    catalog_key = {"Authorization": f"Bearer {secret}"}
    address = "/api/v1/admin/search-synonyms"
    assert client.get(address).status_code == 401
    found = client.get(address, headers=catalog_key).json()
    assert ["USSR", "Soviet Union", "Union of Soviet Socialist Republics"] in found["groups"]
    for wrong, pointer in (
        ({"groups": [["alone"]]}, "#/groups/0"),
        ({"groups": [["a", "!!"]]}, "#/groups"),
        ({"groups": [["a", "b,c"]]}, "#/groups/0/1"),
        ({}, "#/groups"),
    ):
        refused = client.put(address, json=wrong, headers=catalog_key)
        assert refused.status_code == 422
        assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]
    wanted = {"groups": [["gulag", "labor camp"]]}
    assert client.put(address, json=wanted, headers=catalog_key).json() == wanted
    assert client.get(address, headers=catalog_key).json() == wanted
