"""Lists of films: their order, their pages, their filters, and how many queries they take."""

import pytest
from sqlalchemy.orm import Session

from app.catalog import queries
from app.catalog.filters import FilmFilters
from app.catalog.kinds import FilmSort, FilmStatus
from app.catalog.schemas import FilmOut, FilmSummaryOut, StaffFilmOut
from app.core.errors import InvalidInputError, NotFoundError
from app.core.pagination import PageParams, encode_cursor
from tests import factories
from tests.catalog.counting import counted
from tests.catalog.films import collection, document, film, titles

FIRST = PageParams(limit=50, cursor=None)


def listed(session: Session, **filters: object) -> list[str]:
    films, _ = queries.films(session, FilmFilters(**filters), FIRST)  # type: ignore[arg-type]
    return titles(films)


def test_films_are_listed_by_title_without_its_article(session: Session) -> None:
    for title in ("Zone", "The Red Soul", "Éloge", "A Path", "Part 10", "Part 9"):
        film(session, title)
    film(session, "Draft", status="draft")
    film(session, "Gone", status="withdrawn")

    assert listed(session) == ["Éloge", "Part 9", "Part 10", "A Path", "The Red Soul", "Zone"]


def test_pages_follow_one_another_even_when_a_film_comes_between(session: Session) -> None:
    for title in ("B", "D", "F", "F!", "H"):
        film(session, title, slug=f"slug-{title.lower().replace('!', 'x')}")

    first, cursor = queries.films(session, FilmFilters(), PageParams(limit=2, cursor=None))
    film(session, "C")  # lands on the page that was read
    film(session, "E")
    second, cursor = queries.films(session, FilmFilters(), PageParams(limit=2, cursor=cursor))
    third, cursor = queries.films(session, FilmFilters(), PageParams(limit=3, cursor=cursor))

    assert (titles(first), titles(second), titles(third)) == (
        ["B", "D"],
        ["E", "F"],
        ["F!", "H"],
    )
    assert cursor is None


@pytest.mark.parametrize("keys", [(1, 1), ("a", "b"), ("a", 1.5), ("a",)])
def test_a_cursor_of_another_list_is_refused(session: Session, keys: tuple[str, ...]) -> None:
    page = PageParams(limit=2, cursor=encode_cursor(*keys))

    with pytest.raises(InvalidInputError) as caught:
        queries.films(session, FilmFilters(), page)

    assert [problem.pointer for problem in caught.value.errors] == ["?/cursor"]


def test_a_cursor_of_a_list_by_title_does_not_fit_a_search(session: Session) -> None:
    page = PageParams(limit=2, cursor=encode_cursor("a", 1))

    with pytest.raises(InvalidInputError):
        queries.films(session, FilmFilters(q="volga"), page)


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

    first = queries.page_of_films(session, FilmFilters(), page=1, per_page=2)
    beyond = queries.page_of_films(session, FilmFilters(), page=99, per_page=2)
    none = queries.page_of_films(session, FilmFilters(subject="none"), page=3, per_page=2)

    assert (titles(first.films), first.total, first.page, first.pages) == (
        ["Film 0", "Film 1"],
        5,
        1,
        3,
    )
    assert (titles(beyond.films), beyond.page) == (["Film 4"], 3)
    assert (none.films, none.total, none.page, none.pages) == ([], 0, 1, 1)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (None, ["A", "B", "C"]),
        (FilmSort.TITLE, ["A", "B", "C"]),
        (FilmSort.RELEVANCE, ["A", "B", "C"]),  # nothing is searched for
        (FilmSort.NEWEST, ["B", "C", "A"]),
        (FilmSort.OLDEST, ["A", "C", "B"]),
        (FilmSort.RECENT, ["C", "B", "A"]),
    ],
)
def test_people_may_choose_an_order(
    session: Session, sort: FilmSort | None, order: list[str]
) -> None:
    film(session, "A", release_year=1990)
    film(session, "B", release_year=2010)
    film(session, "C", release_year=2000)

    found = queries.page_of_films(session, FilmFilters(), page=1, per_page=9, sort=sort)

    assert titles(found.films) == order


def test_a_collection_is_shown_in_its_own_order(session: Session) -> None:
    films = [film(session, title) for title in ("B", "A", "C")]
    collection(session, "Chosen", films)
    filters = FilmFilters(collection="chosen")

    own = queries.page_of_films(session, filters, page=1, per_page=9)
    by_title = queries.page_of_films(session, filters, page=1, per_page=9, sort=FilmSort.TITLE)

    assert titles(own.films) == ["B", "A", "C"]
    assert titles(by_title.films) == ["A", "B", "C"]


