"""Batches that are written at the same time leave what one after the other would."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.models import Subject
from app.catalog.parts_models import Person
from app.imports import dry_run
from app.imports.lines import Json, LineOutcome
from tests.imports.files import Store, counts, film, json_lines

FILMS = 40


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a file of some films has many."""
    monkeypatch.setattr(dry_run.batches, "__defaults__", (3,))


@pytest.fixture
def store(sessions: sessionmaker[Session], tmp_path: Path) -> Store:
    return Store(sessions, tmp_path)


def intertwined(number: int, **changes: object) -> Json:
    """Return a film that shares new people and subjects with others, and is related to the last."""
    said: dict[str, object] = {
        "credits": [
            {"name": f"Person {number % 7}", "role": "director"},
            {"name": f"Person {number // 2 % 11}", "role": "editor"},
        ],
        "subjects": [f"Subject {number % 3}", f"Subject {number % 5 + 3}"],
        "identifiers": [{"kind": "oclc", "value": str(1000 + number)}],
        "related": [{"slug": f"film-{number - 1}"}] if number else [],
    }
    return film(f"film-{number}", **{**said, **changes})


def what_was_given(films: list[Json]) -> dict[str, object]:
    return {
        each["slug"]: (
            [credit["name"] for credit in each["credits"]],
            each["subjects"],
            [part["slug"] for part in each["related"]],
            [part["value"] for part in each["identifiers"]],
        )
        for each in films
    }


def test_each_is_related_to_the_last_of_the_batch_before(store: Store, session: Session) -> None:
    films = [intertwined(number) for number in range(FILMS)]
    assert store.apply(json_lines(*films)) == counts(created=FILMS)
    assert what_was_given(store.films()) == what_was_given(films)
    assert session.scalar(select(func.count(Person.id))) == 11
    assert session.scalar(select(func.count(Subject.id))) == 8


def test_films_that_change_among_films_that_come(store: Store, session: Session) -> None:
    """And people of whom a line says something new: all of their films show it."""
    before = [intertwined(number) for number in range(0, FILMS, 3)]
    store.apply(json_lines(*(each | {"related": []} for each in before)))
    films = [intertwined(number) for number in range(FILMS)]
    corrected = {"name": "Person 3", "role": "producer", "sort_name": "Three, Person"}
    for each in films[20:]:
        each["credits"] = [
            part | ({"sort_name": "Three, Person"} if part["name"] == "Person 3" else {})
            for part in each["credits"]
        ]
    films[20]["credits"] = [*films[20]["credits"], corrected]
    changed = len(before) - 1  # the first is related to none
    done = store.apply(json_lines(*films))
    assert done == counts(created=FILMS - len(before), changed=changed, unchanged=1)
    assert what_was_given(store.films()) == what_was_given(films)
    filed = select(Person.sort_name).where(Person.slug == "person-3")
    assert session.scalars(filed).all() == ["Three, Person"]


def test_two_files_at_once_in_opposite_orders(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    films = [intertwined(number) for number in range(FILMS)]
    stores = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        stores.append(Store(sessions, tmp_path / name))
    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(stores[0].apply, json_lines(*films))
        two = threads.submit(stores[1].apply, json_lines(*reversed(films)))
        done = [one.result(), two.result()]
    assert sum(each[LineOutcome.CREATED] for each in done) == FILMS
    assert sum(each[LineOutcome.REJECTED] for each in done) == 0
    assert what_was_given(stores[0].films()) == what_was_given(films)
