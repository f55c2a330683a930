"""Alembic environment."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from alembic import context
from alembic.migration import MigrationContext
from alembic.operations.ops import MigrationScript
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Column, text

import app
from app.core.config import get_settings
from app.core.db import Base, UTCDateTime, make_engine

# Every table registers itself when its module is imported. Finding the modules, rather than listing
# them, means that none is forgotten: a forgotten one makes an empty migration, without a word.
PACKAGE = Path(app.__file__).parent
for path in sorted(PACKAGE.rglob("*.py")):
    if "__tablename__" in path.read_text():
        import_module("app." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts))

# Any number will do, as long as nobody else locks it: two nodes that start at once migrate in turn.
MIGRATION_LOCK = 7733


def render_item(kind: str, item: object, _: object) -> str | Literal[False]:
    """Write plain types into migrations, so that an old migration never imports today's code."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def include_name(name: str | None, kind: str, _: object) -> bool:
    """Leave out the tables that SQLite's full-text search creates for its own use."""
    return not (kind == "table" and name is not None and name.startswith("film_fts"))


def default_differs(
    _context: object,
    inspected: Column[Any],
    _column: object,
    at_present: str | None,
    _wanted: object,
    wanted: str | None,
) -> bool | None:
    """Compare defaults of JSON as text: PostgreSQL cannot say whether two of them are equal."""
    if isinstance(inspected.type, JSON):
        return (at_present or "").split("::")[0].strip("'") != (wanted or "").strip("'")
    return None


def number_revision(
    _context: MigrationContext, _revision: object, directives: list[MigrationScript]
) -> None:
    """Give a new revision the next number and its slug as its id: ``0002_add_streams``."""
    scripts = ScriptDirectory.from_config(context.config)
    count = sum(1 for _ in scripts.walk_revisions())
    slug = re.sub(r"\W+", "_", (directives[0].message or "").lower()).strip("_")
    directives[0].rev_id = f"{count + 1:04}_{slug}"


url = context.config.attributes.get("url") or get_settings().database_url.get_secret_value()
engine = make_engine(url)
with engine.connect() as connection:
    postgresql = connection.dialect.name == "postgresql"
    if not postgresql:
        # A table that is made anew is dropped first: honoring foreign keys, that would delete all
        # that hangs on its rows. Inside a transaction this would have no effect.
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=default_differs,
        render_as_batch=not postgresql,
        render_item=render_item,
        include_name=include_name,
        process_revision_directives=number_revision,
    )
    with context.begin_transaction():
        if postgresql:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        context.run_migrations()
    if not postgresql and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        msg = f"rows point to nothing after the migration: {broken[:5]}"
        raise RuntimeError(msg)
engine.dispose()