def test_a_search_may_be_sorted_otherwise(session: Session) -> None:
    film(session, "Volga", release_year=1990)
    film(session, "Days", release_year=2010, synopsis="On the Volga.")
    filters = FilmFilters(q="volga")

    best = queries.page_of_films(session, filters, page=1, per_page=9)
    newest = queries.page_of_films(session, filters, page=1, per_page=9, sort=FilmSort.NEWEST)

    assert titles(best.films) == ["Volga", "Days"]
    assert titles(newest.films) == ["Days", "Volga"]


def test_the_recent_films_are_the_last_that_became_public(session: Session) -> None:
    for title in ("A", "B", "C"):
        film(session, title)
    film(session, "D", status="draft")

    assert titles(queries.recent(session, 2)) == ["C", "B"]


def test_films_by_id_keep_the_order_asked_for(session: Session) -> None:
    a, b = film(session, "A"), film(session, "B")
    hidden = film(session, "Hidden", status="draft")

    assert titles(queries.films_by_id(session, [b.id, hidden.id, a.id])) == ["B", "A"]
    assert queries.films_by_id(session, []) == []


@pytest.mark.parametrize("status", ["draft", "withdrawn"])
def test_a_film_that_is_not_public_is_there_for_staff_only(session: Session, status: str) -> None:
    film(session, "Hidden", status=status)

    with pytest.raises(NotFoundError):
        queries.film_by_slug(session, "hidden")
    assert queries.film_for_staff(session, "hidden").title == "Hidden"


def test_staff_see_films_of_any_status_newest_entry_first(session: Session) -> None:
    film(session, "The Draft", status="draft")
    film(session, "Public")
    film(session, "Gone", status="withdrawn")

    everything, _ = queries.staff_films(session, FIRST)
    drafts, _ = queries.staff_films(session, FIRST, status=FilmStatus.DRAFT)
    named, _ = queries.staff_films(session, FIRST, q="DRA")
    wild, _ = queries.staff_films(session, FIRST, q="%")
    page, cursor = queries.staff_films(session, PageParams(limit=2, cursor=None))
    rest, end = queries.staff_films(session, PageParams(limit=2, cursor=cursor))

    assert titles(everything) == ["Gone", "Public", "The Draft"]
    assert titles(drafts) == titles(named) == ["The Draft"]
    assert titles(wild) == []
    assert (titles(page), titles(rest), end) == (["Gone", "Public"], ["The Draft"], None)


@pytest.mark.parametrize("q", [None, "film"])
def test_a_list_takes_the_same_queries_however_long_it_is(session: Session, q: str | None) -> None:
    costs: list[int] = []
    for _ in range(2):
        for number in range(10):
            film(session, f"Film {number} of {len(costs)}", slug=f"film-{len(costs)}-{number}")
        session.commit()
        session.expunge_all()
        with counted(session) as statements:
            films, _ = queries.films(session, FilmFilters(q=q), FIRST)
            assert [FilmSummaryOut.of(found) for found in films]
        costs.append(len(statements))

    assert costs == [7, 7]  # films, versions, languages, credits, subjects, countries, files


def test_a_numbered_page_and_the_staff_list_take_as_few(session: Session) -> None:
    for number in range(10):
        film(session, f"Film {number}")
    session.commit()
    session.expunge_all()

    with counted(session) as numbered:
        page = queries.page_of_films(session, FilmFilters(), page=1, per_page=10)
        assert len([FilmSummaryOut.of(found) for found in page.films]) == 10
    session.expunge_all()
    with counted(session) as staff:
        films, _ = queries.staff_films(session, FIRST)
        assert len([StaffFilmOut.of(found) for found in films]) == 10

    assert (len(numbered), len(staff)) == (8, 7)  # numbered pages count once


def test_a_film_page_takes_the_same_queries_however_rich_it_is(session: Session) -> None:
    for number in range(5):
        film(session, f"Other {number}")
    film(session, "Poor")
    rich = {
        "credits": [{"name": f"Person {n}", "role": "participant"} for n in range(20)],
        "subjects": [f"Subject {n}" for n in range(20)],
        "press": [{"kind": "review", "by": f"Critic {n}"} for n in range(20)],
        "related": [{"slug": f"other-{n}"} for n in range(5)],
    }
    film(session, "Rich", **rich)
    session.commit()
    costs = []

    for slug in ("poor", "rich"):
        session.expunge_all()
        with counted(session) as statements:
            FilmOut.whole(queries.film_by_slug(session, slug), [], factories.SETTINGS)
        costs.append(len(statements))

    # An empty list costs no more, and related films come with their relation.
    assert costs[0] <= costs[1] == 16
    assert document("Rich", **rich).press[19].by == "Critic 19"
