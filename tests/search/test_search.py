"""Full-text search: the same answers from FTS5 and from PostgreSQL."""

import pytest
from sqlalchemy.orm import Session

from app.catalog import film_service
from app.catalog.filters import FilmFilters, film_ids
from app.catalog.search_words import stem, terms, words
from app.catalog.subjects import merge_subjects
from app.search.facets import Facet
from app.search.suggestions import find_suggestions
from tests.catalog.films import EDITOR, change, film
from tests.search.search_helpers import asked, counts, listed, paged


def search(session: Session, q: str, **filters: object) -> list[str]:
    found = listed(session, q=q, exact="true", **filters)
    if not filters:  # what goes through all films finds the same ones in the database
        matched = session.scalars(film_ids(session, FilmFilters(q=q))).all()
        assert len(matched) == len(found)
    return found


@pytest.mark.parametrize(
    "q",
    [
        "red soul",
        "RED Soul",
        "soul red",
        "the red soul",
        "gorter",
        "góRTER",
        "stalinism",
        "camps",
        "camp",
        "rus",  # the beginning of Russian
        "netherlands",
        "amsterdam",
        "2018",
        "9780306406157",
        "rode ziel",
        "l'ame rouge",
        "âme",
        "gorter stalin",
    ],
)
def test_a_film_is_found_by_all_that_is_known_of_it(session: Session, q: str) -> None:
    film(
        session,
        "The Red Soul",
        original_title="De rode ziel",
        alternative_titles=[{"title": "L'Âme rouge", "language": "fra"}],
        synopsis="A visit to the camp.",
        subjects=["Stalinism"],
        accolades=[{"event": "IDFA Amsterdam", "kind": "World premiere"}],
        identifiers=[{"kind": "isbn", "value": "9780306406157"}],
    )
    film(session, "Fat Chance", release_year=1994, countries=["CA"], credits=SOMEONE, versions=CUT)

    assert search(session, q) == ["The Red Soul"]


SOMEONE = [{"name": "Jeff McKay", "role": "director"}]
CUT = [{"label": "Feature", "runtime_minutes": 52, "spoken": ["eng"]}]


@pytest.mark.parametrize(
    "q",
    ["!!!", "'", '"', "* OR *", "red NOT soul", "soul & | !", "red:A", "NEAR(red soul)"],
)
def test_operators_of_neither_database_mean_anything(session: Session, q: str) -> None:
    film(session, "The Red Soul", synopsis="Near the river.")

    assert search(session, q) in ([], ["The Red Soul"])


def test_a_search_without_a_word_finds_nothing(session: Session) -> None:
    film(session, "The Red Soul")

    assert search(session, "?!") == []
    assert asked(session, q="?!").total == 0


def test_a_search_of_spaces_is_no_search(session: Session) -> None:
    film(session, "The Red Soul")

    assert search(session, "   ") == ["The Red Soul"]


def test_every_word_must_be_found(session: Session) -> None:
    film(session, "The Red Soul")

    assert search(session, "red soul volcano") == []


def test_only_the_last_word_may_be_half_typed(session: Session) -> None:
    film(session, "The Red Soul", synopsis="Crystal clear.")

    assert search(session, "red cry") == ["The Red Soul"]
    assert search(session, "cry red") == []


def test_a_title_outranks_a_person_a_subject_and_a_synopsis(session: Session) -> None:
    film(session, "Four", synopsis="It passes the volga twice: a river.")
    film(session, "Three", subjects=["Volga"])
    film(session, "Two", credits=[{"name": "Olga Volga", "role": "director"}])
    film(session, "Volga Days")

    assert search(session, "volga") == ["Volga Days", "Two", "Three", "Four"]


def test_a_title_typed_in_full_comes_first(session: Session) -> None:
    film(session, "Songs of the Son", subjects=["Sons"], synopsis="Son and son and song.")
    film(session, "The Son", synopsis="A long text of many other words and of nothing else at all.")

    assert search(session, "the son") == ["The Son", "Songs of the Son"]
    assert search(session, "Son") == ["The Son", "Songs of the Son"]


