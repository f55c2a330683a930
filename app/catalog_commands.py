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

    from app.imports.headings import ColumnsUnclearError
    from app.imports.lines import FileFormat, LineOutcome, LineResult
    from app.imports.scratch_database import ScratchDatabase

log = logging.getLogger(__name__)
catalog = typer.Typer(
    no_args_is_help=True, help="Import and export films, and rebuild the search index."
)
console = Console(highlight=False, markup=False, soft_wrap=True)
T = TypeVar("T")
MOST_SHOWN = 200
LONGEST_VALUE = 60


@catalog.command("import")
def import_films(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines, CSV, XLSX, MARC 21, or MARCXML.", dir_okay=False)
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the changes.")] = False,
    skip_rejected: Annotated[
        bool, typer.Option("--skip-rejected", help="Apply the other lines if some are rejected.")
    ] = False,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="HEADING=FIELD",
            help="The field of a column, such as Regie=director or Notes=ignore. Repeat for more "
            "columns.",
        ),
    ] = None,
    confirm_titles: Annotated[
        bool,
        typer.Option(
            "--confirm-titles",
            help="Accept titles that a spreadsheet may have changed, such as 11-Sep.",
        ),
    ] = False,
) -> None:
    """Add and change films from a file. If any line is rejected, nothing changes.

    You can import a file again: films are found by slug, identifier, or title and year, and
    unchanged lines are skipped. Exits with 1 if a line is rejected.
    """
    from app.core.db import make_sessions
    from app.exports.marc_films import marc_readers
    from app.imports.command_imports import run_import
    from app.imports.dry_run import check
    from app.imports.formats import READERS, ImportSource
    from app.imports.lines import LineOutcome
    from app.imports.prepared_lines import Spool, helper_for
    from app.imports.scratch_database import ScratchDatabase

    mapping = _mapping(columns or ())
    with _engine() as engine, ScratchDatabase() as scratch, ExitStack() as stack:
        sessions, readers = make_sessions(engine), make_sessions(engine, read_only=True)
        with _failures(applying=False):
            own = get_settings().marc_organization
            source = ImportSource.of(
                file,
                {**READERS, **marc_readers(own)},
                mapping=mapping,
                has_sure_titles=confirm_titles,
            )
            helper = stack.enter_context(helper_for(0 if dry_run else file.stat().st_size))
            spool = Spool(readers, scratch, helper)
            found = check(readers, sessions, source.lines(), scratch, None if dry_run else spool)
            for result in _followed(found, "Checking"):
                if dry_run or result.outcome is LineOutcome.REJECTED:
                    scratch.store_result(result)
        _show(scratch.results(), source.format, changes=dry_run)
        refused = scratch.count()[LineOutcome.REJECTED]
        if source.reading.doubts:
            console.print(
                "Use --confirm-titles to accept titles that a spreadsheet may have changed."
            )
        if dry_run or (refused and not skip_rejected):
            console.print(f"{_words(scratch.count())}. Nothing was changed.")
            if refused and not dry_run:
                console.print("Use --skip-rejected to apply the others.")
            raise typer.Exit(code=1 if refused else 0)
        actor = Actor.operator("reelright catalog import")
        done = run_import(sessions, source, spool, scratch, actor=actor)
        total = scratch.count()[LineOutcome.CREATED] + scratch.count()[LineOutcome.CHANGED]
        with _failures(applying=True, scratch=scratch):
            _show(_followed(done, "Writing", total), source.format)
        counts = scratch.count()
        console.print(f"{_words(counts)}.")
        raise typer.Exit(code=1 if counts[LineOutcome.REJECTED] else 0)


@contextmanager
def _failures(*, applying: bool, scratch: "ScratchDatabase | None" = None) -> "Iterator[None]":
    """Print why an import stopped and exit with 1."""
    from app.imports.command_imports import failure_message
    from app.imports.headings import ColumnsUnclearError
    from app.imports.lines import ImportFileError

    try:
        yield
    except ColumnsUnclearError as error:
        _show_columns(error)
        raise typer.Exit(code=1) from error
    except (ImportFileError, OSError) as error:
        console.print(f"{error}" if applying else f"{error}\nNothing was changed.")
        raise typer.Exit(code=1) from error
    except Exception as error:
        log.exception("import.failed")
        console.print(failure_message(error, applying=applying))
        if scratch is not None:
            console.print(f"{_words(scratch.count())}.")
        raise typer.Exit(code=1) from error


