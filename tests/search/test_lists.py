"""Lists of films in memory: their order, their pages, their filters, and how fresh they are."""

from collections.abc import Collection
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.catalog import film_service, public_revision, search_index
from app.catalog.enums import FilmSort
from app.core.db import make_engine, make_sessions
from app.core.errors import InvalidInputError
from app.core.pagination import encode_cursor
from app.search import index_cache
from app.search.facets import Facet
from app.search.index import FilmIndex
from tests.catalog.counting import counted
from tests.catalog.films import EDITOR, change, collection, film
from tests.search.search_helpers import asked, counts, listed, paged


def cut(minutes: int) -> list[dict[str, object]]:
    return [{"label": "Feature", "runtime_minutes": minutes, "spoken": ["rus"]}]


def test_films_are_listed_by_title_without_its_article(session: Session) -> None:
    for title in ("Zone", "The Red Soul", "Éloge", "A Path", "Part 10", "Part 9"):
        film(session, title)
    film(session, "Draft", status="draft")
    film(session, "Gone", status="withdrawn")

    assert listed(session) == ["Éloge", "Part 9", "Part 10", "A Path", "The Red Soul", "Zone"]


def test_pages_follow_one_another_even_when_a_film_comes_between(session: Session) -> None:
    for title in ("B", "D", "F", "F!", "H"):
        film(session, title, slug=f"slug-{title.lower().replace('!', 'x')}")

    first, cursor = paged(asked(session), 2)
    film(session, "C")  # lands on the page that was read
    film(session, "E")
    second, cursor = paged(asked(session), 2, cursor)
    third, cursor = paged(asked(session), 3, cursor)

    assert (first, second, third) == (
        ["B", "D"],
        ["E", "F"],
        ["F!", "H"],
    )
    assert cursor is None


@pytest.mark.parametrize("keys", [(1, 1), ("a", "b"), ("a", 1.5), ("a",)])
def test_a_cursor_of_another_list_is_refused(session: Session, keys: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        paged(asked(session), 2, encode_cursor(*keys))

    assert [problem.pointer for problem in caught.value.errors] == ["?/cursor"]


def test_a_cursor_of_a_list_by_title_does_not_fit_a_search(session: Session) -> None:
    with pytest.raises(InvalidInputError):
        paged(asked(session, q="volga"), 2, encode_cursor("a", 1))
    with pytest.raises(InvalidInputError):
        paged(asked(session, sort="oldest"), 2, encode_cursor("newest", -1999, "a", 1))


def test_filters_narrow_one_another(session: Session) -> None:
    english = [{"label": "Feature", "runtime_minutes": 50, "spoken": ["eng"]}]
    two = [
        *english,
        {"label": "Dubbed", "runtime_minutes": 50, "spoken": ["fra"], "subtitles": ["deu"]},
    ]
    one = film(session, "One", release_year=1999, subjects=["Russia", "War"])
    film(session, "Two", release_year=2005, subjects=["War"], versions=two, countries=["FR", "BE"])
    three = film(session, "Three", release_year=2010, subjects=["Russia"], versions=english)
    collection(session, "Chosen", [three, one])

    assert listed(session, subject="russia") == ["One", "Three"]
    assert listed(session, subject="war", year_from=2000) == ["Two"]
    assert listed(session, collection="chosen") == ["One", "Three"]
    assert listed(session, language="eng") == ["Three", "Two"]
    assert listed(session, language="fra") == ["Two"]
    assert listed(session, language="deu") == []  # subtitles are not spoken
    assert listed(session, country="BE") == ["Two"]
    assert listed(session, year_from=1999, year_to=2005) == ["One", "Two"]
    assert listed(session, subject="no-such-subject") == []


def test_numbered_pages_know_how_many_there_are(session: Session) -> None:
    for number in range(5):
        film(session, f"Film {number}")
    search = asked(session)

    assert search.total == 5
    assert [card.title for card in search.page(3, 2)] == ["Film 4"]
    assert search.page(4, 2) == []


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (None, ["A", "B", "C"]),
        (FilmSort.TITLE, ["A", "B", "C"]),
        (FilmSort.RELEVANCE, ["A", "B", "C"]),  # nothing is searched for
        (FilmSort.NEWEST, ["B", "C", "A"]),
        (FilmSort.OLDEST, ["A", "C", "B"]),
        (FilmSort.SHORTEST, ["B", "A", "C"]),
        (FilmSort.LONGEST, ["A", "C", "B"]),
        (FilmSort.COLLECTION, ["A", "B", "C"]),  # no collection is asked for
        (FilmSort.PRICE, ["A", "B", "C"]),  # none is sold
    ],
)
def test_people_may_choose_an_order(
    session: Session, sort: FilmSort | None, order: list[str]
) -> None:
    film(session, "A", release_year=1990)
    film(session, "B", release_year=2010, versions=cut(30))
    film(session, "C", release_year=2000)
    search = asked(session, **({"sort": sort} if sort else {}))

    assert [card.title for card in search.page(1, 9)] == order
    first, cursor = paged(search, 1)
    rest, _ = paged(search, 2, cursor)
    assert first + rest == order


def test_a_collection_is_shown_in_its_own_order(session: Session) -> None:
    films = [film(session, title) for title in ("B", "A", "C")]
    collection(session, "Chosen", films)

    assert listed(session, collection="chosen", sort="collection") == ["B", "A", "C"]
    assert listed(session, collection="chosen") == ["A", "B", "C"]


