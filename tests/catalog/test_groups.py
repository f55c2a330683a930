"""Collections, subjects, people, and what to see next."""

import pytest
from sqlalchemy.orm import Session

from app.catalog import film_service, groups, queries
from app.catalog.enums import CreditRole
from app.catalog.groups import GroupCount
from app.catalog.models import Film
from app.core.errors import NotFoundError
from tests.catalog.counting import counted
from tests.catalog.films import EDITOR, collection, film, titles


def loaded(session: Session, slug: str) -> Film:
    return queries.film_by_slug(session, slug)


def test_collections_and_subjects_count_public_films(session: Session) -> None:
    a = film(session, "A", subjects=["Russia", "War"])
    b = film(session, "B", subjects=["War", "Zen"], status="draft")
    collection(session, "Second", [a, b], position=1)
    collection(session, "First", [a], position=0)
    collection(session, "Nothing to see", [b], position=2)

    assert groups.collections(session) == [
        GroupCount("first", "First", "About First", 1),
        GroupCount("second", "Second", "About Second", 1),
    ]
    assert groups.subjects(session) == [
        GroupCount("russia", "Russia", "", 1),
        GroupCount("war", "War", "", 1),
    ]


def test_a_collection_gives_its_public_films_in_order(session: Session) -> None:
    films = [film(session, title) for title in ("C", "A", "B")]
    made = collection(session, "Chosen", films)
    film_service.withdraw_film(session, "a", actor=EDITOR)

    assert groups.collection_by_slug(session, "chosen").id == made.id
    assert titles(groups.collection_films(session, made)) == ["C", "B"]
    assert titles(groups.collection_films(session, made, limit=1)) == ["C"]


def test_what_is_not_there_is_not_found(session: Session) -> None:
    film(session, "Draft", status="draft", credits=[{"name": "Unseen", "role": "director"}])

    with pytest.raises(NotFoundError, match="Collection “x” not found"):
        groups.collection_by_slug(session, "x")
    with pytest.raises(NotFoundError, match="Subject “x” not found"):
        groups.subject_by_slug(session, "x")
    with pytest.raises(NotFoundError, match="Person “x” not found"):
        groups.person_by_slug(session, "x")
    with pytest.raises(NotFoundError, match="Person “unseen” not found"):
        groups.person_by_slug(session, "unseen")
    assert groups.subject_by_slug(session, "history").name == "History"


def test_up_next_goes_on_in_each_collection_and_begins_again(session: Session) -> None:
    a, b, c, d = (film(session, title) for title in "ABCD")
    alone = film(session, "Alone")
    collection(session, "Letters", [a, b, c, d])
    collection(session, "Backwards", [d, c, b, a], position=1)
    collection(session, "Single", [alone], position=2)
    film_service.withdraw_film(session, "d", actor=EDITOR)

    def following(slug: str) -> list[tuple[str, list[str]]]:
        found = groups.up_next(session, loaded(session, slug), limit=2)
        return [(place.collection.name, titles(place.films)) for place in found]

    assert following("b") == [("Letters", ["C", "A"]), ("Backwards", ["A", "C"])]
    assert following("c") == [("Letters", ["A", "B"]), ("Backwards", ["B", "A"])]
    assert following("alone") == []

    def place(slug: str) -> list[tuple[int, int, str | None, bool]]:
        found = groups.up_next(session, loaded(session, slug))
        return [
            (p.number, p.total, p.previous.title if p.previous else None, p.is_last) for p in found
        ]

    assert place("a") == [(1, 3, None, False), (3, 3, "B", True)]
    assert place("b") == [(2, 3, "A", False), (2, 3, "C", False)]


def test_up_next_takes_the_same_queries_for_many_collections(session: Session) -> None:
    films = [film(session, f"Film {number}") for number in range(6)]
    for number in range(5):
        collection(session, f"Group {number}", films)
    session.commit()
    found = loaded(session, "film-2")

    with counted(session) as statements:
        assert len(groups.up_next(session, found)) == 5

    assert len(statements) == 9  # collections, places, and seven for the cards


def test_related_films_are_the_named_ones_that_can_be_seen(session: Session) -> None:
    film(session, "Seen")
    film(session, "Draft", status="draft")
    film(
        session,
        "The Red Soul",
        related=[{"slug": "seen"}, {"slug": "draft"}, {"title": "A Film of Others"}],
    )

    found = groups.related(session, loaded(session, "the-red-soul"))

    assert [(other.title, other.film and other.film.slug) for other in found] == [
        ("Seen", "seen"),
        ("A Film of Others", None),
    ]


def test_similar_films_share_the_most_subjects_and_are_not_related_yet(session: Session) -> None:
    film(session, "Two in common", subjects=["Russia", "War"])
    film(session, "One in common", subjects=["War"])
    film(session, "Related", subjects=["Russia", "War"])
    film(session, "Nothing in common", subjects=["Rivers"])
    film(session, "Hidden", subjects=["Russia", "War"], status="draft")
    film(session, "This", subjects=["Russia", "War"], related=[{"slug": "related"}])

    found = groups.similar(session, loaded(session, "this"))

    assert titles(found) == ["Two in common", "One in common"]


def test_a_person_has_films_by_role(session: Session) -> None:
    both = [{"name": "Jessica Gorter", "role": role} for role in ("editor", "director")]
    film(session, "Early", release_year=2001, credits=both)
    film(session, "Late", release_year=2018)
    film(session, "Hidden", status="draft")

    page = groups.person_by_slug(session, "jessica-gorter")

    assert page.person.name == "Jessica Gorter"
    assert [(role, titles(films)) for role, films in page.films] == [
        (CreditRole.DIRECTOR, ["Late", "Early"]),
        (CreditRole.EDITOR, ["Early"]),
    ]
