"""The index of search, compared with the films and mended."""

from sqlalchemy.orm import Session, sessionmaker

from app.catalog import public_revision, search_index
from app.catalog.models import Film
from app.imports.search_reindex import ReindexProgress, film_count, reindex
from tests import factories


def found(session: Session, words: str) -> list[int]:
    asked = search_index.matching(session, words)
    assert asked is not None
    ids = sorted(session.scalars(asked))
    session.rollback()
    return ids


def test_only_wrong_entries_are_mended_and_made_known(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    press = [{"kind": "article", "title": "Grain by Grain", "outlet": "The Courier"}]
    right = factories.film(session, slug="right", title="Right River", press=press)
    missing = factories.film(session, slug="missing", title="Missing River", press=press)
    older = factories.film(session, slug="older", title="Older River", press=press)
    draft = factories.film(session, slug="draft", title="Draft River", status="draft")
    without_press = {**search_index.searchable_fields(older), "press": []}
    search_index.remove_films(session, [missing.id, older.id])
    search_index.add(
        session, [(older.id, without_press), (draft.id, search_index.searchable_fields(draft))]
    )
    session.commit()
    before = public_revision.current(session).number
    assert found(session, "grain") == [right.id]

    assert film_count(session) == 4
    session.rollback()
    assert list(reindex(sessions, sessions)) == [ReindexProgress(films=4, fixed=3)]

    assert found(session, "grain") == [right.id, missing.id, older.id]
    assert found(session, "draft") == []
    changed = public_revision.changed_since(session, before)
    assert sorted(changed) == sorted([missing.id, older.id, draft.id])
    assert session.get_one(Film, right.id).updated_at == right.updated_at
    session.rollback()
    assert list(reindex(sessions, sessions)) == [ReindexProgress(films=4, fixed=0)]