def test_a_search_may_be_sorted_otherwise(session: Session) -> None:
    film(session, "Volga", release_year=1990)
    film(session, "Days", release_year=2010, synopsis="On the Volga.")

    assert listed(session, q="volga") == ["Volga", "Days"]
    assert listed(session, q="volga", sort="newest") == ["Days", "Volga"]


def test_a_list_takes_one_query_once_the_index_is_there(
    session: Session, readers: sessionmaker[Session]
) -> None:
    for number in range(10):
        film(session, f"Film {number}")
    session.commit()

    with readers() as reader:
        listed(reader, q="film")
        with counted(reader) as statements:
            assert len(asked(reader, q="film").page(1, 24)) == 10
            asked(reader, subject="history").facets([Facet.SUBJECT])

    assert len(statements) == 2  # the revision, for each question


def test_what_is_read_beforehand_need_not_be_read_at_the_first_question(
    session: Session, readers: sessionmaker[Session]
) -> None:
    film(session, "A")
    session.commit()

    index_cache.preload(readers)

    with readers() as reader, counted(reader) as statements:
        assert listed(reader, q="a", sort="price") == ["A"]
    assert len(statements) == 1


def test_reading_beforehand_from_no_database_is_only_told(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'empty.db'}")

    index_cache.preload(make_sessions(engine, read_only=True))

    engine.dispose()
    assert [record.message for record in caplog.records] == ["finding.not_read"]


def test_a_change_is_seen_and_costs_only_its_own_films(
    session: Session, readers: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [film(session, title) for title in ("A", "B", "C")]
    session.commit()
    with readers() as reader:
        assert listed(reader) == ["A", "B", "C"]
    monkeypatch.setattr(FilmIndex, "read", None)  # from here on it must not be read whole

    change(session, "b", sort_title="Z", tagline="volga", subjects=["War"], versions=cut(20))
    film(session, "D")
    film_service.withdraw_film(session, "a", actor=EDITOR)
    collection(session, "Chosen", [made[2], made[1]])
    session.commit()

    with readers() as reader:
        assert listed(reader) == ["C", "D", "B"]
        assert listed(reader, q="volga") == ["B"]
        assert listed(reader, sort="shortest") == ["B", "C", "D"]
        assert counts(asked(reader), Facet.SUBJECT) == {"history": 2, "war": 1}
        assert counts(asked(reader), Facet.LENGTH) == {"under-30": 1, "90-plus": 2}
        assert listed(reader, collection="chosen", sort="collection") == ["C", "B"]


def test_what_is_not_committed_is_nobody_elses(
    session: Session, readers: sessionmaker[Session]
) -> None:
    film(session, "A")
    session.commit()
    film(session, "B")

    assert listed(session) == ["A", "B"]
    with readers() as reader:
        assert listed(reader) == ["A"]
    session.rollback()
    film(session, "C")
    session.commit()
    with readers() as reader:
        assert listed(reader) == ["A", "C"]


def test_an_older_transaction_keeps_what_it_saw(
    session: Session, readers: sessionmaker[Session]
) -> None:
    film(session, "A")
    session.commit()
    with readers() as reader:
        before = index_cache.get_film_index(reader)
    film(session, "B")
    session.commit()
    with readers() as reader:
        after = index_cache.get_film_index(reader)

    assert (len(before.slots), len(after.slots)) == (1, 2)


def test_a_list_without_words_waits_for_no_words(
    session: Session, readers: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    film(session, "A")
    session.commit()
    monkeypatch.setattr("app.catalog.search_index.indexed_words", None)

    with readers() as reader:
        assert listed(reader) == ["A"]
        assert counts(asked(reader), Facet.SUBJECT) == {"history": 1}
        assert listed(reader, sort="price") == ["A"]


def test_what_an_older_transaction_reads_late_is_not_kept_for_others(
    session: Session, readers: sessionmaker[Session]
) -> None:
    film(session, "A")
    session.commit()
    with readers() as oldest, readers() as between, readers() as newest:
        public_revision.current(oldest)
        change(session, "a", tagline="volga")
        session.commit()
        index_cache.get_film_index(between)
        film(session, "B", synopsis="On the Volga.")
        session.commit()
        index_cache.get_film_index(newest)

        assert listed(oldest, q="volga") == []
        assert listed(between, q="volga") == ["A"]
        assert listed(newest, q="volga") == ["A", "B"]


def test_words_come_along_when_they_are_asked_for_and_only_those_that_changed(
    session: Session, readers: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [film(session, title) for title in ("A", "B", "C")]
    session.commit()
    with readers() as reader:
        assert listed(reader, q="history", sort="price") == ["A", "B", "C"]
    asked_for: list[object] = []
    words = search_index.indexed_words

    def noting(at: Session, film_ids: Collection[int] | None = None) -> object:
        asked_for.append(film_ids)
        return words(at, film_ids)

    monkeypatch.setattr(search_index, "indexed_words", noting)

    for slug in ("a", "c"):
        change(session, slug, tagline="volga")
        session.commit()
        with readers() as reader:
            assert listed(reader) == ["A", "B", "C"]

    assert asked_for == []
    with readers() as reader:
        assert listed(reader, q="volga") == ["A", "C"]
        assert listed(reader, q="history", sort="price") == ["A", "B", "C"]
    assert asked_for == [{made[0].id, made[2].id}]
