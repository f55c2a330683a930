"""Several writers at the same moment: the database decides, and nothing is done twice."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog import film_service, public_revision
from app.catalog.errors import FilmConflictError
from app.catalog.models import Film, Subject
from app.catalog.parts_models import Person
from tests.catalog.films import EDITOR, change, document, film

WRITERS = 6


def at_once(work: Callable[[int], str]) -> Counter[str]:
    with ThreadPoolExecutor(WRITERS) as pool:
        return Counter(pool.map(work, range(WRITERS)))


def test_of_films_with_one_slug_one_is_added(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    def add(_: int) -> str:
        try:
            with sessions.begin() as own:
                film_service.create_film(own, document("Pripyat"), actor=EDITOR)
        except FilmConflictError:
            return "taken"
        return "added"

    assert at_once(add) == {"added": 1, "taken": WRITERS - 1}
    assert session.scalar(select(func.count(Film.id))) == 1
    assert public_revision.current(session).number == 1


def test_films_that_bring_the_same_new_names_share_them(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    names = [f"Person {letter}" for letter in "ABCDE"]
    subjects = [f"Subject {letter}" for letter in "ABCDE"]

    def add(number: int) -> str:
        turn = -1 if number % 2 else 1
        with sessions.begin() as own:
            film(
                own,
                f"Film {number}",
                credits=[{"name": name, "role": "director"} for name in names[::turn]],
                subjects=subjects[::turn],
            )
        return "added"

    assert at_once(add) == {"added": WRITERS}
    assert session.scalar(select(func.count(Person.id))) == len(names)
    assert session.scalar(select(func.count(Subject.id))) == len(subjects)
    assert public_revision.current(session).number == WRITERS


def test_no_change_of_one_film_is_lost_from_the_count(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    film(session, "Pripyat")
    session.commit()

    def edit(number: int) -> str:
        with sessions.begin() as own:
            return str(change(own, "pripyat", tagline=f"Line {number}"))

    assert at_once(edit) == {"True": WRITERS}
    assert public_revision.current(session).number == 1 + WRITERS
