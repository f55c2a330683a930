"""The index of films for matching lists: as fresh as the catalog, at the cost of what changed."""

import pytest
from sqlalchemy.orm import Session

from app.catalog import film_service
from app.lookup.match_index import get_match_index
from app.lookup.matching import MatchIndex, MatchQuery
from tests.catalog.films import EDITOR, change, film


def matched(session: Session, title: str) -> str:
    result = get_match_index(session).match(MatchQuery(title=title))
    return result.match.film.slug if result.match else ""


def test_a_change_is_seen_and_costs_only_its_own_films(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for title in ("Volga Days", "Grass", "Night Mail"):
        film(session, title)
    session.commit()
    assert matched(session, "volga days") == "volga-days"
    session.commit()
    monkeypatch.setattr(MatchIndex, "build", None)  # from here on it must not be made whole

    change(session, "volga-days", original_title="Along the Don")
    film(session, "Drifters")
    film_service.withdraw_film(session, "grass", actor=EDITOR)
    session.commit()

    assert matched(session, "along the don") == "volga-days"
    assert matched(session, "drifters") == "drifters"
    assert matched(session, "night mail") == "night-mail"
    assert matched(session, "grass") == ""


def test_what_is_not_committed_is_nobody_elses(session: Session) -> None:
    film(session, "Grass")
    session.commit()
    assert matched(session, "grass") == "grass"
    session.commit()

    change(session, "grass", original_title="Reed")
    assert matched(session, "reed") == "grass"
    session.rollback()

    assert matched(session, "grass") == "grass"
