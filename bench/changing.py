"""Reading while the catalog changes: how old an answer gets, and what a storm of changes costs."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from app.accounts.actors import Actor
from app.catalog import film_service, public_revision, queries
from app.catalog.documents import FilmPatch
from app.catalog.models import Film
from app.core.db import make_engine, make_sessions
from bench.films import MODEL, ROOT, generate_films
from bench.servers import fetch

CHANGES = 15
WAIT_SECONDS = 30.0
IMPORTED = 10_000


def staleness(database: str, url: str) -> float:
    """Change a film over and over; return the longest time in seconds until the API said so."""
    engine = make_engine(database)
    sessions = make_sessions(engine)
    longest = 0.0
    for number in range(CHANGES):
        tagline = f"Change {number} at {time.time():.0f}"
        with sessions.begin() as session:
            film = queries.film_for_staff(session, MODEL, for_change=True)
            patch = FilmPatch(tagline=tagline)
            film_service.patch_film(session, film, patch, actor=Actor.system("bench"))
        changed = time.perf_counter()
        while json.loads(fetch(f"{url}/api/v1/films/{MODEL}")[1])["tagline"] != tagline:
            if time.perf_counter() - changed > WAIT_SECONDS:
                msg = "a change was not seen"
                raise RuntimeError(msg)
            time.sleep(0.005)
        longest = max(longest, time.perf_counter() - changed)
        time.sleep(0.07)  # so that changes fall at different times of the second
    engine.dispose()
    return longest


@contextmanager
def storm(database: str, *, per_second: int) -> Iterator[None]:
    """Count the revision up as an import does, from another process's point of view."""
    engine = make_engine(database)
    sessions = make_sessions(engine)
    stopping = threading.Event()

    def change() -> None:
        while not stopping.wait(1 / per_second):
            with sessions.begin() as session:
                public_revision.bump(session)

    writer = threading.Thread(target=change)
    writer.start()
    try:
        yield
    finally:
        stopping.set()
        writer.join()
        engine.dispose()


@contextmanager
def importing(database: str, folder: Path, name: str) -> Iterator[None]:
    """Import a file of films called ``name`` meanwhile, as another process, until the block ends.

    The block begins when the first films are in.
    """
    file = folder / "more.jsonl"
    documents = (
        film | {"slug": f"{name}-{number}"} for number, film in enumerate(generate_films(IMPORTED))
    )
    file.write_text("".join(json.dumps(film) + "\n" for film in documents), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "catalog", "import", str(file)],
        env=os.environ | {"REELRIGHT_DATABASE_URL": database},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        _await_film(database, f"{name}-0", process)
        yield
    finally:
        process.terminate()
        process.wait()


def _await_film(database: str, slug: str, process: subprocess.Popen[bytes]) -> None:
    engine = make_engine(database)
    sessions = make_sessions(engine, read_only=True)
    found = None
    while found is None and process.poll() is None:
        time.sleep(0.1)
        with sessions() as session:
            found = session.scalar(select(Film.id).where(Film.slug == slug))
    engine.dispose()
