"""Every record passes MARC::Lint, the checker that libraries themselves use."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests import factories
from tests.exports import linting, odd


@pytest.mark.seeded
def test_no_warning_on_the_sample_catalog(client: TestClient, tmp_path: Path) -> None:
    linting.require()

    records = client.get("/api/v1/records").content

    assert linting.lint(records, tmp_path) == ["82 records"]


def test_no_warning_on_odd_films_nor_on_their_deletions(
    client: TestClient, session: Session, tmp_path: Path
) -> None:
    linting.require()
    films = odd.films(session)
    session.commit()
    whole = client.get("/api/v1/records")
    for film in films:
        factories.withdraw(session, film)
    session.commit()
    gone = client.get("/api/v1/records", params={"since": whole.headers["X-Next-Since"]})

    assert linting.lint(whole.content, tmp_path) == [f"{2 * len(films)} records"]
    assert linting.lint(gone.content, tmp_path) == [f"{2 * len(films)} records"]


@pytest.mark.once
def test_the_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    linting.require()
    sample = b"00094ngm a2200049 i 4500001000200000245002300002\x1e1\x1e04\x1faThe red soul\x1e\x1d"

    assert "245: Must end with . (period)." in " ".join(linting.lint(sample, tmp_path))
