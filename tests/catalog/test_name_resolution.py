"""People, subjects and collections: corrected, merged, removed; old names lead to the new entry."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.keys import Scope, create_key
from app.catalog import groups, public_revision, queries, search_index
from app.catalog.collection_service import (
    CollectionDocument,
    collection_for_staff,
    save_collection,
)
from app.catalog.entry_history import undo_change
from app.catalog.errors import EntryInUseError, NameTakenError, UndoRefusedError
from app.catalog.models import Subject
from app.catalog.parts_models import Person
from app.catalog.people import (
    PersonIn,
    PersonPatch,
    change_person,
    create_person,
    delete_person,
    merge_people,
)
from app.catalog.subjects import (
    SubjectIn,
    SubjectPatch,
    change_subject,
    create_subject,
    delete_subject,
    merge_subjects,
)
from app.catalog.undoing import undo
from app.core.errors import InvalidInputError
from tests.catalog.films import EDITOR, change, film


def credits_of(session: Session, slug: str) -> list[tuple[str, str]]:
    return [(c.person.slug, str(c.role)) for c in queries.film_for_staff(session, slug).credits]


def people_words(session: Session, slug: str) -> list[str]:
    """Return the words under which a search finds the people of a film."""
    made = queries.film_for_staff(session, slug)
    return dict(search_index.indexed_words(session, [made.id]))[made.id][1]


def test_two_entries_of_one_person_become_one_that_both_names_find(session: Session) -> None:
    both = [{"name": "J. Gorter", "role": "director"}, {"name": "J. Gorter", "role": "editor"}]
    film(session, "One", credits=[*both, {"name": "Jessica Gorter", "role": "editor"}])
    film(session, "Two", credits=both)
    change(session, "two", credits=[{"name": "Jessica Gorter", "role": "director"}])
    session.commit()
    before = public_revision.current(session).number

    merge_people(session, "j-gorter", "jessica-gorter", actor=EDITOR)

    assert session.scalars(select(Person.slug)).all() == ["jessica-gorter"]
    assert credits_of(session, "one") == [
        ("jessica-gorter", "director"),
        ("jessica-gorter", "editor"),
    ]
    assert public_revision.current(session).number == before + 1
    assert "jessica" in people_words(session, "one")
    # A file, or the history, may still say the old name.
    undo(session, "two", 2, actor=EDITOR)
    assert credits_of(session, "two") == [
        ("jessica-gorter", "director"),
        ("jessica-gorter", "editor"),
    ]
    film(session, "Three", credits=[{"name": "J. Gorter", "role": "director"}])
    assert credits_of(session, "three") == [("jessica-gorter", "director")]
    with pytest.raises(NameTakenError):
        create_person(session, PersonIn(name="J. Gorter"), actor=EDITOR)
    entry = audit.entries_about(session, "person", "j-gorter")[-1]
    assert (entry.action, entry.after) == ("person.merged", {"into": "jessica-gorter"})


def test_a_person_with_credits_stays_and_the_films_are_named(session: Session) -> None:
    film(session, "One")
    film(session, "Two")

    with pytest.raises(EntryInUseError, match="One, Two still name Jessica Gorter"):
        delete_person(session, "jessica-gorter", actor=EDITOR)

    made = create_person(session, PersonIn(name="Ana Ferrer"), actor=EDITOR)
    assert (made.slug, made.sort_name) == ("ana-ferrer", "Ferrer, Ana")
    delete_person(session, made.slug, actor=EDITOR)
    assert session.scalars(select(Person.slug)).all() == ["jessica-gorter"]


def test_a_renamed_person_is_found_by_both_names(session: Session) -> None:
    film(session, "One")

    change_person(session, "jessica-gorter", PersonPatch(name="Jess Gorter"), actor=EDITOR)

    assert sorted(people_words(session, "one")) == ["gorter", "jess"]
    for title, name in (("Two", "Jessica Gorter"), ("Three", "Jess Gorter")):
        film(session, title, credits=[{"name": name, "role": "director"}])
    assert session.scalars(select(Person.name)).all() == ["Jess Gorter"]


def test_undo_is_refused_where_what_a_film_says_of_a_person_would_be_lost(
    session: Session,
) -> None:
    film(session, "One")
    patch = PersonPatch(sort_name="Gorter, J.")
    change_person(session, "jessica-gorter", patch, actor=EDITOR)
    credit = {"name": "Jessica Gorter", "role": "director", "sort_name": "Gorter, Jess"}
    film(session, "Two", credits=[credit])

    with pytest.raises(UndoRefusedError, match="sort name was changed again by a film that names"):
        undo_change(session, "people", "jessica-gorter", 1, actor=EDITOR)

    assert session.scalars(select(Person.sort_name)).all() == ["Gorter, Jess"]


def test_a_renamed_and_a_merged_subject_are_found_by_all_their_names(session: Session) -> None:
    film(session, "One", subjects=["USSR", "Soviet Union"])
    film(session, "Two", subjects=["USSR"])
    change_subject(session, "ussr", SubjectPatch(name="Soviet Russia"), actor=EDITOR)
    merge_subjects(session, "ussr", "soviet-union", actor=EDITOR)

    film(session, "Three", subjects=["Soviet Russia"])
    film(session, "Four", subjects=["USSR"])

    assert session.scalars(select(Subject.slug)).all() == ["soviet-union"]
    for slug in ("one", "two", "three", "four"):
        said = [subject.name for subject in queries.film_for_staff(session, slug).subjects]
        assert said == ["Soviet Union"], slug
    with pytest.raises(InvalidInputError, match="1 field"):
        film(session, "Five", subjects=["Soviet Union", "USSR"])
    with pytest.raises(NameTakenError):
        create_subject(session, SubjectIn(name="Ussr"), actor=EDITOR)
    with pytest.raises(EntryInUseError, match="Four, One, Three, Two still name Soviet Union"):
        delete_subject(session, "soviet-union", actor=EDITOR)


def test_a_collection_changes_only_when_it_says_something_new(session: Session) -> None:
    film(session, "One")
    film(session, "Two", status="draft")
    wanted = CollectionDocument(slug="rivers", name="Rivers", films=["two", "one"])

    assert save_collection(session, wanted, actor=EDITOR, is_new=True) is True
    assert save_collection(session, wanted, actor=EDITOR) is False

    made = collection_for_staff(session, "rivers")
    assert made is not None
    assert [one.slug for one in groups.collection_films(session, made)] == ["one"]
    assert [place.film.slug for place in made.places] == ["two", "one"]
    with pytest.raises(InvalidInputError) as caught:
        save_collection(
            session, wanted.model_copy(update={"films": ["one", "nowhere"]}), actor=EDITOR
        )
    assert [problem.pointer for problem in caught.value.errors] == ["#/films/1"]


def test_films_that_are_related_to_each_other_follow_a_name_too(session: Session) -> None:
    for title in ("One", "Two"):
        film(session, title, subjects=["Old Age", "Aging"])
    change(session, "one", subjects=["Old Age"], related=[{"slug": "two"}])
    change(session, "two", subjects=["Aging"], related=[{"slug": "one"}])
    session.commit()
    session.expunge_all()

    merge_subjects(session, "old-age", "aging", actor=EDITOR)
    session.commit()
    session.expunge_all()
    change_person(session, "jessica-gorter", PersonPatch(name="Jessica Smit"), actor=EDITOR)

    for slug in ("one", "two"):
        made = queries.film_for_staff(session, slug)
        assert [subject.name for subject in made.subjects] == ["Aging"]
        assert people_words(session, slug) == ["jessica", "smit"]


def test_the_api_keeps_people_subjects_and_collections(
    client: TestClient, session: Session
) -> None:
    key = create_key(session, label="Desk", scopes=[Scope.CATALOG_WRITE])
    film(session, "One", subjects=["Rivers"])
    session.commit()
    client.headers["Authorization"] = f"Bearer {key}"
    base = "/api/v1/admin"

    made = client.post(f"{base}/people", json={"name": "Ana Ferrer"})
    assert (made.status_code, made.json()["sort_name"]) == (201, "Ferrer, Ana")
    assert client.post(f"{base}/people", json={"name": "Ana Ferrer"}).json()["type"] == "name-taken"
    kept = client.post(f"{base}/people/ana-ferrer/merge", json={"into": "jessica-gorter"})
    assert kept.json()["also"] == ["ana-ferrer"]
    stays = client.delete(f"{base}/people/jessica-gorter")
    assert (stays.status_code, stays.json()["type"]) == (409, "entry-in-use")
    assert [one["slug"] for one in client.get(f"{base}/people?q=gort").json()["items"]] == [
        "jessica-gorter"
    ]
    renamed = client.patch(f"{base}/subjects/rivers", json={"name": "Streams"})
    assert (renamed.json()["name"], renamed.json()["also"]) == ("Streams", ["streams"])
    for gone, now in (
        ("/people/ana-ferrer", "/people/jessica-gorter"),
        ("/api/v1/people/ana-ferrer", "/api/v1/people/jessica-gorter"),
        ("/people/ana-ferrer/films.atom", "/people/jessica-gorter/films.atom"),
        ("/subjects/streams?page=2", "/subjects/rivers?page=2"),
        ("/api/v1/subjects/streams", "/api/v1/subjects/rivers"),
        ("/subjects/streams/films.atom", "/subjects/rivers/films.atom"),
    ):
        moved = client.get(gone, follow_redirects=False)
        assert (moved.status_code, moved.headers["location"]) == (308, now)
    collection = {"slug": "water", "name": "Water", "films": ["one"]}
    assert client.post(f"{base}/collections", json=collection).status_code == 201
    put = client.put(f"{base}/collections/water", json=collection | {"name": "Waters"})
    assert (put.json()["name"], put.json()["films"]) == ("Waters", ["one"])
    assert client.get("/collections/water").status_code == 200
    assert client.delete(f"{base}/collections/water").status_code == 204
    assert client.put(f"{base}/collections/water", json=collection).status_code == 404


def test_the_api_lists_and_takes_back_changes_of_people_subjects_and_collections(
    client: TestClient, session: Session
) -> None:
    key = create_key(session, label="Desk", scopes=[Scope.CATALOG_WRITE])
    film(session, "One", subjects=["Rivers"])
    session.commit()
    client.headers["Authorization"] = f"Bearer {key}"
    base = "/api/v1/admin"
    assert client.get(f"{base}/people/jessica-gorter/history").json() == {"items": [], "next": None}
    assert client.get(f"{base}/subjects/nothing/history").status_code == 404
    assert client.get(f"{base}/people/jessica-gorter/history?cursor=x").status_code == 422
    collection = {"slug": "water", "name": "Water", "films": ["one"]}
    client.post(f"{base}/collections", json=collection)
    client.put(f"{base}/collections/water", json=collection | {"summary": "One."})
    client.put(f"{base}/collections/water", json=collection | {"summary": "Two."})
    for words in ("One.", "Two."):
        client.patch(f"{base}/people/jessica-gorter", json={"biography": words})
        client.patch(f"{base}/subjects/rivers", json={"summary": words})
    for entry, field, first in (
        ("people/jessica-gorter", "biography", 1),
        ("subjects/rivers", "summary", 1),
        ("collections/water", "summary", 2),
    ):
        path = f"{base}/{entry}/history"
        newest = client.get(f"{path}?limit=1").json()
        (last,) = newest["items"]
        assert (last["number"], last["before"][field]) == (first + 1, "One.")
        assert last["after"][field] == "Two."
        assert "undoes" not in last
        older = client.get(f"{path}?limit=1&cursor={newest['next']}").json()
        assert [one["number"] for one in older["items"]] == [first]
        blocked = client.post(f"{path}/{first}/undo", json={})
        assert (blocked.status_code, blocked.json()["type"]) == (409, "undo-refused")
        assert blocked.json()["errors"][0]["pointer"] == f"#/{field}"
        done = client.post(f"{path}/{first}/undo", json={"anyway": True, "reason": "Typed wrong"})
        assert done.json()["number"] == first + 2
        assert done.json()["reason"] == f"Undoes change {first}: Typed wrong"
        assert done.json()["after"][field] == ""
        assert client.post(f"{path}/9/undo", json={}).status_code == 404
    made = client.post(f"{base}/collections/water/history/1/undo", json={"anyway": True})
    assert made.json()["detail"] == "Creating, merging, and removing can't be undone."
