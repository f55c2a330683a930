"""Everything that is read, at one size of the catalog, against the limit."""

import json
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench.baseline import ANSWERS
from bench.changing import importing, staleness, storm
from bench.films import MODEL, build, migrate
from bench.load import Measured, measure
from bench.report import Report
from bench.searching import cold_searches
from bench.servers import RunningServer, fetch, serve, settle

STORE = "app.asgi:from_environment"
STORM = 20
STARTS = 3
PAGES = 1000
TARGETS = {"JSON": "50%", "HTML": "40%"}
# Addresses that read the whole catalog, or much of it, when nothing is kept.
WHOLE = ("/", "/sitemap.xml", "/sitemaps/films-1.xml", "/films.atom", "/subjects/history")
LISTINGS = {"listing, JSON": "/api/v1/films", "listing, HTML": "/films"}
WORK = LISTINGS | {
    "film, JSON": f"/api/v1/films/{MODEL}",
    "licensing options, JSON": f"/api/v1/films/{MODEL}/licensing?class=college&size=5000",
    "film, HTML": f"/films/{MODEL}",
}

SEARCHES = (
    ("JSON", "/api/v1/films"),
    ("facets, JSON", "/api/v1/films/facets"),
    ("HTML with facets", "/films"),
)


@dataclass(frozen=True)
class Plan:
    """How long to load, how often, and what: rows whose names hold one of ``only``, or all."""

    seconds: int
    rounds: int
    only: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        """Whether to measure what is called so."""
        return not self.only or any(word in name for word in self.only)


@dataclass(frozen=True)
class Summary:
    """What is compared between sizes: figures in words, by their names."""

    films: int
    figures: dict[str, str]


@dataclass(frozen=True)
class Row:
    """A kind of work, and what both servers reached in it."""

    work: str
    target: str
    store: list[Measured]
    limit: list[Measured]

    @property
    def ratio(self) -> float:
        """The share of the limit that the store reaches: the median of run by run."""
        pairs = zip(self.store, self.limit, strict=True)
        return median(one.per_second / other.per_second for one, other in pairs)

    def cells(self) -> list[str]:
        """Return the row of a table."""
        store, limit = (median(m.per_second for m in runs) for runs in (self.store, self.limit))
        p50, p99 = (median(getattr(m, name) for m in self.store) for name in ("p50_ms", "p99_ms"))
        errors = sum(m.errors for m in (*self.store, *self.limit))
        figures = f"{store:,.0f}", f"{limit:,.0f}", f"{self.ratio:.0%}", self.target
        busy = [median(m.busy_us for m in runs) for runs in (self.store, self.limit)]
        at_work = f"{busy[0]:.0f} / {busy[1]:.0f}", f"{busy[1] / busy[0]:.0%}"
        return [self.work, *figures, f"{p50:.1f}", f"{p99:.1f}", str(errors), *at_work]


def measure_reading(folder: Path, films: int, plan: Plan, report: Report) -> Summary:
    """Build a catalog of ``films`` unless it is there, serve it with one worker, and load it."""
    catalog, used = folder / "catalog.db", folder / "bench.db"
    url = f"sqlite:///{used}"
    report.heading(
        f"{films:,} films: SQLite, one worker, medians of {plan.rounds} runs of {plan.seconds} s"
    )
    figures = {}
    if catalog.exists():
        migrate(f"sqlite:///{catalog}")
    else:
        _say(f"building a catalog of {films:,} films")
        built = build(f"sqlite:///{catalog}", folder, films=films)
        report.line(f"Import of {built.words}.\n")
        figures["import, s"] = f"{built.import_seconds:.0f}"
        figures["import, most memory, MB"] = f"{built.import_mb:.0f}"
    # Films are added below: the catalog that is kept for the next time stays as large as it is.
    for suffix in ("", "-wal", "-shm"):
        Path(f"{used}{suffix}").unlink(missing_ok=True)
    with closing(sqlite3.connect(catalog)) as kept, closing(sqlite3.connect(used)) as copy:
        kept.backup(copy)
    store = {"REELRIGHT_DATABASE_URL": url, "REELRIGHT_LOG_FORMAT": "text"}
    if plan.takes("cold start"):
        figures |= _starts(store)
    with serve(STORE, path="/films", environment=store) as running:
        settle(running)
        figures["memory after the start, MB"] = f"{running.memory_mb:.0f}"
        work = {name: path for name, path in WORK.items() if plan.takes(name)}
        answers = {path: fetch(running.url + path) for path in {*work.values(), *LISTINGS.values()}}
        file = folder / "answers.json"
        file.write_text(json.dumps(answers), encoding="utf-8")
        with serve(
            "bench.baseline:create", path="/films", environment={ANSWERS: str(file)}
        ) as limit:
            rows = [_row(name, path, running, limit, plan) for name, path in work.items()]
            if rows:
                _table(report, rows)
                figures |= {f"{row.work}, of the limit": f"{row.ratio:.0%}" for row in rows}
                figures["memory after load, MB"] = f"{running.memory_mb:.0f}"
            if plan.takes("search"):
                figures |= _searches(running, report)
                figures["memory after searches, MB"] = f"{running.memory_mb:.0f}"
            if plan.takes("first time"):
                figures |= _cold(running, report)
            if plan.takes("pages"):
                for number in range(min(films, PAGES)):
                    fetch(f"{running.url}/films/film-{number}")
                name = f"memory after all that and {PAGES:,} film pages, MB"
                figures[name] = f"{running.memory_mb:.0f}"
            figures |= _changes(url, folder, (running, limit), plan, report)
    return Summary(films, figures)