def test_search_and_filters_narrow_one_another(session: Session) -> None:
    film(session, "Volga Days", release_year=2001)
    film(session, "Volga Nights", release_year=2011, subjects=["Rivers"])

    assert search(session, "volga", year_from=2005) == ["Volga Nights"]
    assert search(session, "volga", subject="history") == ["Volga Days"]


def test_a_merged_subject_is_asked_for_by_its_former_name(session: Session) -> None:
    film(session, "One", subjects=["USSR"])
    film(session, "Two", subjects=["Soviet Union"])
    film(session, "Three", subjects=["Rivers"])
    merge_subjects(session, "ussr", "soviet-union", actor=EDITOR)
    session.commit()

    assert listed(session, subject="ussr", sort="title") == ["One", "Two"]
    assert listed(session, subject=["ussr", "rivers"], sort="title") == ["One", "Three", "Two"]
    assert counts(asked(session, subject="ussr"), Facet.SUBJECT)["soviet-union"] == 2
    assert listed(session, subject="no-such-subject") == []


def test_a_changed_film_is_found_by_its_new_words_only(session: Session) -> None:
    film(session, "Volga Days", tagline="A river and its barges")

    change(session, "volga-days", tagline="A river and its fishermen")

    assert search(session, "barge") == []
    assert search(session, "fishermen") == ["Volga Days"]


@pytest.mark.parametrize("status", ["draft", "withdrawn"])
def test_a_film_that_is_not_public_is_not_found(session: Session, status: str) -> None:
    film(session, "Volga Days", status=status)
    film(session, "Volga Nights")
    film_service.withdraw_film(session, "volga-nights", actor=EDITOR)

    assert search(session, "volga") == []


def test_pages_of_a_search_hold_each_film_once(session: Session) -> None:
    for number in range(7):
        film(session, f"Volga {number}", synopsis="The volga." if number % 2 else "A river.")
    search = asked(session, q="volga")
    seen: list[str] = []
    cursor = None

    for _ in range(4):
        films, cursor = paged(search, 2, cursor)
        seen += films

    assert cursor is None
    assert sorted(seen) == [f"Volga {number}" for number in range(7)]


RANKING = [
    # The question, and the films in the order in which they answer it.
    ("volga", ["Volga Days", "Along the Volga", "People", "Subject", "Twice", "Once", "Begun"]),
    ("volga days", ["Volga Days"]),
    ("along the volga", ["Along the Volga"]),
    ("volga river", ["Along the Volga", "Twice"]),
    ("river volga", ["Along the Volga", "Twice"]),
    ("o", ["O"]),
]


@pytest.mark.parametrize(("q", "order"), RANKING)
def test_both_databases_rank_alike(session: Session, q: str, order: list[str]) -> None:
    film(session, "Volga Days")
    film(session, "Along the Volga", synopsis="Of a river.", subjects=["Rivers"])
    film(session, "People", credits=[{"name": "Olga Volga", "role": "director"}])
    film(session, "Subject", subjects=["Volga"])
    film(session, "Twice", synopsis="The volga is a river; the Volga is long.")
    film(
        session, "Once", press=[{"kind": "review", "title": "On the Volga", "outlet": "Cineuropa"}]
    )
    film(session, "Begun", synopsis="Of volgars, whoever they are.")
    film(session, "O", synopsis="Nothing else.")

    found = listed(session, q=q, exact="true")

    if q == "volga":  # titles are equals, and stand by title
        order = ["Along the Volga", "Volga Days", *order[2:]]
    assert found == order