@catalog.command("export")
def export_films(
    file: Annotated[
        Path, typer.Argument(help="A path that ends in .jsonl, .csv, or .xlsx.", dir_okay=False)
    ],
) -> None:
    """Export all films, of any status, to a file that can be imported again."""
    from app.core.db import make_sessions
    from app.imports.film_documents import all_documents
    from app.imports.formats import format_named, write_films
    from app.imports.lines import ImportFileError

    with _engine() as engine, make_sessions(engine, read_only=True)() as session:
        try:
            # An incomplete file has another name.
            form = format_named(file.name)
            part = file.with_name(f"{file.name}.part")
            with part.open("wb") as out:
                count = write_films(_followed(all_documents(session), "Writing"), form, out)
            part.replace(file)
        except (ImportFileError, OSError) as error:
            console.print(f"{error}")
            raise typer.Exit(code=1) from error
    console.print(f"Exported {count:,} films to {file}.")


@catalog.command("reindex")
def reindex_films() -> None:
    """Compare the search index with all films and fix the differences.

    You can run it again, and while the store runs. It also writes missing price lists of offers,
    without which web processes start more slowly.
    """
    from app.core.db import make_sessions
    from app.imports import search_reindex
    from app.offers import price_lists

    with _engine() as engine:
        sessions, readers = make_sessions(engine), make_sessions(engine, read_only=True)
        with readers() as session:
            total = search_reindex.film_count(session)
        films = fixed = 0
        with _progress("Checking") as progress:
            task = progress.add_task("", total=total)
            for looked in search_reindex.reindex(readers, sessions):
                films += looked.films
                fixed += looked.fixed
                progress.update(task, completed=films)
        lists = price_lists.save_missing(sessions)
    console.print(f"{films:,} films checked, {fixed:,} entries fixed.")
    console.print(f"{lists:,} price lists written.")


@contextmanager
def _engine() -> "Iterator[Engine]":
    from app.core.db import engine_for_jobs
    from app.core.gc_thread import UNHURRIED_SECONDS, start_collector_thread

    start_collector_thread(UNHURRIED_SECONDS)
    engine = engine_for_jobs(get_settings())
    try:
        yield engine
    finally:
        engine.dispose()


def _followed(items: Iterable[T], doing: str, total: int | None = None) -> Iterator[T]:
    """Show a progress bar on a terminal."""
    with _progress(doing) as progress:
        yield from progress.track(items, total=total)


def _progress(doing: str) -> Progress:
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = Console(stderr=True)
    return Progress(*columns, console=shown, disable=not shown.is_terminal)


def _show(results: "Iterable[LineResult]", form: "FileFormat", *, changes: bool = False) -> None:
    """Print rejected lines with their problems, and with ``changes`` what other lines change."""
    from app.imports.lines import LineOutcome

    told = {LineOutcome.REJECTED} | (
        {LineOutcome.CREATED, LineOutcome.CHANGED} if changes else set()
    )
    shown = unsaid = 0
    for result in (each for each in results if each.outcome in told):
        is_refused = result.outcome is LineOutcome.REJECTED
        shown += not is_refused
        if shown > MOST_SHOWN and not is_refused:
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


def _mapping(columns: Iterable[str]) -> dict[str, str]:
    """Return the fields of ``--map`` by heading."""
    from app.imports.headings import FIELDS, IGNORE

    found = {}
    for each in columns:
        # A heading may contain an equals sign; a field does not.
        heading, equals, name = each.rpartition("=")
        if not (equals and heading.strip()) or name.strip() not in {*FIELDS, IGNORE}:
            msg = f"{each!r}: enter HEADING=FIELD. Fields: {', '.join((*FIELDS, IGNORE))}."
            raise typer.BadParameter(msg, param_hint="--map")
        found[heading.strip()] = name.strip()
    return found


def _show_columns(error: "ColumnsUnclearError") -> None:
    """Print the recognized columns of a file, and how to map the others."""
    console.print(f"{error}")
    for column in error.columns:
        examples = f" ({' · '.join(column.examples)})" if column.examples else ""
        console.print(f"    {column.heading}: {column.field or 'unknown'}{examples}")
    unknown = [column for column in error.columns if not column.field] or error.columns[:1]
    options = " ".join(f'--map "{column.heading}=FIELD"' for column in unknown[:3])
    console.print(f"Map columns with {options}. The field ignore skips a column.")
    console.print("Nothing was changed.")


def _short(value: object) -> str:
    from app.imports.lines import format_value

    text = format_value(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _words(counts: "Mapping[LineOutcome, int]") -> str:
    return ", ".join(f"{count:,} {outcome.value}" for outcome, count in counts.items())
