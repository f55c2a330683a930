"""Which film a line is about: a file can be sent again, and remakes are films of their own."""

import unicodedata
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from tests import factories
from tests.imports.files import Store, counts, json_lines, summarize, workbook

HAMLET = (
    b"title,year,credits\n"
    b"Hamlet,1996,director: Kenneth Branagh\n"
    b"Hamlet,2000,director: Michael Almereyda\n"
)


@pytest.fixture
def store(sessions: sessionmaker[Session], tmp_path: Path) -> Store:
    return Store(sessions, tmp_path)


def made(store: Store) -> list[tuple[str, int]]:
    return [(each["slug"], each["release_year"]) for each in store.films()]


@pytest.mark.parametrize(
    "data",
    [
        b"title,year\nSolo Film,1999\n",
        workbook(["title", "year"], ["Solo Film", 1999]),
        b'{"title": "Solo Film", "release_year": 1999}\n',
        "title,year\n七人の侍,1954\n".encode(),
        b"title,year,isbn\nSolo Film,1999,9780977103799\n",
    ],
)
def test_a_file_without_slugs_can_be_sent_again(store: Store, data: bytes) -> None:
    assert store.apply(data) == counts(created=1)
    before = store.films()
    assert store.apply(data) == counts(unchanged=1)
    assert store.films() == before


def test_remakes_are_films_of_their_own(store: Store) -> None:
    assert store.apply(HAMLET) == counts(created=2)
    assert made(store) == [("hamlet", 1996), ("hamlet-2000", 2000)]
    assert store.apply(HAMLET) == counts(unchanged=2)
    more = b"title,year\nHamlet,1948\nHamlet,2009\n"
    assert store.apply(more) == counts(created=2)
    assert made(store)[2:] == [("hamlet-1948", 1948), ("hamlet-2009", 2009)]


def test_films_of_one_title_and_year_are_told_apart_by_their_directors(store: Store) -> None:
    data = json_lines(
        {"title": "Home", "release_year": 2008, "credits": [director("Ana Ferrer")]},
        {"title": "Home", "release_year": 2008, "credits": [director("Bo New")]},
        {"title": "Home", "release_year": 2008, "credits": [director("Cy Newer")]},
    )
    assert store.apply(data) == counts(created=3)
    assert [slug for slug, _ in made(store)] == ["home", "home-2008", "home-2008-2"]
    assert store.apply(data) == counts(unchanged=3)

    (line,) = store.check(b"title,year,tagline\nHome,2008,Which?\n")
    assert line.problems[0].detail == (
        "Several films have this title and year: home (2008), home-2008 (2008), "
        "home-2008-2 (2008). Enter a slug."
    )


def test_a_line_says_more_of_the_film_that_has_its_title_and_year(
    store: Store, session: Session
) -> None:
    factories.film(
        session,
        slug="red",
        title="The Red Soul",
        release_year=2017,
        credits=[director("J. Gorter")],
    )
    session.commit()
    table = b"title,year,credits,tagline\nThe Red Soul,2017,director: Jessica Gorter,Stalin\n"
    assert store.check(table)[0].slug == "red"
    assert store.apply(b"title,year,tagline\nThe red soul,2017,Stalin\n") == counts(changed=1)
    assert store.check(b"title,tagline\nThe Red Soul,Stalin\n")[0].problems[0].detail == (
        "A film with this title exists: red (2017). To change it, enter its year, slug, or an "
        "identifier."
    )


def test_one_film_in_two_lines_that_contradict_is_refused_on_both(store: Store) -> None:
    table = b"title,year,tagline\nTwice,1999,A\nOnce,1999,A\nTwice,1999,B\n"
    results = summarize(store.check(table))
    assert {number: outcome for number, (outcome, _, _) in results.items()} == {
        2: "rejected",
        3: "created",
        4: "rejected",
    }
    assert results[2][2] == [("#", "twice is also on line 4.")]


def test_the_same_line_once_more_changes_nothing(store: Store) -> None:
    table = b"title,year\nTwice,1999\nOnce,1999\nTwice,1999\nTwice,1999\n"
    assert [each.outcome for each in store.check(table)] == [
        "created",
        "created",
        "unchanged",
        "unchanged",
    ]
    assert store.apply(table) == counts(created=2, unchanged=2)
    assert store.apply(table) == counts(unchanged=4)


def test_remakes_in_two_batches_are_two_films(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.imports.dry_run.batches.__defaults__", (1,))
    assert store.apply(HAMLET) == counts(created=2)
    assert made(store) == [("hamlet", 1996), ("hamlet-2000", 2000)]


def test_a_remake_that_another_brings_meanwhile_is_found(store: Store) -> None:
    def meanwhile() -> None:
        store.apply(HAMLET)

    assert store.apply(HAMLET, meanwhile=meanwhile) == counts(unchanged=2)
    assert made(store) == [("hamlet", 1996), ("hamlet-2000", 2000)]


@pytest.mark.parametrize("first", ["NFC", "NFD"])
def test_letters_taken_apart_are_no_change(store: Store, first: str) -> None:
    table = (
        "title,year,synopsis,credits,subjects\n"
        "Café Über,1999,Né à Óbidos,director: Zoë Ñandú,Économie\n"
    )
    other = {"NFC": "NFD", "NFD": "NFC"}[first]
    assert store.apply(unicodedata.normalize(first, table).encode()) == counts(created=1)  # type: ignore[arg-type]
    assert store.apply(unicodedata.normalize(other, table).encode()) == counts(unchanged=1)  # type: ignore[arg-type]
    (film,) = store.films()
    assert film["title"] == "Café Über"
    assert unicodedata.is_normalized("NFC", str(film))
    line = {"slug": film["slug"], "title": "Café Über", "release_year": 1999, "synopsis": "Né"}
    lines = [
        {k: unicodedata.normalize(f, v) if isinstance(v, str) else v for k, v in line.items()}
        for f in ("NFC", "NFD")
    ]
    store.apply(json_lines(lines[0]))
    assert store.apply(json_lines(lines[1])) == counts(unchanged=1)


def test_titles_and_people_without_latin_letters_are_taken(store: Store) -> None:
    table = (
        "title,year,credits\n铁西区,2002,director: 王兵\nმონანიება,1984,director: თენგიზ აბულაძე\n"
    )
    assert store.apply(table.encode()) == counts(created=2)
    assert [slug for slug, _ in made(store)] == ["tiexiqu", "monanieba"]
    assert store.apply(table.encode()) == counts(unchanged=2)


def test_titles_that_only_read_alike_in_latin_letters_are_different_films(store: Store) -> None:
    table = "title,year\n王兵,2002\n王冰,2002\n"
    assert store.apply(table.encode()) == counts(created=2)
    assert [slug for slug, _ in made(store)] == ["wangbing", "wangbing-2002"]
    assert store.apply(table.encode()) == counts(unchanged=2)


def director(name: str) -> dict[str, str]:
    return {"name": name, "role": "director"}
