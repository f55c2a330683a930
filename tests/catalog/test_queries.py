"""Lists of films: their order, their pages, their filters, and how many queries they take."""

import pytest
from sqlalchemy.orm import Session

from app.catalog import queries
from app.catalog.enums import FilmStatus
from app.catalog.schemas import FilmOut, StaffFilmOut
from app.core.errors import NotFoundError
from app.core.pagination import PageParams
from tests import factories
from tests.catalog.counting import counted
from tests.catalog.films import document, film, titles

FIRST = PageParams(limit=50, cursor=None)


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


def test_the_staff_list_takes_the_same_queries_however_long_it_is(session: Session) -> None:
    for number in range(10):
        film(session, f"Film {number}")
    session.commit()
    session.expunge_all()

    with counted(session) as staff:
        films, _ = queries.staff_films(session, FIRST)
        assert len([StaffFilmOut.of(found) for found in films]) == 10

    assert len(staff) == 7  # films, versions, languages, credits, subjects, countries, files


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
