"""A film's history: what is noted, how it reads, how a change is taken back."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.keys import Scope, create_key
from app.accounts.models import AuditEntry
from app.catalog import history, public_revision, queries
from app.catalog.differences import DiffRun, FieldDifference, RowChange, RowDifference, differences
from app.catalog.document_mapping import document_of
from app.catalog.errors import UndoRefusedError
from app.catalog.undoing import undo
from app.core.errors import NotFoundError
from tests.catalog.films import EDITOR, change, document, film

OTHER = Actor.staff("olga@example.org", "Olga Other")


def test_undo_restores_what_one_change_changed_and_leaves_the_rest(session: Session) -> None:
    film(session, "Pripyat", tagline="First")
    change(session, "pripyat", tagline="Second", release_year=2001)
    change(session, "pripyat", tagline="Second", release_year=2001, genre="Essay")
    session.commit()
    before = public_revision.current(session).number

    found = undo(session, "pripyat", 2, actor=OTHER, reason="Typed into the wrong film")

    assert (found.tagline, found.release_year, found.genre) == ("First", 2018, "Essay")
    assert public_revision.current(session).number == before + 1
    last, _, undone, _ = history.changes(session, found)
    assert (last.number, last.undoes, undone.number, undone.undone_by) == (4, 2, 2, 4)
    assert (last.entry.actor_label, last.entry.reason) == (
        "Olga Other",
        "Undoes change 2: Typed into the wrong film",
    )
    assert last.before == {"tagline": "Second", "release_year": 2001}
    assert last.after == {"tagline": "First", "release_year": 2018}
    again = undo(session, "pripyat", 4, actor=OTHER)
    assert (again.tagline, again.release_year) == ("Second", 2001)


def test_undo_is_refused_where_a_later_change_would_be_lost_unless_confirmed(
    session: Session,
) -> None:
    film(session, "Pripyat", tagline="First", synopsis="One.")
    change(session, "pripyat", tagline="Second", synopsis="Two.")
    change(session, "pripyat", tagline="Third", synopsis="Two.")

    with pytest.raises(UndoRefusedError) as caught:
        undo(session, "pripyat", 2, actor=OTHER)

    (problem,) = caught.value.errors
    assert problem.pointer == "#/tagline"
    assert problem.detail.startswith("tagline was changed again: change 3 by Cat Alogue on ")
    found = undo(session, "pripyat", 2, actor=OTHER, anyway=True)
    assert (found.tagline, found.synopsis) == ("First", "One.")
    with pytest.raises(UndoRefusedError, match="already has the values from before change 2"):
        undo(session, "pripyat", 2, actor=OTHER, anyway=True)
    with pytest.raises(UndoRefusedError, match="Withdraw the film instead"):
        undo(session, "pripyat", 1, actor=OTHER)
    with pytest.raises(NotFoundError):
        undo(session, "pripyat", 9, actor=OTHER)


def test_undo_names_people_as_they_are_called_by_now(session: Session) -> None:
    people = [{"name": "Jessica Gorter", "role": "director"}, {"name": "Al Dee", "role": "editor"}]
    editor = film(session, "Pripyat", credits=people).credits[1].person
    change(session, "pripyat", credits=people[:1])
    editor.name, editor.sort_name = "Alan Dee", "Dee, Alan"

    found = undo(session, "pripyat", 2, actor=OTHER)

    assert [credit.person.name for credit in found.credits] == ["Jessica Gorter", "Alan Dee"]


def test_what_a_film_said_is_found_from_what_it_says(session: Session) -> None:
    film(session, "Pripyat", tagline="First")
    change(session, "pripyat", tagline="Second", genre="Essay")
    change(session, "pripyat", tagline="Third", genre="Essay")
    present = queries.film_for_staff(session, "pripyat")
    assert history.latest(session, "pripyat") == 3

    later = history.changes(session, present, above=1)
    then = history.as_of(document_of(present).model_dump(mode="json"), later)

    assert [one.number for one in later] == [3, 2]
    assert (then["tagline"], then["genre"], then["title"]) == ("First", "Documentary", "Pripyat")


def test_many_films_are_noted_in_one_statement_with_what_is_not_empty(session: Session) -> None:
    one = document("One", tagline=None).model_dump(mode="json")
    two = document("Two").model_dump(mode="json")

    history.record_created(session, [("one", one), ("two", two)], actor=EDITOR, reason="list.csv")
    history.record_changed(
        session, [("one", one, one | {"genre": "Essay"}), ("two", two, two)], actor=EDITOR
    )

    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(row.action, row.object_ref) for row in rows] == [
        ("film.created", "one"),
        ("film.created", "two"),
        ("film.changed", "one"),
    ]
    assert (rows[0].before, rows[0].reason, rows[0].actor_label) == (None, "list.csv", "Cat Alogue")
    assert rows[0].after is not None
    assert "tagline" not in rows[0].after
    assert rows[0].after["versions"][0]["runtime_minutes"] == 90
    assert (rows[2].before, rows[2].after) == ({"genre": "Documentary"}, {"genre": "Essay"})


@pytest.mark.once
@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"tagline": ""}, {"tagline": None}, []),
        ({}, {"tagline": "New"}, [FieldDifference("tagline", "Tagline", "", "New")]),
        (
            {"countries": ["NL"]},
            {"countries": ["NL", "RU"]},
            [FieldDifference("countries", "Countries", "Netherlands", "Netherlands, Russia")],
        ),
        (
            {"synopsis": "A red soul."},
            {"synopsis": "A blue soul."},
            [
                FieldDifference(
                    "synopsis",
                    "Synopsis",
                    pieces=[
                        DiffRun("", "A "),
                        DiffRun("del", "red"),
                        DiffRun("ins", "blue"),
                        DiffRun("", " soul."),
                    ],
                )
            ],
        ),
        (
            {"versions": [{"label": "Feature", "runtime_minutes": 90, "spoken": ["rus"]}]},
            {
                "versions": [
                    {"label": "Feature", "runtime_minutes": 92, "spoken": ["rus"]},
                    {"label": "Short", "runtime_minutes": 52, "spoken": ["eng", "rus"]},
                ]
            },
            [
                FieldDifference(
                    "versions",
                    "Versions",
                    rows=[
                        RowDifference(RowChange.CHANGED, "Feature", ["runtime minutes: 90 → 92"]),
                        RowDifference(
                            RowChange.ADDED,
                            "Short",
                            ["runtime minutes 52", "spoken English, Russian"],
                        ),
                    ],
                )
            ],
        ),
        (
            {"press": [{"kind": "podcast", "by": "A", "length_seconds": 647}]},
            {"press": [{"kind": "podcast", "by": "B", "length_seconds": 600}]},
            [
                FieldDifference(
                    "press",
                    "Press and interviews",
                    rows=[
                        RowDifference(
                            RowChange.CHANGED,
                            "podcast, A",
                            ["name: A → B", "length seconds: 10:47 → 10:00"],
                        )
                    ],
                )
            ],
        ),
        (
            {"related": [{"slug": "a"}, {"slug": "b"}, {"title": "C"}]},
            {"related": [{"slug": "b"}, {"slug": "a"}]},
            [
                FieldDifference(
                    "related",
                    "Related films",
                    rows=[RowDifference(RowChange.REMOVED, "C", [])],
                    reordered=True,
                )
            ],
        ),
    ],
)
def test_a_difference_reads_field_by_field_and_row_by_row(
    before: dict[str, Any], after: dict[str, Any], found: list[FieldDifference]
) -> None:
    assert [str(one) for one in differences(before, after)] == [str(one) for one in found]


def test_the_api_lists_a_history_in_pages_and_takes_a_change_back(
    client: TestClient, session: Session
) -> None:
    key = create_key(session, label="Desk", scopes=[Scope.CATALOG_WRITE])
    film(session, "Pripyat", tagline="First")
    change(session, "pripyat", tagline="Second")
    session.commit()
    client.headers["Authorization"] = f"Bearer {key}"
    address = "/api/v1/admin/films/pripyat/history"

    first = client.get(address, params={"limit": 1}).json()
    rest = client.get(address, params={"limit": 1, "cursor": first["next"]}).json()

    (changed,) = first["items"]
    assert (changed["number"], changed["action"], changed["actor"], changed["via"]) == (
        2,
        "film.changed",
        "Cat Alogue",
        "console",
    )
    assert (changed["before"], changed["after"]) == ({"tagline": "First"}, {"tagline": "Second"})
    assert (rest["items"][0]["number"], rest["items"][0]["before"], rest["next"]) == (1, None, None)
    undone = client.post(f"{address}/2/undo", json={})
    assert (undone.status_code, undone.json()["tagline"]) == (200, "First")
    assert client.get(address).json()["items"][1]["undone_by"] == 3
    refused = client.post(f"{address}/2/undo", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "undo-refused")
    assert client.get("/api/v1/admin/films/nowhere/history").status_code == 404