@pytest.mark.once
@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("movies", "movi"),
        ("movie", "movi"),
        ("glass", "glass"),
        ("crisis", "crisis"),
        ("boxes", "box"),
        ("gas", "gas"),
    ],
)
def test_only_plurals_are_taken_off(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed


@pytest.mark.once
def test_words_are_folded_and_lose_elisions() -> None:
    assert words("Putin's Witnesses' — L'Atalante, O'Brien") == [
        "putin",
        "witness",
        "atalante",
        "obrien",
        "latalante",
    ]


TITLES = {
    "Hawai\N{MODIFIER LETTER TURNED COMMA}i Rising": [
        *(
            "hawaii",
            "hawai'i",
            "hawai`i",
            "hawai\N{ACUTE ACCENT}i",
            "hawai\N{MODIFIER LETTER PRIME}i",
        ),
        *("hawai\N{LEFT SINGLE QUOTATION MARK}i", "hawai\N{RIGHT SINGLE QUOTATION MARK}i ris"),
    ],
    "Oktiabr\N{MODIFIER LETTER PRIME}": ["oktiabr", "oktiabr'", "Oktiabr\N{MODIFIER LETTER PRIME}"],
    "L'Atalante": [
        "latalante",
        "atalante",
        "l\N{MODIFIER LETTER APOSTROPHE}atalante",
        "l`Atalante",
    ],
    "\N{MODIFIER LETTER LEFT HALF RING}Abd al-Rahman": ["abd", "'abd", "`abd al-rahman"],
    "Qur\N{MODIFIER LETTER APOSTROPHE}an": ["quran", "qur'an", "qur\N{ACUTE ACCENT}an"],
    "中国人民解放军": ["人民", "解放军", "中国", "军", "中国人民解放军"],
    "東京物語": ["物語", "東京"],
    "となりのトトロ": ["トトロ", "となり"],
    "ประเทศไทยของเรา": ["ไทย", "ประเทศ"],
    "The U.S.S.R. in Color": ["ussr", "u.s.s.r.", "USSR color"],
}


@pytest.mark.parametrize(
    ("title", "typed"), [(title, q) for title, asked_for in TITLES.items() for q in asked_for]
)
def test_marks_do_not_matter_and_words_are_found_within_writing_without_spaces(
    session: Session, title: str, typed: str
) -> None:
    film(session, title)
    film(session, "Something Else", release_year=1994)

    assert search(session, typed) == [title]
    assert listed(session, q=typed) == [title]
    assert [card.title for card in find_suggestions(session, typed).titles] == [title]


def test_letters_that_do_not_stand_together_are_not_found(session: Session) -> None:
    film(session, "中国人民解放军")

    assert search(session, "民人") == []
    assert search(session, "国民") == []


def test_a_name_without_spaces_is_suggested_by_a_part_of_it(session: Session) -> None:
    film(session, "Hero", credits=[{"name": "张艺谋", "role": "director"}])

    assert [each.name for each in find_suggestions(session, "艺谋").people] == ["张艺谋"]
    assert [each.name for each in find_suggestions(session, "张").people] == ["张艺谋"]


def test_a_title_typed_in_full_comes_first_with_any_apostrophe(session: Session) -> None:
    film(session, "Hawai\N{MODIFIER LETTER TURNED COMMA}i")
    film(session, "Hawaii Hawaii", synopsis="Hawaii.")

    assert search(session, "hawai'i")[0] == "Hawai\N{MODIFIER LETTER TURNED COMMA}i"


@pytest.mark.once
def test_a_question_of_stop_words_only_keeps_them() -> None:
    assert [term.forms for term in terms("to the")] == [("to",), ("the",)]
    assert [term.forms for term in terms("the river")] == [("river",)]


@pytest.mark.once
def test_a_question_of_many_words_is_cut() -> None:
    assert len(terms(" ".join(f"word{number}" for number in range(50)))) == 12


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("cold war", None),  # "could" is another word, and no film has it with "war"
        ("communism", None),
        ("wra could", None),  # too short to guess
        ("lfie could", None),  # nothing is near
        ("storis of war", "stories of war"),
        ("peaec storis", None),  # both are there, but in no film together
        ("rivre comunity", "river community"),
    ],
)
def test_a_correction_is_told_only_if_it_is_close_and_finds_films(
    session: Session, typed: str, words: str | None
) -> None:
    film(session, "What War Could Be")
    film(session, "Of Peace", synopsis="A community, and communities, by a river.")
    film(session, "Stories", synopsis="Of others.")
    film(session, "Stories of War")

    answer = asked(session, q=typed)

    assert (answer.correction.shown if answer.correction else None) == words
    assert bool(answer.total) == (words is not None)


def test_a_correction_that_the_filters_leave_nothing_of_is_not_told(session: Session) -> None:
    film(session, "Stalinism", countries=["NL"])

    assert asked(session, q="stalinsm").correction is not None
    assert asked(session, q="stalinsm", country="FR").correction is None
