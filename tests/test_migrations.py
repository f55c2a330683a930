"""Migrations: their names, the states that they allow, and schemas that are not known."""

import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import Enum, inspect, text

from app.bootstrap import migrate
from app.core.config import Settings
from app.core.db import Base, make_engine
from app.core.startup import StartupError

ROOT = Path(__file__).parent.parent


@pytest.mark.once
def test_revisions_are_named_in_the_order_of_their_chain() -> None:
    scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
    chain = list(scripts.walk_revisions())[::-1]
    names = [Path(script.path).stem.split("_", maxsplit=1) for script in chain]
    assert [date for date, _ in names] == sorted(date for date, _ in names)
    assert [script.revision for script in chain] == [
        f"{number:04}_{slug}" for number, (_, slug) in enumerate(names, start=1)
    ]


def test_a_schema_that_is_not_known_is_left_alone(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0091importcolumns'"))

    with pytest.raises(StartupError, match="0091importcolumns, which this release does not know"):
        migrate(Settings(database_url=SecretStr(database_url)))

    with engine.connect() as connection:
        versions = connection.execute(text("SELECT version_num FROM alembic_version")).all()
    engine.dispose()
    assert versions == [("0091importcolumns",)]


def test_every_state_that_is_stored_is_allowed_and_no_other(database_url: str) -> None:
    engine = make_engine(database_url)
    found = inspect(engine)
    compared = 0
    for table in Base.metadata.sorted_tables:
        checks = {
            check["name"]: check["sqltext"] for check in found.get_check_constraints(table.name)
        }
        for column in table.columns:
            if isinstance(column.type, Enum):
                rule = checks[f"ck_{table.name}_{column.type.name}"]
                assert set(re.findall(r"'(\w+)'", rule)) == set(column.type.enums), column
                compared += 1
    engine.dispose()
    assert compared > 15
