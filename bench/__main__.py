"""Run the bench: ``python -m bench``. It takes about ten minutes; ``--quick`` takes two."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.load import NoLoadGeneratorError
from bench.paying import report_paying
from bench.reading import Plan, Summary, measure_reading
from bench.report import Report

SIZES = [5000, 100_000]


def main() -> int:
    """Measure reading at each size, then paying; write each result as it is known."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--films", type=int, nargs="+", help="sizes of the catalog")
    parser.add_argument("--seconds", type=int, default=2, help="length of one run of load")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each server, in turn")
    parser.add_argument("--orders", type=int, default=500, help="how many to place and to pay")
    parser.add_argument("--quick", action="store_true", help="5,000 films, one short run of each")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        help="rows that say one of these: 'film, JSON' search start",
    )
    parser.add_argument("--folder", type=Path, help="keep the catalogs here, and take those there")
    parser.add_argument("--out", type=Path, help="also write the results into this file")
    options = parser.parse_args()
    report = Report(options.out)
    seconds, rounds = (1, 1) if options.quick else (options.seconds, options.rounds)
    plan = Plan(seconds, rounds, tuple(options.only))
    sizes = options.films or (SIZES[:1] if options.quick else SIZES)
    with tempfile.TemporaryDirectory() as folder:
        summaries = []
        for films in sizes:
            place = (options.folder or Path(folder)) / str(films)
            place.mkdir(parents=True, exist_ok=True)
            summaries.append(measure_reading(place, films, plan, report))
    _report_growth(report, summaries)
    if plan.takes("orders and payments"):
        report_paying(report, orders=200 if options.quick else options.orders)
    return 0


def _report_growth(report: Report, summaries: list[Summary]) -> None:
    report.heading("How it grows")
    # A catalog that was there already has no figures of its import.
    names = dict.fromkeys(name for each in summaries for name in each.figures)
    report.table(
        ("", *(f"{each.films:,} films" for each in summaries)),
        [(name, *(each.figures.get(name, "") for each in summaries)) for name in names],
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoLoadGeneratorError as error:
        sys.exit(str(error))
