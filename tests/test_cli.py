"""The operator's commands, as an operator types them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker
from typer.testing import CliRunner, Result

from app.accounts.models import ApiKey, StaffUser
from app.catalog import search_index
from app.catalog.models import Film
from app.cli import cli
from app.core import clock
from app.core.config import get_settings
from app.core.db import make_engine, make_sessions
from app.offers.models import OfferPriceList
from app.payments.models import StripeEvent


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator["Command"]:
    monkeypatch.chdir(tmp_path)  # away from a developer's own .env
    monkeypatch.setenv("REELRIGHT_DATABASE_URL", database_url)
    monkeypatch.setenv("REELRIGHT_SANDBOX_PORT", "9")
    get_settings.cache_clear()
    yield Command()
    get_settings.cache_clear()


class Command:
    """Runs ``reelright`` in this process."""

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(cli, list(arguments), input=typed)


@pytest.fixture
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(database_url)
    yield make_sessions(engine)
    engine.dispose()


def test_migrating_twice_changes_nothing(run: Command) -> None:
    assert run("migrate").exit_code == 0
    assert run("migrate").exit_code == 0


def test_seeding_says_what_changed_and_then_that_nothing_did(
    run: Command, sessions: sessionmaker[Session]
) -> None:
    first, second = run("seed"), run("seed")

    assert first.exit_code == second.exit_code == 0, first.output
    with sessions() as session:
        films = len(session.scalars(select(Film.id)).all())
    assert films >= 35
    assert f"films: {films} created, 0 changed, 0 unchanged" in first.output
    assert f"films: 0 created, 0 changed, {films} unchanged" in second.output
    assert "skipped" not in first.output


def test_a_key_is_shown_once_and_can_be_revoked(
    run: Command, sessions: sessionmaker[Session]
) -> None:
    made = run("keys", "make", "Library system", "--scope", "orders:read")
    assert made.exit_code == 0, made.output
    key = made.output.strip()
    assert key.startswith("rr_")
    with sessions() as session:
        row = session.scalars(select(ApiKey)).one()
        assert key not in row.key_hash
        assert row.scopes == ["orders:read"]

    assert "Revoked" in run("keys", "revoke", row.prefix).output
    assert "already" in run("keys", "revoke", row.prefix).output


def test_a_key_for_everything_is_refused(run: Command) -> None:
    refused = run("keys", "make", "Too much", "--scope", "accounts:write")
    assert refused.exit_code == 1
    assert "Remove accounts:write. API keys can't have these scopes." in refused.output


def test_staff_are_added_with_a_password_that_is_typed(
    run: Command, sessions: sessionmaker[Session]
) -> None:
    secret = "a long pass phrase"
    added = run(
        *("staff", "add", "ada@example.org", "--name", "Ada", "--role", "sales"),
        typed=f"{secret}\n{secret}\n",
    )
    assert added.exit_code == 0, added.output
    assert secret not in added.output
    with sessions() as session:
        ada = session.scalars(select(StaffUser)).one()
    assert (ada.email, ada.roles) == ("ada@example.org", ["sales"])

    again = run(
        *("staff", "add", "ada@example.org", "--name", "Ada", "--role", "sales"),
        typed=f"{secret}\n{secret}\n",
    )
    assert again.exit_code == 1
    assert "This email address already has an account." in again.output


def test_retrying_webhooks_tells_how_many_still_fail(
    run: Command, sessions: sessionmaker[Session]
) -> None:
    assert "No events to retry." in run("webhooks", "retry", "--dry-run").output
    assert run("webhooks", "retry").exit_code == 0
    with sessions.begin() as session:
        session.add(
            StripeEvent(
                id="evt_1",
                type="checkout.session.completed",
                payload={"id": "evt_1", "data": {"object": {"id": "cs_1", "object": "x"}}},
                api_version="2026-10-28.endive",
                livemode=False,
                happened_at=clock.now(),
            )
        )
    assert "evt_1" in run("webhooks", "retry", "--dry-run").output
    failed = run("webhooks", "retry")
    assert failed.exit_code == 1, failed.output
    assert "0 processed, 1 failed." in failed.output


def test_films_go_into_a_file_and_come_back_changed(
    run: Command, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    run("seed")
    file = tmp_path / "films.csv"
    out = run("catalog", "export", str(file))
    assert out.exit_code == 0, out.output
    table = tmp_path / "changes.csv"
    table.write_text("slug,tagline,release_year\nthe-red-soul,Who was Stalin to you?,\nx,,99\n")

    tried = run("catalog", "import", str(table), "--dry-run")
    refused = run("catalog", "import", str(table))
    applied = run("catalog", "import", str(table), "--skip-rejected")

    assert (tried.exit_code, refused.exit_code, applied.exit_code) == (1, 1, 1)
    assert "line 2: changed the-red-soul\n    tagline: " in tried.output
    assert " -> Who was Stalin to you?\n" in tried.output
    assert (
        "line 3: rejected x\n    title: Enter a value.\n    release_year: Enter 1888 or more.\n"
        in refused.output
    )
    assert "0 created, 1 changed, 0 unchanged, 1 rejected. Nothing was changed." in refused.output
    assert applied.output.endswith("0 created, 1 changed, 0 unchanged, 1 rejected.\n")
    with sessions() as session:
        tagline = session.scalar(select(Film.tagline).where(Film.slug == "the-red-soul"))
    assert tagline == "Who was Stalin to you?"
    whole = run("catalog", "import", str(file))
    assert whole.exit_code == 0
    assert "0 created, 1 changed, " in whole.output
    with sessions.begin() as session:
        films = session.scalars(select(Film.id)).all()
        search_index.remove_films(session, films[:2])
        session.execute(delete(OfferPriceList).where(OfferPriceList.offer_id < 3))
    assert run("catalog", "reindex").output == (
        f"{len(films)} films checked, 2 entries fixed.\n2 price lists written.\n"
    )


def test_a_file_of_films_that_cannot_be_read_is_refused_in_words(
    run: Command, tmp_path: Path
) -> None:
    file = tmp_path / "films.csv"
    file.write_bytes(b"title,year\nCaf\xe9,2020\n")
    refused = run("catalog", "import", str(file))
    assert refused.exit_code == 1
    assert "Line 2 is not in UTF-8" in refused.output
    assert "Nothing was changed." in refused.output
    unknown = run("catalog", "export", str(tmp_path / "films.doc"))
    assert unknown.exit_code == 1
    assert "ends in .jsonl, .csv, or .xlsx" in unknown.output


def test_columns_of_a_file_are_mapped_and_refused_lines_come_first(
    run: Command, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    file = tmp_path / "films.csv"
    good = "".join(f"Film {n},1990,Ana Ferrer,x\n" for n in range(250))
    bad = "".join(f"Film {n},soon,Ana Ferrer,x\n" for n in range(250))
    file.write_text(f"title,year,Regie von,Notes\n{good}{bad}11-Sep,1990,,\n")

    asked = run("catalog", "import", str(file))
    assert asked.exit_code == 1
    assert "Choose what these columns are: “Regie von”, “Notes”." in asked.output
    assert "Regie von: unknown (Ana Ferrer · Ana Ferrer · Ana Ferrer)" in asked.output
    assert '--map "Regie von=FIELD" --map "Notes=FIELD"' in asked.output

    mapping = ("--map", "Regie von=director", "--map", "notes=ignore")
    tried = run("catalog", "import", str(file), *mapping, "--dry-run")
    lines = [line for line in tried.output.splitlines() if line.startswith("line ")]
    assert [line.split()[2] for line in lines] == ["rejected"] * 251 + ["created"] * 200
    assert "... and 50 more" in tried.output
    assert "250 created, 0 changed, 0 unchanged, 251 rejected. Nothing was changed." in tried.output
    assert "--confirm-titles" in tried.output

    wrong = run("catalog", "import", str(file), "--map", "Notes=nothing")
    assert wrong.exit_code == 2
    applied = run("catalog", "import", str(file), *mapping, "--confirm-titles", "--skip-rejected")
    assert "251 created, 0 changed, 0 unchanged, 250 rejected." in applied.output
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Film)) == 251
