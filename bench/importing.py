"""How long an import takes: ``python -m bench.importing --films 100000 --database postgresql``."""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config

from bench.films import ROOT, SEED, vocabulary
from tests import postgres

SUBJECTS = 200
PEOPLE = 30_000
LANGUAGES = ("eng", "rus", "fra", "deu", "spa", "nld", "cmn", "hin")
COUNTRIES = ("US", "NL", "FR", "DE", "RU", "IN", "CN", "BR")


def main() -> int:
    """Write a file of films, import it into an empty store, and do both again."""
    parser = argparse.ArgumentParser(prog="python -m bench.importing", description=__doc__)
    parser.add_argument("--films", type=int, default=100_000, help="lines of the file")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, _database(options.database, name) as (url, busy):
        file = Path(name) / "films.jsonl"
        _write(file, options.films)
        changes = Path(name) / "changes.jsonl"
        _write(changes, options.films, tagline="A film that somebody described anew")
        config = Config(ROOT / "alembic.ini")
        config.attributes["url"] = url
        command.upgrade(config, "head")
        environment = os.environ | {"REELRIGHT_DATABASE_URL": url}
        size = file.stat().st_size / 1e6
        print(f"\n{options.films:,} films, a file of {size:.0f} MB, {options.database}\n")
        print("| work | s | its processor, s | the database's, s | most memory, MB |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for work, arguments in (
            ("import into an empty store", ["import", str(file)]),
            ("the same file again", ["import", str(file)]),
            ("a file that changes each film", ["import", str(changes)]),
            ("export", ["export", str(Path(name) / "again.jsonl")]),
        ):
            _measured(work, arguments, environment, busy)
    return 0


def _measured(
    work: str, arguments: list[str], environment: dict[str, str], busy: Callable[[], float]
) -> None:
    before, began, server = (
        resource.getrusage(resource.RUSAGE_CHILDREN),
        time.perf_counter(),
        busy(),
    )
    reelright = [sys.executable, "-m", "app.cli", "catalog", *arguments]
    done = subprocess.run(reelright, env=environment, check=True, capture_output=True, text=True)
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = after.ru_maxrss / 1000
    print(f"| {work} | {took:.1f} | {own:.1f} | {busy() - server:.1f} | {memory:.0f} |", flush=True)
    print(done.stdout.strip(), file=sys.stderr)


def _write(file: Path, films: int, **said: object) -> None:
    words, chance = vocabulary(), random.Random(SEED)  # noqa: S311 - nothing secret
    subjects = [" ".join(words.draw(2)).title() + f" {n}" for n in range(SUBJECTS)]
    with file.open("w") as out:
        for number in range(films):
            spoken, subtitled = chance.sample(LANGUAGES, 2)
            people = [f"{chance.choice('ABC')}. Person {chance.randrange(PEOPLE)}" for _ in "123"]
            film = {
                "slug": f"film-{number}",
                "title": " ".join(words.draw(3)).title(),
                "release_year": chance.randint(1925, 2026),
                "synopsis": " ".join(words.draw(90)).capitalize() + ".",
                "status": "published",
                "countries": chance.sample(COUNTRIES, 1),
                "versions": [
                    {
                        "label": "Feature",
                        "runtime_minutes": chance.randint(20, 180),
                        "spoken": [spoken],
                        "subtitles": [subtitled],
                        "captions": [{"language": spoken, "kind": "cc", "source": "human"}],
                    }
                ],
                "credits": [
                    {"name": name, "role": role}
                    for name, role in zip(people, ("director", "producer", "editor"), strict=True)
                ],
                "subjects": chance.sample(subjects, 2),
                "accolades": [{"event": "A Festival", "year": 2020}],
                "identifiers": [{"kind": "oclc", "value": str(number + 1)}],
                "related": [{"slug": f"film-{chance.randrange(number)}"}] if number else [],
            }
            out.write(json.dumps(film | said) + "\n")


@contextmanager
def _database(kind: str, folder: str) -> Iterator[tuple[str, Callable[[], float]]]:
    """Give an empty database's address, and how long its server has been at work."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.db", lambda: 0.0
        return
    binaries = postgres.find_binaries()
    if binaries is None:
        sys.exit("no PostgreSQL server is to be found")
    server = postgres.start(binaries, durable=True)
    try:
        server.run("CREATE DATABASE bench")
        pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        yield server.url("bench"), lambda: _processor_seconds(pid)
    finally:
        server.stop()


def _processor_seconds(pid: int) -> float:
    """Return how long a process and those of its children that ended have been at work."""
    time.sleep(0.5)  # a connection that was just closed takes its process a moment to end
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
