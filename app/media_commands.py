"""Commands for masters: ``reelright media add`` and ``reelright media status``.

As in ``cli.py``, a command imports what it needs when it runs.
"""
# ruff: noqa: PLC0415 - the reason is above

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.accounts.actors import Actor
from app.core.config import get_settings
from app.core.errors import AppError

media = typer.Typer(no_args_is_help=True, help="Add masters of films, and follow their packaging.")
console = Console(highlight=False, markup=False, soft_wrap=True)
OPERATOR = Actor.operator("reelright media")


@media.command()
def add(
    file: Annotated[
        Path, typer.Argument(help="The master. It is copied.", exists=True, dir_okay=False)
    ],
    *,
    film: Annotated[str, typer.Option(help="The slug of the film.")],
    version: Annotated[str, typer.Option(help="The label of the version, such as Feature.")],
    role: Annotated[str, typer.Option(help="film or audio_description.")] = "film",
    language: Annotated[str, typer.Option(help="Of an audio description, such as eng.")] = "",
) -> None:
    """Add a master. A worker checks it and makes a package for streaming."""
    from app.catalog import queries
    from app.core.db import engine_for_jobs, make_sessions
    from app.core.numbers import new_token
    from app.media import master_service, upload_protocol
    from app.media.ffmpeg import find_programs
    from app.media.packaging_context import spool_folder

    settings = get_settings()
    spool = spool_folder(settings)
    name = new_token()
    engine = engine_for_jobs(settings)
    try:
        chosen, code = upload_protocol.read_role(role, language)
        sessions = make_sessions(engine)
        with sessions.begin() as session:  # before the copy, which may take minutes
            found = queries.film_for_staff(session, film)
            version_id = master_service.find_version(found, version).id
        spool.mkdir(parents=True, exist_ok=True)
        console.print(f"Copying {file.name} ...")
        shutil.copyfile(file, spool / name)
        incoming = master_service.IncomingMaster(
            file.name, file.stat().st_size, chosen, code, spool_name=name
        )
        with sessions.begin() as session:
            ref = master_service.receive(session, version_id, incoming, actor=OPERATOR).ref
    except AppError as error:
        (spool / name).unlink(missing_ok=True)
        words = "; ".join(problem.detail for problem in error.errors) or error.detail
        console.print(words)
        raise typer.Exit(code=1) from error
    finally:
        engine.dispose()
    console.print(f"Master {ref} received. A worker packages it: reelright media status.")
    if find_programs(settings.ffmpeg) is None:
        console.print("ffmpeg is not installed here, so it waits. Run make video, or install it.")


@media.command()
def status() -> None:
    """List the newest masters, with the progress of their packages."""
    from app.core.db import engine_for_jobs, make_sessions
    from app.media import master_queries

    engine = engine_for_jobs(get_settings())
    try:
        with make_sessions(engine, read_only=True)() as session:
            rows = master_queries.list_masters(session)
            table = Table("Master", "Film", "Version", "State", "Package", "Progress", box=None)
            for row in rows:
                package = row.package.state.value if row.package else "none"
                told = row.problem or f"{row.step} {row.percent}%".strip()
                cells = (row.film_slug, row.version_label, row.master.state.value, package, told)
                table.add_row(row.master.ref, *cells)
    finally:
        engine.dispose()
    if rows:
        console.print(table)
    else:
        console.print("No masters yet.")
