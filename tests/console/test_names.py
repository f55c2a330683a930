"""People, subjects and collections at the console."""

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.models import Subject
from app.catalog.parts_models import Person
from tests import factories
from tests.console.desk import Desk


def test_a_person_is_corrected_merged_and_only_then_removed(
    editor: Desk, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        factories.film(session, title="One")
        twin = [{"name": "J. Gorter", "role": "editor"}]
        factories.film(session, title="Two", slug="two", credits=twin)
    assert [row.split()[-1] for row in editor.see("/console/people?q=gorter").rows()] == ["1", "1"]
    path = "/console/people/j-gorter"

    page = editor.see(path)
    stays = editor.fill(page, path, step="remove")
    assert stays.status == 409
    assert "Two still names J. Gorter" in stays.words
    wrong = editor.send(stays, name="")
    assert "Write the name" in wrong.words
    saved = editor.send(wrong, name="Jess Gorter", biography="Edits films.")
    assert "It is saved." in saved.words
    lost = editor.fill(saved, path, step="merge", into="nobody")
    assert lost.status == 404
    merged = editor.fill(saved, path, step="merge", into="jessica-gorter")

    assert "The two entries are one now." in merged.words
    assert merged.title == "Jessica Gorter"
    assert "found under j-gorter, jess-gorter too" in merged.words
    assert merged.typed()["biography"] == "Edits films."
    new = editor.send(editor.see("/console/people"), name="Ana Ferrer", kind="person")
    assert new.path == "/console/people/ana-ferrer"
    editor.fill(new, new.path, step="remove")
    with sessions() as session:
        assert session.scalars(select(Person.slug)).all() == ["jessica-gorter"]


def test_a_subject_is_made_renamed_and_removed(
    editor: Desk, sessions: sessionmaker[Session]
) -> None:
    made = editor.send(editor.see("/console/subjects"), name="Rivers")
    renamed = editor.send(made, name="Streams", summary="Water that runs.")
    assert renamed.title == "Streams"
    twice = editor.send(editor.see("/console/subjects"), name="Rivers")
    assert "Rivers is a name of the subject Streams" in twice.words
    editor.fill(renamed, "/console/subjects/rivers", step="remove")
    with sessions() as session:
        assert session.scalars(select(Subject)).all() == []


def test_a_collection_is_made_ordered_and_removed(
    editor: Desk, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        for slug in ("one", "two"):
            factories.film(session, title=slug.title(), slug=slug)
    form = editor.send(editor.see("/console/new-collection"), "add:films", name="Rivers")
    more = editor.send(form, "add:films", **{"films/0/slug": "one"})
    wrong = editor.send(more, **{"films/1/slug": "nowhere"})
    assert wrong.tree.get_element_by_id("films/1/slug").get("aria-invalid") == "true"
    assert "No film nowhere" in wrong.words
    made = editor.send(wrong, **{"films/1/slug": "two"})
    assert made.path == "/console/collections/rivers"
    assert [made.typed()[f"films/{n}/slug"] for n in (0, 1)] == ["one", "two"]
    editor.send(editor.send(made, "up:films/1"))
    again = editor.see("/console/collections/rivers")
    assert [again.typed()[f"films/{n}/slug"] for n in (0, 1)] == ["two", "one"]
    assert "Rivers" in editor.see("/console/collections").words
    gone = editor.send(again, "remove")
    assert "There are no collections yet." in gone.words