def _starts(store: dict[str, str]) -> dict[str, str]:
    """Start it again and again, and ask for its first page."""
    clock, busy, memory = [], [], []
    for _ in range(STARTS):
        with serve(STORE, path="/films", environment=store) as running:
            clock.append(running.cold_start_seconds)
            busy.append(running.busy_seconds)
            memory.append(running.memory_mb)
    return {
        "cold start to /films, s": f"{median(clock):.1f}",
        "of it at work, s": f"{median(busy):.1f}",
        "memory after the first answer, MB": f"{median(memory):.0f}",
    }


def _row(name: str, path: str, running: RunningServer, limit: RunningServer, plan: Plan) -> Row:
    _say(f"measuring {name}")
    pairs = [
        (
            _loaded(running, path, plan.seconds),
            _loaded(limit, path, plan.seconds),
        )
        for _ in range(plan.rounds)
    ]
    target = TARGETS.get(name.rpartition(", ")[2], "")  # none while the catalog changes
    return Row(name, target, [one for one, _ in pairs], [other for _, other in pairs])


def _loaded(server: RunningServer, path: str, seconds: int) -> Measured:
    """Load it, and note for how long it was at work: that is the same on a busy machine."""
    measure(server.url + path, seconds=1)
    before = server.busy_seconds
    found = measure(server.url + path, seconds=seconds)
    busy = server.busy_seconds - before
    return replace(found, busy_us=busy * 1e6 / max(1.0, found.per_second * seconds))


def _table(report: Report, rows: list[Row]) -> None:
    names = (
        "work",
        "store, req/s",
        "limit, req/s",
        "ratio",
        "target",
        "p50 ms",
        "p99 ms",
        "errors",
        "at work, µs",
        "ratio of it",
    )
    report.table(names, [row.cells() for row in rows])


def _searches(running: RunningServer, report: Report) -> dict[str, str]:
    figures, rows = {}, []
    for name, path in SEARCHES:
        _say(f"searching, {name}")
        found = cold_searches(running, path)
        rows.append(
            (
                name,
                str(found.asked),
                f"{found.p50_ms:.1f}",
                f"{found.p99_ms:.1f}",
                f"{found.busy_ms:.1f}",
                str(found.failed),
            )
        )
        figures[f"cold search, {name}, p99 ms"] = f"{found.p99_ms:.1f}"
    names = (
        "cold search, one client",
        "asked",
        "p50 ms",
        "p99 ms",
        "worker busy, ms each",
        "errors",
    )
    report.table(names, rows)
    return figures


def _cold(running: RunningServer, report: Report) -> dict[str, str]:
    """Ask once for what reads much of the catalog, before it is kept."""
    figures = {}
    for path in WHOLE:
        _say(f"asking for {path}")
        before, started = running.busy_seconds, time.perf_counter()
        fetch(running.url + path)
        took = time.perf_counter() - started
        figures[f"{path}, first time, ms"] = f"{took * 1000:.0f}"
        report.line(
            f"- {path}, first time: {took * 1000:.0f} ms, the worker busy for "
            f"{(running.busy_seconds - before) * 1000:.0f} ms"
        )
    report.line("")
    return figures


def _changes(
    url: str, folder: Path, servers: tuple[RunningServer, RunningServer], plan: Plan, report: Report
) -> dict[str, str]:
    running, limit = servers
    figures, rows = {}, []
    if plan.takes("a change is seen"):
        _say("changing a film")
        seen = staleness(url, running.url)
        report.line(f"A change by another process was seen after {seen:.2f} s at most.\n")
        figures["a change is seen after, s"] = f"{seen:.2f}"
    for name, path in LISTINGS.items():
        stormy, imported = f"{name}, {STORM} revisions a second", f"{name}, during an import"
        if plan.takes(stormy):
            with storm(url, per_second=STORM):
                rows.append(_row(stormy, path, running, limit, plan))
        if plan.takes(imported):
            with importing(url, folder, f"more-{time.time():.0f}"):
                rows.append(_row(imported, path, running, limit, plan))
    if rows:
        _table(report, rows)
    return figures | {f"{row.work}, of the limit": f"{row.ratio:.0%}" for row in rows}


def _say(words: str) -> None:
    print(f"{words} ...", file=sys.stderr, flush=True)
