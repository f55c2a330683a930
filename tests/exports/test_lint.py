"""Every record passes MARC::Lint, the checker that libraries themselves use."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pymarc import Field, Indicators, Record, Subfield
from sqlalchemy.orm import Session

from app.catalog import film_service
from tests import factories
from tests.exports import generated, linting, unusual_films
from tests.exports.reading import read


@pytest.mark.seeded
def test_no_warning_on_the_sample_catalog(client: TestClient, tmp_path: Path) -> None:
    linting.require()

    records = client.get("/api/v1/records").content

    assert linting.lint(records, tmp_path) == ["82 records"]


def test_no_warning_on_odd_films_nor_on_their_deletions(
    client: TestClient, session: Session, tmp_path: Path
) -> None:
    linting.require()
    films = unusual_films.films(session)
    session.commit()
    whole = client.get("/api/v1/records")
    for film in films:
        film_service.withdraw_film(session, film.slug, actor=factories.STAFF)
    session.commit()
    gone = client.get("/api/v1/records", params={"since": whole.headers["X-Next-Since"]})

    assert linting.lint(whole.content, tmp_path) == [f"{2 * len(films)} records"]
    assert linting.lint(gone.content, tmp_path) == [f"{2 * len(films)} records"]


@pytest.mark.once(on="postgresql")
@pytest.mark.slow
def test_no_warning_on_five_thousand_generated_films(tmp_path: Path) -> None:
    linting.require()
    made = list(generated.records(5000))

    content = b"".join(record.as_marc() for record in made)

    assert linting.lint(content, tmp_path) == ["5000 records"]
    for again, record in zip(read(content), made, strict=True):
        # The leader's lengths are counted as the record is written.
        assert list(map(str, again.fields)) == list(map(str, record.fields))


@pytest.mark.once
def test_the_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    linting.require()
    record = Record(force_utf8=True)
    record.fields = [
        Field(tag="001", data="1"),
        Field("245", Indicators("0", "0"), [Subfield("a", "The red soul")]),
    ]

    assert linting.lint(record.as_marc(), tmp_path) == [
        "1: 245: Must end with . (period).",
        "1: 245: First word, the, may be an article, check 2nd indicator (0).",
        "1 records",
    ]
