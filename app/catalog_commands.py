"""Commands for the catalog: ``reelright catalog import``, ``export`` and ``reindex``.

As in ``cli.py``, a command imports what it needs when it runs.
"""
# ruff: noqa: PLC0415 - the reason is above

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.accounts.actors import Actor
from app.core.config import get_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.catalog.transfer.lines import FileFormat, Outcome, Result

log = logging.getLogger(__name__)
catalog = typer.Typer(
    no_args_is_help=True, help="Films from files and into files; their index of search."
)
console = Console(highlight=False, markup=False, soft_wrap=True)
T = TypeVar("T")
MOST_SHOWN = 200
LONGEST_VALUE = 60


@catalog.command("import")
def import_films(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines, CSV, XLSX, MARC 21 or MARCXML.", dir_okay=False)
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    good_lines: Annotated[
        bool, typer.Option("--good-lines", help="Apply the good lines though others are refused.")
    ] = False,
) -> None:
    """Add and change films as a file says. One line refused, and nothing is changed.

    Safe to repeat: what is there already is left alone. Exits 1 if a line was refused.
    """
    from app.catalog.transfer import checking, running
    from app.catalog.transfer.formats import READERS
    from app.catalog.transfer.lines import FileRefusedError, Outcome
    from app.catalog.transfer.scratch import Scratch
    from app.catalog.transfer.spool import Spool, helper_for
    from app.core.db import make_sessions
    from app.exports.marc_films import marc_readers

    with _engine() as engine, Scratch() as scratch, ExitStack() as stack:
        sessions, readers = make_sessions(engine), make_sessions(engine, read_only=True)
        try:
            own = get_settings().marc_organization
            source = running.Source.of(file, {**READERS, **marc_readers(own)})
            helper = stack.enter_context(helper_for(0 if dry_run else file.stat().st_size))
            spool = Spool(readers, scratch, helper)
            found = checking.check(
                readers, sessions, source.lines(), scratch, None if dry_run else spool
            )
            _show(_followed(found, "Checking"), source.format, changes=dry_run)
        except (FileRefusedError, OSError) as error:
            console.print(f"{error}\nNothing was changed.")
            raise typer.Exit(code=1) from error
        except Exception as error:
            log.exception("import.failed")
            console.print(running.failure_words(error, applying=False))
            raise typer.Exit(code=1) from error
        refused = scratch.count()[Outcome.REFUSED]
        if dry_run or (refused and not good_lines):
            console.print(f"{_words(scratch.count())}. Nothing was changed.")
            if refused and not dry_run:
                console.print("--good-lines applies the others.")
            raise typer.Exit(code=1 if refused else 0)
        actor = Actor.operator("reelright catalog import")
        done = running.run(sessions, source, spool, scratch, actor=actor)
        total = scratch.count()[Outcome.CREATED] + scratch.count()[Outcome.CHANGED]
        try:
            _show(_followed(done, "Writing", total), source.format)
        except Exception as error:
            log.exception("import.failed")
            console.print(running.failure_words(error, applying=True))
            console.print(f"{_words(scratch.count())}.")
            raise typer.Exit(code=1) from error
        counts = scratch.count()
        console.print(f"{_words(counts)}.")
        raise typer.Exit(code=1 if counts[Outcome.REFUSED] else 0)


@catalog.command("export")
def export_films(
    file: Annotated[Path, typer.Argument(help="Ends in .jsonl, .csv or .xlsx.", dir_okay=False)],
) -> None:
    """Write all films, of any status, into a file from which they can be imported again."""
    from app.catalog.transfer.formats import format_named, write_films
    from app.catalog.transfer.lines import FileRefusedError
    from app.catalog.transfer.reading import all_documents
    from app.core.db import make_sessions

    with _engine() as engine, make_sessions(engine, read_only=True)() as session:
        try:
            # Whole or not at all: a file that is half written has another name.
            form = format_named(file.name)
            part = file.with_name(f"{file.name}.part")
            with part.open("wb") as out:
                count = write_films(_followed(all_documents(session), "Writing"), form, out)
            part.replace(file)
        except (FileRefusedError, OSError) as error:
            console.print(f"{error}")
            raise typer.Exit(code=1) from error
    console.print(f"{count:,} films written to {file}.")


@catalog.command("reindex")
def reindex_films() -> None:
    """Compare the index of search with all films, and mend what differs.

    Safe to repeat, and while the store is at work. Films saved by an older release are found by
    their press from then on. Writes the price lists of offers whose prices were written by SQL, or
    by an older release: without them workers start slower.
    """
    from app.catalog import reindexing
    from app.core.db import make_sessions
    from app.offers import price_lists

    with _engine() as engine:
        sessions, readers = make_sessions(engine), make_sessions(engine, read_only=True)
        with readers() as session:
            total = reindexing.film_count(session)
        films = mended = 0
        with _progress("Looking") as progress:
            task = progress.add_task("", total=total)
            for looked in reindexing.reindex(readers, sessions):
                films += looked.films
                mended += looked.mended
                progress.update(task, completed=films)
        lists = price_lists.write_missing(sessions)
    console.print(f"{films:,} films looked at, {mended:,} entries mended.")
    console.print(f"{lists:,} price lists written.")


@contextmanager
def _engine() -> "Iterator[Engine]":
    from app.core.db import engine_for_jobs
    from app.core.garbage import UNHURRIED_SECONDS, keep_out_of_allocations

    keep_out_of_allocations(UNHURRIED_SECONDS)
    engine = engine_for_jobs(get_settings())
    try:
        yield engine
    finally:
        engine.dispose()


def _followed(items: Iterable[T], doing: str, total: int | None = None) -> Iterator[T]:
    """Show on a terminal how far it went."""
    with _progress(doing) as progress:
        yield from progress.track(items, total=total)


def _progress(doing: str) -> Progress:
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = Console(stderr=True)
    return Progress(*columns, console=shown, disable=not shown.is_terminal)


def _show(results: "Iterable[Result]", form: "FileFormat", *, changes: bool = False) -> None:
    """Print which lines are refused and why, and with ``changes`` what the others change."""
    from app.catalog.transfer.lines import Outcome

    told = {Outcome.REFUSED} | ({Outcome.CREATED, Outcome.CHANGED} if changes else set())
    unsaid = 0
    for shown, result in enumerate(each for each in results if each.outcome in told):
        if shown >= MOST_SHOWN:
            unsaid += 1
            continue
        name = result.slug or result.title or "?"
        console.print(f"{form.line_word} {result.number}: {result.outcome.value} {name}")
        for problem in result.problems:
            where = problem.pointer.removeprefix("#").removeprefix("/").replace("/", ".")
            console.print(f"    {where + ': ' if where else ''}{problem.detail}")
        for each in result.differences:
            console.print(f"    {each.field}: {_short(each.before)} -> {_short(each.after)}")
    if unsaid:
        console.print(f"... and {unsaid:,} more")


def _short(value: object) -> str:
    from app.catalog.transfer.lines import said

    text = said(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _words(counts: "Mapping[Outcome, int]") -> str:
    return ", ".join(f"{count:,} {outcome.value}" for outcome, count in counts.items())
