"""Durable jobs: a killed worker loses nothing, whoever goes on with its work."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.core.job_engine import RunState, jobs_url

WORKER = Path(__file__).with_name("counting_worker.py")
ROOT = Path(__file__).parents[2]
STEPS = 12
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def engine_url(database_url: str, tmp_path: Path) -> str:
    """The engine's database: a file of its own, or a schema of its own beside the store's."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'engine.db'}"
    return database_url


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "lines"
    file.touch()
    return file


@pytest.fixture
def start(engine_url: str, lines: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, str(WORKER), engine_url, name, str(lines), str(STEPS), *arguments],
            cwd=ROOT,
        )
        running.append(process)
        return process

    yield start
    with lines.open("a") as out:
        out.write("stop\n")
    for process in running:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(file: Path, condition: Callable[[list[str]], bool]) -> list[str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = file.read_text().splitlines()
        if condition(found):
            return found
        time.sleep(0.02)
    message = f"it did not come; the file says {file.read_text()!r}"
    raise AssertionError(message)


def ended(found: list[str]) -> bool:
    return any(" end " in line for line in found)


@pytest.mark.fault
def test_a_killed_worker_goes_on_where_it_was(start: Start, lines: Path) -> None:
    first = start("worker-1", "run", "run-1")
    wait_for(lines, lambda found: len(found) >= 5)
    first.kill()
    first.wait()
    before = len(lines.read_text().splitlines())

    start("worker-1")
    found = wait_for(lines, ended)

    steps = Counter(line.rsplit(" ", 1)[0] for line in found)
    assert sorted(steps) == sorted([*(f"run-1 {n}" for n in range(STEPS)), "run-1 end"])
    # Steps that were done are not done again; only the one that the kill cut short may be.
    assert len(found) - len(steps) <= 1
    assert before >= 5


@pytest.mark.fault
def test_another_worker_goes_on_with_what_a_killed_one_began(start: Start, lines: Path) -> None:
    first = start("worker-1", "run", "run-1")
    wait_for(lines, lambda found: len(found) >= 3)
    first.kill()
    first.wait()

    start("worker-2", "recover")
    found = wait_for(lines, ended)

    steps = Counter(line.rsplit(" ", 1)[0] for line in found)
    assert len(steps) == STEPS + 1
    assert found[-1] == "run-1 end worker-2"
    assert len(found) - len(steps) <= 1


@pytest.mark.fault
def test_a_run_id_runs_once_and_a_failed_run_ends(start: Start, lines: Path) -> None:
    start("worker-1", "run", "run-1", "fail-1", "run-1", "fail-1")
    wait_for(lines, ended)
    start("worker-2", "run", "run-1", "fail-1", "run-2")
    found = wait_for(lines, lambda found: sum(" end " in line for line in found) == 2)

    known = [line.split(" known ") for line in found if " known " in line]
    assert [run_id for run_id, _ in known] == ["run-1", "fail-1"] * 2
    assert known[0][1] == RunState.RUNNING
    assert known[-1][1] == RunState.ENDED
    done = Counter(line.split()[0] for line in found if " known " not in line)
    assert done == {"run-1": STEPS + 1, "run-2": STEPS + 1, "fail-1": 1}


@pytest.mark.once
@pytest.mark.parametrize(
    ("store", "chosen", "expected"),
    [
        ("sqlite:///reelright.db", "", "sqlite:///reelright-jobs.db"),
        ("sqlite:////srv/store.db", "", "sqlite:////srv/store-jobs.db"),
        ("postgresql://u:p@h/store", "", "postgresql://u:p@h/store"),
        ("sqlite:///reelright.db", "sqlite:///other.db", "sqlite:///other.db"),
    ],
)
def test_the_engine_keeps_its_database_beside_the_stores(
    settings: Settings, store: str, chosen: str, expected: str
) -> None:
    made = settings.model_copy(
        update={"database_url": SecretStr(store), "jobs_database_url": SecretStr(chosen)}
    )
    assert jobs_url(made) == expected
