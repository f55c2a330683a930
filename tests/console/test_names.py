"""People, subjects and collections at the console."""

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.collection_service import CollectionDocument, save_collection
from app.catalog.models import Subject
from app.catalog.parts_models import Person
from tests import factories
from tests.console.staff_browser import StaffBrowser


def test_person_is_edited_merged_and_removed(
    editor: StaffBrowser, sessions: sessionmaker[Session]
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
    assert "Enter the name" in wrong.words
    saved = editor.send(wrong, name="Jess Gorter", biography="Edits films.")
    assert "Changes saved." in saved.words
    lost = editor.fill(saved, path, step="merge", into="nobody")
    assert lost.status == 404
    unknown = editor.fill(saved, path, step="look", into="Nobody")
    assert "No matching entries." in unknown.words
    looked = editor.fill(saved, path, step="merge", into="Gorter")
    assert looked.status == 422
    assert "Choose an entry below, or enter its slug" in looked.words
    (pick,) = looked.tree.xpath("//div[@class='offered']/button/@value")
    assert pick == "pick:into=jessica-gorter"
    assert looked.tree.xpath("//div[@class='offered']//*[@class='quiet']/text()") == ["1 film"]
    chosen = editor.fill(looked, path, step=pick)
    assert chosen.tree.xpath("//div[@class='offered']") == []
    (kept,) = chosen.tree.xpath("//input[@name='into']/@value")
    merged = editor.fill(chosen, path, step="merge", into=kept)

    assert "Entries merged." in merged.words
    assert merged.title == "Jessica Gorter"
    assert "also found as j-gorter, jess-gorter" in merged.words
    assert merged.typed()["biography"] == "Edits films."
    new = editor.send(editor.see("/console/people"), name="Ana Ferrer", kind="person")
    assert new.path == "/console/people/ana-ferrer"
    editor.fill(new, new.path, step="remove")
    with sessions() as session:
        assert session.scalars(select(Person.slug)).all() == ["jessica-gorter"]


def test_concurrent_edits_of_entry_conflict_and_change_is_undone(
    editor: StaffBrowser, admin: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        factories.film(session, title="One", slug="one", subjects=["Rivers"])
        collection = CollectionDocument(slug="water", name="Water", films=["one"])
        save_collection(session, collection, actor=factories.STAFF)
    assert "No changes yet" in editor.see("/console/people/jessica-gorter/history").words
    assert editor.see("/console/people/nobody/history").status == 404
    for path, field, word in (
        ("/console/people/jessica-gorter", "biography", "biography"),
        ("/console/subjects/rivers", "summary", "summary"),
        ("/console/collections/water", "summary", "summary"),
    ):
        mine, theirs = editor.see(path), admin.see(path)
        admin.send(theirs, **{field: "Theirs."})

        told = editor.send(mine, **{field: "Mine."})
        assert told.status == 409
        assert f"Admin Person changed {word} at" in told.words
        assert told.typed()[field] == "Mine."
        assert "Changes saved." in editor.send(told).words

        history = editor.see(f"{path}/history")
        last, first = sorted(
            (action for action in history.actions() if "/history/" in action), reverse=True
        )
        blocked = editor.fill(history, first)
        assert blocked.status == 409
        assert f"{word.capitalize()} was changed again by change" in blocked.words
        done = editor.fill(history, last)
        assert "Undoes change" in done.words
        assert editor.see(path).typed()[field] == "Theirs."
        again = editor.fill(done, last)
        assert "The entry already has the values from before" in again.words


def test_row_step_keeps_edit_conflict(
    editor: StaffBrowser, admin: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        collection = CollectionDocument(slug="water", name="Water", films=[])
        save_collection(session, collection, actor=factories.STAFF)
    mine, theirs = (desk.see("/console/collections/water") for desk in (editor, admin))
    admin.send(theirs, summary="Theirs.")

    told = editor.send(editor.send(mine, "add:films"), summary="Mine.")

    assert told.status == 409
    assert "Admin Person changed summary at" in told.words
    assert editor.see("/console/collections/water").typed()["summary"] == "Theirs."


def test_subject_is_created_renamed_and_removed(
    editor: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    made = editor.send(editor.see("/console/subjects"), name="Rivers")
    renamed = editor.send(made, name="Streams", summary="Water that runs.")
    assert renamed.title == "Streams"
    twice = editor.send(editor.see("/console/subjects"), name="Rivers")
    assert "Rivers already belongs to the subject Streams" in twice.words
    editor.fill(renamed, "/console/subjects/rivers", step="remove")
    with sessions() as session:
        assert session.scalars(select(Subject)).all() == []


def test_collection_is_created_ordered_and_removed(
    editor: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        for slug in ("one", "two"):
            factories.film(session, title=slug.title(), slug=slug)
    form = editor.send(editor.see("/console/new-collection"), "add:films", name="Rivers")
    more = editor.send(form, "add:films", **{"films/0/slug": "one"})
    wrong = editor.send(more, **{"films/1/slug": "nowhere"})
    assert wrong.tree.get_element_by_id("films/1/slug").get("aria-invalid") == "true"
    assert "Film “nowhere” not found" in wrong.words
    assert "No matching films." in wrong.words
    looked = editor.send(wrong, "look", **{"films/1/slug": "Tw", "summary": "Kept."})
    (pick,) = looked.tree.xpath("//div[@class='offered']/button/@value")
    assert pick == "pick:films/1/slug=two"
    chosen = editor.send(looked, pick)
    assert chosen.typed() | {"films/0/slug": "one", "films/1/slug": "two"} == chosen.typed()
    assert chosen.typed()["summary"] == "Kept."
    assert chosen.tree.xpath("//div[@class='offered']") == []
    made = editor.send(chosen)
    assert made.path == "/console/collections/rivers"
    assert [made.typed()[f"films/{n}/slug"] for n in (0, 1)] == ["one", "two"]
    editor.send(editor.send(made, "up:films/1"))
    again = editor.see("/console/collections/rivers")
    assert [again.typed()[f"films/{n}/slug"] for n in (0, 1)] == ["two", "one"]
    assert "Rivers" in editor.see("/console/collections").words
    gone = editor.send(again, "remove")
    assert "No collections yet." in gone.words


def test_search_synonyms_are_saved(editor: StaffBrowser, admin: StaffBrowser) -> None:
    page = editor.see("/console/synonyms")
    assert str(page.typed()["groups"]).startswith("USSR, Soviet Union")
    other = admin.see("/console/synonyms")

    wrong = editor.send(page, groups="gulag, labor camp\n\nalone\n")
    assert wrong.status == 422
    assert "Line 3: enter 2 to 20 words or phrases" in wrong.words
    assert str(wrong.typed()["groups"]).splitlines()[2] == "alone"
    saved = editor.send(wrong, groups="gulag, labor camp\n")
    assert "Synonyms saved." in saved.words
    assert saved.typed()["groups"] == "gulag, labor camp"

    lost = admin.send(other, groups="kolkhoz, collective farm")
    assert lost.status == 409
    assert "Someone else changed the list" in lost.words
    assert lost.typed()["groups"] == "kolkhoz, collective farm"
