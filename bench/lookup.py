"""How long a list of 1,000 rows takes: ``python -m bench.lookup --films 5000``."""

import argparse
import json
import random
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from sqlalchemy import select

from app.catalog.models import Film
from app.core.db import make_engine, make_sessions
from bench.films import build
from bench.servers import serve

ROWS = 1000
ROUNDS = 5


def main() -> int:
    """Build a catalog, send lists to the store and print how long each took."""
    parser = argparse.ArgumentParser(prog="python -m bench.lookup", description=__doc__)
    parser.add_argument("--films", type=int, default=5000, help="size of the catalog")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        build(url, Path(folder), films=options.films)
        store = {"REELRIGHT_DATABASE_URL": url, "REELRIGHT_LOG_FORMAT": "text"}
        with serve("app.asgi:from_environment", path="/health/ready", environment=store) as running:
            address = running.url + "/api/v1/availability"
            known = _known(url)
            lists = {
                "1,000 films by their titles": known,
                "the same, one letter wrong": _misspelled(known),
                "1,000 titles that we do not have": _unknown(),
            }
            print(f"\n{options.films:,} films, SQLite, one worker, {ROWS:,} rows a list\n")
            print("| list | first, s | then, s | of it at work, s | matched | answer, MB |")
            print("| --- | ---: | ---: | ---: | ---: | ---: |")
            for name, rows in lists.items():
                times, busy, answer = [], [], b""
                for _ in range(ROUNDS):
                    started, before = time.perf_counter(), running.busy_seconds
                    answer = _ask(address, rows)
                    times.append(time.perf_counter() - started)
                    busy.append(running.busy_seconds - before)
                matched = json.loads(answer)["matched"]
                then, work = median(times[1:]), median(busy[1:])
                figures = f"{times[0]:.2f} | {then:.2f} | {work:.2f} | {matched:,}"
                print(f"| {name} | {figures} | {len(answer) / 1e6:.1f} |")
            print(f"\nMemory of the worker afterwards: {running.memory_mb:.0f} MB.")
    return 0


def _known(url: str) -> list[dict[str, object]]:
    engine = make_engine(url)
    with make_sessions(engine)() as session:
        films = session.execute(select(Film.title, Film.release_year).order_by(Film.id.desc()))
        rows: list[dict[str, object]] = [
            {"title": film.title.upper(), "year": film.release_year}
            for film in films.fetchmany(ROWS)
        ]
    engine.dispose()
    return rows


def _misspelled(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the same rows, each with one letter of its title wrong."""
    chance = random.Random(3)  # noqa: S311 - as above
    wrong = []
    for row in rows:
        title = str(row["title"])
        cut = chance.randrange(len(title))
        wrong.append(row | {"title": title[:cut] + "x" + title[cut + 1 :]})
    return wrong


def _unknown() -> list[dict[str, object]]:
    chance = random.Random(4)  # noqa: S311 - as above
    letters = "abcdefghiklmnoprstuvw"
    made = ["".join(chance.choices(letters, k=8)) for _ in range(ROWS * 4)]
    return [{"title": " ".join(made[n * 4 : n * 4 + 4])} for n in range(ROWS)]


def _ask(address: str, rows: list[dict[str, object]]) -> bytes:
    body = json.dumps({"class": "college", "size": 5000, "rows": rows}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own server
        address, body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - as above
        data: bytes = answer.read()
    return data


if __name__ == "__main__":
    sys.exit(main())
