"""Films that a file changes, many at once: what is written, and what others do meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.accounts.models import AuditEntry
from app.catalog import film_service, queries, search_index
from app.catalog.documents import FilmDocument, FilmPatch
from app.catalog.models import Film
from app.catalog.people import PersonPatch, change_person
from app.imports import batch_writer
from tests import factories
from tests.imports.files import Store, counts, film, json_lines

ISBN = {"kind": "isbn", "value": "9780977103799"}
WHOLE = {
    "original_title": "De Rivier",
    "alternative_titles": [{"title": "Le Fleuve", "language": "fra"}],
    "grade_levels": ["college"],
    "countries": ["NL", "RU"],
    "versions": [
        {
            "label": "Feature",
            "runtime_minutes": 91,
            "spoken": ["rus", "eng"],
            "subtitles": ["nld"],
            "captions": [{"language": "eng", "kind": "sdh", "source": "human"}],
            "audio_description": True,
        },
        {"label": "Broadcast", "runtime_minutes": 52},
    ],
    "credits": [
        {"name": "Li Wei", "role": "director", "note": "and camera"},
        {"name": "Ana Ferrer", "role": "editor", "sort_name": "Ferrer i Mas, Ana"},
    ],
    "subjects": ["Rivers", "Dams"],
    "accolades": [{"event": "IDFA", "year": 2019, "kind": "award", "name": "Best"}],
    "press": [{"kind": "review", "outlet": "The Courier", "published_on": "2020-02-29"}],
    "related": [{"slug": "other"}, {"title": "Lost"}],
    "identifiers": [ISBN, {"kind": "oclc", "value": "7"}],
    "assets": [{"kind": "press_kit", "title": "Kit", "url": "https://example.org/kit"}],
    "watch_links": [
        {
            "platform": "Vimeo",
            "kind": "rent",
            "territory": ["US"],
            "url": "https://example.org/w",
            "checked_on": "2026-01-31",
        }
    ],
    "partner_links": [
        {
            "platform": "Docuseek",
            "classes": ["college"],
            "url": "https://example.org/p",
            "checked_on": "2026-01-31",
        }
    ],
    "poster": {"layout": "band"},
}


@pytest.fixture
def store(sessions: sessionmaker[Session], tmp_path: Path) -> Store:
    return Store(sessions, tmp_path)


def test_a_line_changes_every_field_as_the_service_does(store: Store, session: Session) -> None:
    """And empties every one again; versions keep their rows, which offers name."""
    factories.film(session, slug="other", title="Other")
    slugs = ("by-file", "by-hand")
    versions = [{"label": label, "runtime_minutes": 80} for label in ("Feature", "Short")]
    made = [factories.film(session, slug=slug, title="Before", versions=versions) for slug in slugs]
    feature = made[0].versions[0].id
    by_file_id, by_hand_id = (each.id for each in made)
    session.commit()
    for change in (WHOLE, {}):
        wanted = film("by-file", **change)
        hand = film("by-hand", **{**change, "identifiers": []}, title=wanted["title"])
        by_hand = queries.film_for_staff(session, "by-hand", for_change=True)
        film_service.replace_film(
            session, by_hand, FilmDocument.model_validate(hand), actor=factories.STAFF
        )
        session.commit()
        assert store.apply(json_lines(wanted)) == counts(changed=1)
        found = {each["slug"]: each for each in store.films()}
        assert found["by-file"]["identifiers"] == change.get("identifiers", [])
        assert found["by-file"] | {"slug": "by-hand", "identifiers": []} == found["by-hand"]
        words = dict(search_index.indexed_words(session, [by_file_id, by_hand_id]))
        session.rollback()
        assert set(words[by_file_id][3]) - {"9780977103799", "7"} == set(words[by_hand_id][3])
        assert words[by_file_id][:3] == words[by_hand_id][:3]
        assert store.apply(json_lines(wanted)) == counts(unchanged=1)

    by_file = queries.film_for_staff(session, "by-file")
    assert [version.id for version in by_file.versions] == [feature]
    assert told_of(session, "by-file") == told_of(session, "by-hand")


def told_of(session: Session, slug: str) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Return the changes of a film that its history has, but for identifiers."""
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.object_ref == slug, AuditEntry.action == "film.changed")
        .order_by(AuditEntry.id)
    )
    return [
        (
            {name: said for name, said in (entry.before or {}).items() if name != "identifiers"},
            {name: said for name, said in (entry.after or {}).items() if name != "identifiers"},
        )
        for entry in entries
    ]


