"""Taking files of films into the catalog: what is created, changed, left, refused; and back out."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.models import AuditEntry
from app.catalog import film_service, public_revision, queries, search_index
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmDocument
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.core.config import Settings
from app.core.db import make_engine, make_sessions
from app.core.errors import AppError
from app.imports.film_documents import load_documents
from app.imports.lines import FileFormat, LineOutcome
from app.imports.models import FilmImport
from tests import factories
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.imports.files import Store, counts, film, json_lines, summarize, workbook

WHICH_FILM = (
    "A film with this title exists: two (2018). To change it, enter its year, slug, or an "
    "identifier."
)
ISBN = {"kind": "isbn", "value": "9780977103799"}


@pytest.fixture
def store(sessions: sessionmaker[Session], tmp_path: Path) -> Store:
    return Store(sessions, tmp_path)


@pytest.mark.seeded
def test_documents_read_in_bulk_are_those_of_the_service(session: Session) -> None:
    ids = session.scalars(select(Film.id)).all()
    found = load_documents(session, ids)
    assert len(found) >= 35
    for film_id, document in found.items():
        slug = session.get_one(Film, film_id).slug
        whole = document_of(queries.film_for_staff(session, slug)).model_dump(mode="json")
        assert list(document.items()) == list(whole.items())


@pytest.mark.seeded
@pytest.mark.parametrize("form", [FileFormat.JSON_LINES, FileFormat.CSV, FileFormat.XLSX])
def test_an_export_taken_in_where_it_comes_from_changes_nothing(
    store: Store, form: FileFormat
) -> None:
    data = store.export(form)
    before = store.export(FileFormat.JSON_LINES)
    number = before.count(b"\n")

    assert store.apply(data) == counts(unchanged=number)
    assert store.export(FileFormat.JSON_LINES) == before


@pytest.mark.seeded
def test_an_export_taken_into_an_empty_store_comes_out_the_same(
    store: Store, databases: SqliteDatabases | PostgresDatabases, tmp_path: Path
) -> None:
    store.apply(json_lines(film("odd", title="=1+1", synopsis="a\r\nb", sort_title="'@x")))
    data = store.export(FileFormat.JSON_LINES)
    url = databases.fresh(seeded=False)
    engine = make_engine(url)
    empty = Store(make_sessions(engine), tmp_path)

    assert empty.apply(data) == counts(created=data.count(b"\n"))
    assert empty.export(FileFormat.JSON_LINES) == data
    engine.dispose()
    databases.drop(url)


def test_a_dry_run_says_of_each_line_what_would_become_of_it(
    store: Store, session: Session
) -> None:
    for slug in ("same", "other"):
        factories.film(session, slug=slug, title=slug.title(), identifiers=[])
    session.commit()
    same, other = store.films()
    before = public_revision.current(session)
    session.rollback()
    results = store.check(
        json_lines(
            same,
            other | {"release_year": 1999, "subjects": ["Rivers"]},
            film("new"),
            film("bad", release_year="soon", versions=[], colour="red"),
        )
    )

    assert summarize(results) == {
        1: ("unchanged", "same", []),
        2: ("changed", "other", []),
        3: ("created", "new", []),
        4: (
            "rejected",
            "bad",
            [
                ("#/release_year", "Enter a whole number."),
                ("#/colour", "Extra inputs are not permitted"),
            ],
        ),
    }
    differences = [(each.field, each.before, each.after) for each in results[1].differences]
    assert differences == [("release_year", 2018, 1999), ("subjects", [], ["Rivers"])]
    assert store.films() == [same, other]
    assert public_revision.current(session) == before


@pytest.mark.parametrize(
    "broken",
    [
        {"versions": []},
        {"credits": [{"name": "Jessica Gørter", "role": "director", "person": "ana-ferrer"}]},
        {"credits": [{"name": "!", "role": "director"}]},
        {"credits": [{"name": "Li Wei", "role": "editor"}, {"name": "LI WEI", "role": "editor"}]},
        {"subjects": ["Rivers", "rivers"]},
        {"subjects": ["!!"]},
        {"related": [{"slug": "broken"}]},
        {"related": [{"slug": "there"}, {"slug": "there"}]},
        {"related": [{"slug": "nowhere"}]},
        {"identifiers": [ISBN]},
        {"identifiers": [{"kind": "oclc", "value": "7"}, {"kind": "oclc", "value": "7"}]},
    ],
)
def test_a_line_is_refused_for_what_the_service_refuses_in_its_words(
    store: Store, session: Session, broken: dict[str, object]
) -> None:
    factories.film(
        session,
        slug="there",
        identifiers=[ISBN],
        credits=[{"name": "Ana Ferrer", "role": "director"}],
    )
    session.commit()
    document = film("broken", **broken)
    wanted = FilmDocument.model_validate(document)
    with pytest.raises(AppError) as refused:
        film_service.create_film(session, wanted, actor=factories.STAFF)
    session.rollback()
    words = [(problem.pointer, problem.detail) for problem in refused.value.errors]

    assert summarize(store.check(json_lines(document))) == {1: ("rejected", "broken", words)}
    assert store.apply(json_lines(document, film("good"))) == counts(created=1, rejected=1)
    assert [each["slug"] for each in store.films()] == ["there", "good"]


def test_lines_about_one_film_are_refused_together(store: Store) -> None:
    results = store.check(
        json_lines(
            film("a"),
            film("b", identifiers=[ISBN]),
            film("a", tagline="Other"),
            film("c", identifiers=[ISBN]),
        )
    )
    assert summarize(results) == {
        1: ("rejected", "a", [("#", "a is also on line 3.")]),
        2: ("rejected", "b", [("#", "ISBN 9780977103799 is also on line 4.")]),
        3: ("rejected", "a", [("#", "a is also on line 1.")]),
        4: ("rejected", "c", [("#", "ISBN 9780977103799 is also on line 2.")]),
    }


def test_a_refused_line_takes_those_along_that_are_related_to_its_film(store: Store) -> None:
    data = json_lines(
        film("a", related=[{"slug": "b"}]),
        film("b", related=[{"slug": "c"}, {"title": "Known by name"}]),
        film("c", status="lost"),
        film("d", related=[{"slug": "e"}]),
        film("e", related=[{"slug": "d"}]),
    )
    outcomes = {
        number: (what, why) for number, (what, _, why) in summarize(store.check(data)).items()
    }
    assert outcomes[1] == ("rejected", [("#/related/0/slug", "Film “b” not found.")])
    assert outcomes[2] == ("rejected", [("#/related/0/slug", "Film “c” not found.")])
    assert [outcomes[n][0] for n in (3, 4, 5)] == ["rejected", "created", "created"]
    assert store.apply(data) == counts(created=2, rejected=3)
    assert [each["related"] for each in store.films()] == [
        [{"slug": "e", "title": None}],
        [{"slug": "d", "title": None}],
    ]
    assert store.apply(data) == counts(unchanged=2, rejected=3)


def test_what_is_taken_in_is_public_searchable_audited_and_recorded(
    store: Store, session: Session
) -> None:
    before = public_revision.current(session).number
    session.rollback()
    assert store.apply(json_lines(film("a-river"), film("draft", status="draft"))) == counts(
        created=2
    )

    public = queries.film_by_slug(session, "a-river")
    assert public.status is FilmStatus.PUBLISHED
    assert public.published_at is not None
    assert public_revision.current(session).number == before + 1
    found = search_index.matching(session, "river ferrer ferry")
    assert found is not None
    assert session.scalars(found).all() == [public.id]
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.action, entry.object_ref) for entry in entries[1:3]] == [
        ("film.created", "a-river"),
        ("film.created", "draft"),
    ]
    run = session.scalars(select(FilmImport)).one()
    assert (run.created, run.rejected, run.file_format, run.actor) == (2, 0, "jsonl", "Cat Alogue")
    assert run.finished_at is not None
    assert [(entry.action, entry.object_ref) for entry in (entries[0], entries[-1])] == [
        ("film_import.begun", run.ref),
        ("film_import.finished", run.ref),
    ]
    assert entries[1].reason == f"import {run.ref} of films"


def test_a_table_changes_only_the_columns_that_it_has(store: Store, session: Session) -> None:
    factories.film(session, slug="the-ferry", title="The Ferry", tagline="Over.", subjects=["Dams"])
    session.commit()
    (before,) = store.films()
    assert before["sort_title"] == "Ferry"

    table = b"slug;title;subjects;runtime;isbn\nthe-ferry;The Boat;;91;0-9771037-9-X\n"
    assert store.apply(table) == counts(changed=1)

    (after,) = store.films()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"title", "sort_title", "subjects", "versions", "identifiers"}
    assert after["sort_title"] == "Boat"
    assert after["versions"] == [before["versions"][0] | {"runtime_minutes": 91}]
    assert after["identifiers"] == [ISBN]
    assert store.apply(table) == counts(unchanged=1)


def test_a_film_is_found_by_an_identifier_however_it_is_write_file(
    store: Store, session: Session
) -> None:
    upc = {"kind": "upc", "value": "036000291452"}
    factories.film(session, slug="one", title="One", identifiers=[upc, ISBN])
    factories.film(session, slug="two", title="Two")
    session.commit()
    table = workbook(
        ["ean", "isbn", "title", "tagline"],
        ["0036000291452", None, "One", "By its EAN"],
        [None, "123", "Neither", None],
        [None, None, "Two", None],
    )
    assert summarize(store.check(table)) == {
        2: ("changed", "one", []),
        3: (
            "rejected",
            "neither",
            [
                ("#/release_year", "Enter a value."),
                (
                    "#/identifiers/0",
                    "ISBN '123' is invalid: The number has an invalid length.",
                ),
            ],
        ),
        4: (
            "rejected",
            "two",
            [("#/release_year", WHICH_FILM)],
        ),
    }


def test_a_version_that_an_offer_promises_is_kept_by_the_dry_run_and_by_the_import(
    store: Store, session: Session
) -> None:
    sold = factories.film(session, slug="sold")
    factories.offer(session, of=sold)
    session.commit()
    data = b"slug,versions\nsold,Short: 52\n"
    wanted = ("#/versions", "Include the versions used by offers: Feature.")
    assert summarize(store.check(data)) == {2: ("rejected", "sold", [wanted])}
    assert store.apply(data) == counts(rejected=1)


def test_a_status_that_a_line_leaves_out_stays(store: Store, session: Session) -> None:
    factories.film(session, slug="a-river")
    session.commit()
    line = film("a-river", title="Another River")
    del line["status"]
    assert store.apply(json_lines(line)) == counts(changed=1)
    assert [(each["title"], each["status"]) for each in store.films()] == [
        ("Another River", "published")
    ]


def test_an_import_that_was_stopped_is_finished_by_taking_the_file_again(store: Store) -> None:
    data = json_lines(*(film(f"film-{n}", related=[{"slug": "film-3"}]) for n in range(3)))
    data += json_lines(film("film-3", related=[{"slug": "film-0"}]))
    # As far as a store may have come: two films whole, but for what had not come yet.
    store.apply(json_lines(film("film-0"), film("film-1")))
    assert store.apply(data) == counts(created=2, changed=2)
    assert store.apply(data) == counts(unchanged=4)
    assert [each["related"][0]["slug"] for each in store.films()] == [
        "film-3",
        "film-3",
        "film-3",
        "film-0",
    ]


def test_two_imports_of_one_file_at_once_bring_each_film_once_and_whole(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    films = [
        film(f"film-{n}", credits=[{"name": f"Person {n % 7}", "role": "director"}])
        for n in range(40)
    ]
    stores = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        stores.append(Store(sessions, tmp_path / name))
    orders = [films, films[::-1]]
    with ThreadPoolExecutor(2) as threads:
        done = list(
            threads.map(
                lambda pair: pair[0].apply(json_lines(*pair[1])), zip(stores, orders, strict=True)
            )
        )

    assert sum(each[LineOutcome.CREATED] for each in done) == 40
    assert sum(each[LineOutcome.UNCHANGED] for each in done) == 40
    found = {each["slug"]: each for each in stores[0].films()}
    assert len(found) == 40
    for wanted in films:
        (credit,) = found[wanted["slug"]]["credits"]
        assert credit["name"] == wanted["credits"][0]["name"]


@pytest.mark.fault
def test_an_import_that_is_killed_leaves_whole_films_and_the_next_one_does_the_rest(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    data = json_lines(*(film(f"film-{n}") for n in range(700)))
    file = tmp_path / "films.jsonl"
    file.write_bytes(data)
    url = settings.database_url.get_secret_value()
    command = [sys.executable, "-m", "app.cli", "catalog", "import", str(file)]
    running = subprocess.Popen(command, env={**os.environ, "REELRIGHT_DATABASE_URL": url})
    while not store.films() and running.poll() is None:
        time.sleep(0.05)
    running.kill()
    running.wait()

    written = store.films()
    assert len(written) > 0
    assert all(len(each["credits"]) == len(each["versions"]) == 1 for each in written)
    rest = 700 - len(written)
    assert store.apply(data) == counts(created=rest, unchanged=len(written))
