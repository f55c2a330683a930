"""Run the bench: ``python -m bench --films 5000``."""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.changing import staleness, storm
from bench.films import build
from bench.limit import ANSWERS
from bench.load import Measured, NoLoadGeneratorError, measure
from bench.searching import cold_searches
from bench.servers import fetch, serve

STORM = 20
MOST_FETCHED = 1000


@dataclass(frozen=True)
class Row:
    """One line of the result: a kind of work and what both servers reached."""

    work: str
    store: list[Measured]
    limit: list[Measured]

    @property
    def ratio(self) -> float:
        """The share of the limit that the store reaches: the median of run by run."""
        pairs = zip(self.store, self.limit, strict=True)
        return median(one.per_second / other.per_second for one, other in pairs)

    def words(self) -> str:
        """Return the line as Markdown."""
        store, limit = (median(m.per_second for m in runs) for runs in (self.store, self.limit))
        p50, p99 = (median(getattr(m, name) for m in self.store) for name in ("p50_ms", "p99_ms"))
        errors = sum(m.errors for m in (*self.store, *self.limit))
        return (
            f"| {self.work} | {store:,.0f} | {limit:,.0f} | {self.ratio:.0%} | {p50:.1f} "
            f"| {p99:.1f} | {errors} |"
        )


def main() -> int:
    """Build a catalog, load both servers in turn, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--films", type=int, default=5000, help="size of the catalog")
    parser.add_argument("--seconds", type=int, default=4, help="length of one run of load")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each server, in turn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        started = time.perf_counter()
        slug = build(url, films=options.films)
        built = time.perf_counter() - started
        work = {
            "listing, JSON": "/api/v1/films",
            "film, JSON": f"/api/v1/films/{slug}",
            "licensing options, JSON": f"/api/v1/films/{slug}/licensing?class=college&size=5000",
            "listing, HTML": "/films",
            "film, HTML": f"/films/{slug}",
        }
        store = {"REELRIGHT_DATABASE_URL": url, "REELRIGHT_LOG_FORMAT": "text"}
        with serve("app.asgi:from_environment", path="/health/ready", environment=store) as running:
            empty = running.memory_mb
            answers = {path: fetch(running.url + path) for path in work.values()}
            file = Path(folder) / "answers.json"
            file.write_text(json.dumps(answers), encoding="utf-8")
            told = {ANSWERS: str(file)}
            with serve("bench.limit:create", path="/films", environment=told) as limit:
                rows = [
                    _row(name, running.url + path, limit.url + path, options)
                    for name, path in work.items()
                ]
                _report(rows, options)
                _report_search(running.url)
                _report_changes(url, running.url, limit.url, options)
            for number in range(min(options.films, MOST_FETCHED)):
                fetch(f"{running.url}/films/film-{number}")
            print(
                f"\nCatalog built in {built:.0f} s. Cold start to first answer: "
                f"{running.cold_start_seconds:.1f} s. Memory of the worker: {empty:.0f} MB at "
                f"start, {running.memory_mb:.0f} MB after all this and after the pages of "
                f"{min(options.films, MOST_FETCHED):,} films."
            )
    return 0


def _report(rows: list[Row], options: argparse.Namespace) -> None:
    print(
        f"\n{options.films:,} films, SQLite, one worker, {options.rounds} rounds of "
        f"{options.seconds} s; medians\n"
    )
    print("| work | store, req/s | limit, req/s | ratio | p50 ms | p99 ms | errors |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        print(row.words())


def _report_search(url: str) -> None:
    print("\n| cold search, one client | p50 ms | p99 ms | errors |\n| --- | ---: | ---: | ---: |")
    for name, path in (
        ("JSON", "/api/v1/films"),
        ("facets, JSON", "/api/v1/films/facets"),
        ("HTML with facets", "/films"),
    ):
        p50, p99, failed = cold_searches(url, path)
        print(f"| {name} | {p50:.1f} | {p99:.1f} | {failed} |")


def _report_changes(database: str, url: str, limit: str, options: argparse.Namespace) -> None:
    seen = staleness(database, url)
    print(f"\nA change by another process was seen after {seen:.2f} s at most.")
    with storm(database, per_second=STORM):
        rows = [
            _row(f"{name}, {STORM} revisions a second", url + path, limit + path, options)
            for name, path in (("listing, JSON", "/api/v1/films"), ("listing, HTML", "/films"))
        ]
    _report(rows, options)


def _row(name: str, store: str, limit: str, options: argparse.Namespace) -> Row:
    print(f"measuring {name} ...", file=sys.stderr)
    measure(store, seconds=1)  # warm both up
    measure(limit, seconds=1)
    pairs = [
        (measure(store, seconds=options.seconds), measure(limit, seconds=options.seconds))
        for _ in range(options.rounds)
    ]
    return Row(name, [one for one, _ in pairs], [other for _, other in pairs])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoLoadGeneratorError as error:
        sys.exit(str(error))
