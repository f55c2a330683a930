"""The catalog's revision: what counts it up, how often, and what date it has."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.catalog import film_service, public_revision
from app.catalog.public_revision import Revision
from app.core import clock
from tests.catalog.films import EDITOR, change, film


def test_only_what_is_public_counts_the_revision_up(session: Session) -> None:
    def number() -> int:
        session.commit()
        return public_revision.current(session).number

    assert number() == 0
    film(session, "Draft", status="draft")
    change(session, "draft", status="draft", tagline="Still nobody knows")
    assert number() == 0

    change(session, "draft", status="published")
    assert number() == 1
    change(session, "draft", status="published", tagline="New")
    assert number() == 2
    change(session, "draft", status="draft")
    assert number() == 3
    film_service.withdraw_film(session, "draft", actor=EDITOR)
    assert number() == 3


def test_a_transaction_counts_up_once_and_names_each_of_its_films(session: Session) -> None:
    one, two = film(session, "One"), film(session, "Two")
    change(session, "one", tagline="New")
    session.commit()
    assert public_revision.current(session).number == 1
    assert set(public_revision.changed_since(session, 0)) == {one.id, two.id}

    change(session, "two", tagline="New")
    session.commit()
    assert public_revision.current(session).number == 2
    assert public_revision.changed_since(session, 1) == [two.id]


def test_films_whose_people_another_credit_corrects_are_named_too(session: Session) -> None:
    def credited(title: str, name: str, status: str = "published") -> int:
        credit = {"name": name, "role": "director"}
        made = film(session, title, status=status, credits=[credit])
        session.commit()
        return made.id

    one = credited("One", "Helene Klodawsky")
    credited("Draft", "Hélène Klodawsky", status="draft")
    assert public_revision.changed_since(session, 1) == [one]

    three = credited("Three", "Helene Klodawsky")
    assert set(public_revision.changed_since(session, 2)) == {one, three}

    credited("Another draft", "Helene Klodawsky", status="draft")
    assert public_revision.current(session).number == 3


def test_what_a_savepoint_counted_and_took_back_is_counted_again(session: Session) -> None:
    one, two = film(session, "One"), film(session, "Two")
    session.commit()
    with session.begin_nested() as savepoint:
        public_revision.bump(session, [one.id])
        savepoint.rollback()
    public_revision.bump(session, [two.id])
    with session.begin_nested() as savepoint:
        public_revision.bump(session, [one.id])
        savepoint.rollback()
    public_revision.bump(session, [one.id])
    session.commit()

    assert public_revision.current(session).number == 2
    assert set(public_revision.changed_since(session, 1)) == {one.id, two.id}


def test_a_long_transaction_is_dated_by_its_last_second(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = datetime(2026, 11, 20, 12, 0, 0, 900_000, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: begun)
    public_revision.bump(session)
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(milliseconds=200))
    public_revision.bump(session)

    assert public_revision.current(session) == Revision(1, begun + timedelta(milliseconds=200))


def test_a_change_that_is_rolled_back_leaves_the_revision(session: Session) -> None:
    film(session, "Pripyat")
    session.rollback()

    assert public_revision.current(session).number == 0
