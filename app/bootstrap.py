"""Prepare a database for the store: migrate it, and load the sample catalog."""

import hashlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.orm import Session

from app.access.demo import seed_demo_access
from app.catalog.models import SeedMark
from app.catalog.seeding import SeedReport
from app.core.config import Settings
from app.core.db import engine_for_jobs, make_sessions
from app.core.startup import StartupError
from app.core.storage import storage_of
from app.demo_college import seed_demo_college
from app.media.sample_film import store_sample_film
from app.seeding import seed_everything

ROOT = Path(__file__).parent.parent
# Names the mark of the whole folder. Names of single seeds contain a slash.
EVERYTHING = "everything"


def prepare(settings: Settings, seeds: Path) -> list[SeedReport]:
    """Migrate and seed the database where needed. Return the reports of seeding.

    The checks take a moment, the work takes seconds: a prepared store starts at once.
    """
    engine = engine_for_jobs(settings)
    try:
        if not _is_migrated(engine):
            migrate(settings)
        with make_sessions(engine, read_only=True)() as session:
            if _find_fingerprint(session) == _calculate_fingerprint(seeds):
                return []
    finally:
        engine.dispose()
    return seed(settings, seeds)


def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema. Safe to repeat, and from several nodes at once.

    Raises:
        StartupError: no migration of this release leads from the database's schema to its own.
    """
    config = _config()
    engine = engine_for_jobs(settings)
    try:
        _check_known(engine, ScriptDirectory.from_config(config))
    finally:
        engine.dispose()
    config.attributes["url"] = settings.database_url.get_secret_value()
    command.upgrade(config, "head")


def seed(settings: Settings, seeds: Path) -> list[SeedReport]:
    """Load the sample catalog, its offers, and what is for trials (except in production)."""
    # The files first: what a row names is there.
    store_sample_film(storage_of(settings), seeds)
    engine = engine_for_jobs(settings)
    try:
        with make_sessions(engine).begin() as session:
            demo = settings.environment != "production"
            reports = seed_everything(session, seeds, demo_staff=demo)
            seed_demo_access(session, settings)
            if demo and seed_demo_college(session, settings):
                reports.append(SeedReport(created=["demo_college"]))
            mark = session.get(SeedMark, EVERYTHING) or SeedMark(name=EVERYTHING)
            mark.sha256 = _calculate_fingerprint(seeds)
            session.add(mark)
        return reports
    finally:
        engine.dispose()


def _config() -> Config:
    return Config(ROOT / "alembic.ini")


def _is_migrated(engine: Engine) -> bool:
    return _read_revisions(engine) == set(ScriptDirectory.from_config(_config()).get_heads())


def _read_revisions(engine: Engine) -> set[str]:
    """Return the revisions that the database's schema has: none if it was never migrated."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return set()
        versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
        return set(versions)


def _check_known(engine: Engine, scripts: ScriptDirectory) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    unknown = _read_revisions(engine) - known
    if unknown:
        problem = (
            f"The database has the schema revision {', '.join(sorted(unknown))}, which this "
            "release does not know. A newer release or a development version wrote it: use that "
            "version, or create a new database."
        )
        raise StartupError([problem])


def _find_fingerprint(session: Session) -> str | None:
    return session.scalar(select(SeedMark.sha256).where(SeedMark.name == EVERYTHING))


def _calculate_fingerprint(folder: Path) -> str:
    """Return a hash of all seed files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\n{path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