def test_what_changed_since_the_check_is_judged_anew(store: Store, session: Session) -> None:
    """A film that staff edited meanwhile, one that came meanwhile, a person who was renamed."""
    factories.film(session, slug="edited", credits=[{"name": "Li Wei", "role": "director"}])
    session.commit()
    table = (
        b"slug,title,release_year,credits\n"
        b"edited,A New Title,,director: Li Wei\n"
        b"came,Came,2020,director: Li Wei\n"
        b"free,Free,2020,director: Li Wei\n"
    )

    def meanwhile() -> None:
        film = queries.film_for_staff(session, "edited", for_change=True)
        film_service.patch_film(session, film, FilmPatch(tagline="Kept."), actor=factories.STAFF)
        change_person(session, "li-wei", PersonPatch(sort_name="Li, Wei"), actor=factories.STAFF)
        factories.film(session, slug="came", title="Came")
        session.commit()

    assert store.apply(table, meanwhile=meanwhile) == counts(created=1, changed=2)
    found = {each["slug"]: each for each in store.films()}
    assert (found["edited"]["title"], found["edited"]["tagline"]) == ("A New Title", "Kept.")
    filed = [found[slug]["credits"][0]["sort_name"] for slug in ("came", "free")]
    assert filed == ["Li, Wei", "Li, Wei"]


def test_one_bad_moment_refuses_one_line_and_not_its_neighbors(
    store: Store, session: Session
) -> None:
    sold = factories.film(session, slug="sold")
    session.commit()
    table = b"slug,title,release_year,versions\nsold,Sold,,Short: 52\nnew,New,2020,Feature: 9\n"

    def meanwhile() -> None:
        factories.offer(session, of=sold)
        session.commit()

    assert store.apply(table, meanwhile=meanwhile) == counts(created=1, rejected=1)
    assert [each["versions"][0]["label"] for each in store.films()] == ["Feature", "Feature"]
    (made,) = entries_about(session, "film", "new")
    assert made.reason.startswith("import FI-")


def test_a_line_that_is_told_as_refused_is_not_written_later_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither with the relations to films of later lines, which are added at the end."""
    create = film_service.create_film
    refused: list[FilmDocument] = []

    def stale(*_: object, **__: object) -> None:
        raise batch_writer.StaleError

    def unlucky(session: Session, document: FilmDocument, **how: Any) -> Film:  # noqa: ANN401
        if document.slug == "a" and not refused:
            refused.append(document)
            raise IntegrityError(None, None, ValueError())
        return create(session, document, **how)

    monkeypatch.setattr(batch_writer, "_write", stale)
    monkeypatch.setattr(film_service, "create_film", unlucky)

    lines = json_lines(film("a", related=[{"slug": "b"}]), film("b"))
    assert store.apply(lines) == counts(created=1, rejected=1)
    assert [each["slug"] for each in store.films()] == ["b"]


def test_a_helper_beside_the_check_changes_nothing(store: Store) -> None:
    films = [film(f"film-{n}", related=[{"slug": f"film-{(n + 600) % 1100}"}]) for n in range(1100)]
    with ThreadPoolExecutor(1) as helper:
        assert store.apply(json_lines(*films), helper=helper) == counts(created=1100)
    assert [each["related"][0]["slug"] for each in store.films()] == [
        each["related"][0]["slug"] for each in films
    ]
