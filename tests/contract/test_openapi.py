"""The API keeps its own description: schemathesis, over every operation, with and without a key."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.keys import create_key
from app.accounts.permissions import KEY_SCOPES
from app.core.db import make_engine, make_sessions
from tests.faults.shoppers import ask
from tests.processes import Store

# On PostgreSQL: it refuses more of what may be sent than SQLite does.
pytestmark = [pytest.mark.seeded, pytest.mark.slow, pytest.mark.once(on="postgresql")]

# Refusing data that fits the schema is right here: whether an offer exists, or its license text was
# accepted, no schema can say. All other checks apply.
LEFT_OUT = "positive_data_acceptance"
EXAMPLES = "3"


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, database_url)
    store.start("web", "sandbox")
    yield store
    store.stop()


@pytest.fixture
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(database_url)
    yield make_sessions(engine)
    engine.dispose()


def run(store: Store, folder: Path, phases: str, *arguments: str) -> None:
    command = Path(sys.executable).parent / "schemathesis"
    config = Path(__file__).with_name("schemathesis.toml")
    # It is made with the first request, and a busy machine takes longer than the program waits.
    ask(f"{store.url}/api/openapi.json")
    ran = subprocess.run(
        [
            command, "--config-file", config, "run", f"{store.url}/api/openapi.json",
            "--url", store.url,
            "--exclude-checks", LEFT_OUT, "--max-examples", EXAMPLES, "--seed", "1",
            "--phases", phases, "--continue-on-failure",
            "--suppress-health-check", "all", "--no-color", *arguments,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )  # fmt: skip
    shutil.rmtree(folder / ".schemathesis", ignore_errors=True)
    # A line can hold a megabyte of generated text; what went wrong stands in the short ones.
    told = "\n".join(line[:300] for line in ran.stdout.splitlines())
    assert ran.returncode == 0, told[-20000:] + ran.stderr[-2000:]
    assert "500" not in [line.split()[-1] for line in store.log("web").splitlines() if line]


def test_strangers_meet_only_documented_answers(store: Store, tmp_path: Path) -> None:
    # The corners of each value are gone through below: a key changes nothing for what is public,
    # and what is not is refused for want of one before any value is looked at.
    run(store, tmp_path, "examples,fuzzing,stateful")


def test_a_key_with_every_scope_meets_only_documented_answers(
    store: Store, tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        key = create_key(session, label="contract test", scopes=KEY_SCOPES)
    run(
        store,
        tmp_path,
        "examples,coverage,fuzzing,stateful",
        "--header",
        f"Authorization: Bearer {key}",
    )
