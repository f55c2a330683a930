"""Commands for operators: ``reelright --help``. Thin: each calls one function of a feature.

A command imports what it needs when it runs, so that ``reelright serve`` starts at once.
"""
# ruff: noqa: PLC0415 - the reason is above

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app import supervisor
from app.accounts.actors import Actor
from app.accounts.demo import DEMO_LIBRARIAN, DEMO_PASSWORD
from app.accounts.permissions import Role, Scope
from app.catalog_commands import catalog
from app.core.config import (
    SANDBOX_KEY,
    SANDBOX_WEBHOOK_SECRET,
    Settings,
    get_settings,
    read_log_format,
)
from app.core.errors import AppError
from app.core.gc_thread import disable_until_started, start_collector_thread
from app.core.logging import configure
from app.core.sqlite import warn_of_sqlite
from app.core.startup import CHECKED, StartupError, exit_refused
from app.core.work_queue import JobGroup
from app.media_commands import media

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

log = logging.getLogger(__name__)

SEEDS = Path(__file__).parent.parent / "seeds"
cli = typer.Typer(
    no_args_is_help=True,
    help="License films to institutions.",
    # Unexpected errors are logged like all others (see ``main``), without values.
    pretty_exceptions_enable=False,
)
webhooks = typer.Typer(no_args_is_help=True, help="Process stored webhook events of Stripe.")
keys = typer.Typer(no_args_is_help=True, help="Create and revoke API keys.")
staff = typer.Typer(no_args_is_help=True, help="Manage staff accounts.")
cli.add_typer(webhooks, name="webhooks")
cli.add_typer(keys, name="keys")
cli.add_typer(staff, name="staff")
cli.add_typer(catalog, name="catalog")
cli.add_typer(media, name="media")
console = Console(highlight=False)

SeedFolder = Annotated[Path, typer.Option(help="The folder with the seed files.", file_okay=False)]


def main() -> None:
    """Run one command. Print what prevents the store from starting in plain lines."""
    if read_log_format() == "json":
        configure("json")
    try:
        cli()
    except StartupError as error:
        exit_refused(error)


@cli.command()
def migrate() -> None:
    """Migrate the database to the newest schema.

    You can run it again, or on several nodes at once.
    """
    from app import bootstrap

    bootstrap.migrate(get_settings())


@cli.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The file to write. It must not exist yet.")],
) -> None:
    """Copy the SQLite database to a file. The store may be running."""
    from app import copies

    with _copy_errors():
        copies.back_up(get_settings(), target)
    console.print(f"Copied the database to {target}.")


@cli.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file from `reelright backup`.")],
) -> None:
    """Replace the SQLite database with a backup. Stop the store first."""
    from app import copies

    with _copy_errors():
        aside = copies.restore(get_settings(), source)
    if aside is not None:
        console.print(f"Moved the former database to {aside}.")
    console.print("Restored the backup. Run `reelright migrate` before you start the store.")


@cli.command()
def seed(*, folder: SeedFolder = SEEDS) -> None:
    """Load the sample catalog and its offers. You can run it again."""
    from app import bootstrap

    for report in bootstrap.seed(get_settings(), folder):
        console.print(report.words())


@cli.command()
def serve(
    *,
    host: Annotated[
        str, typer.Option(envvar="HOST", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="PORT", min=1, max=65535, help="The port to listen on.")
    ] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Number of web processes.")] = 1,
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Migrate the database and load the sample catalog first."),
    ] = False,
) -> None:
    """Run the web processes, the worker, and, without a Stripe key, the sandbox."""
    if "REELRIGHT_BASE_URL" not in os.environ:
        shown = f"[{host}]" if ":" in host else host
        os.environ["REELRIGHT_BASE_URL"] = f"http://{shown}:{port}"
    _share_connections(workers)
    settings = get_settings()
    configure(settings.log_format)
    warn_of_sqlite(settings)
    with _port_advice(settings):
        status = supervisor.serve(
            settings,
            host=host,
            port=port,
            workers=workers,
            prepare=prepare,
            on_started=lambda: _greet(settings, demo=prepare),
        )
    raise typer.Exit(code=status)


@cli.command()
def web(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Number of web processes.")] = 1,
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Migrate the database and load the sample catalog first."),
    ] = False,
) -> None:
    """Run only the web processes."""
    _share_connections(workers)
    settings = _begin()
    if workers > 1:
        with _port_advice(settings):
            raise typer.Exit(
                code=supervisor.serve_web(host=host, port=port, workers=workers, prepare=prepare)
            )
    if prepare:
        from app import bootstrap

        logging.getLogger("app").setLevel(logging.WARNING)  # the report says it shorter
        for report in bootstrap.prepare(settings, SEEDS):
            if settings.log_format == "json":
                log.warning("store.seeded", extra={"report": report.words()})
            else:
                console.print(report.words())
        logging.getLogger("app").setLevel(logging.INFO)
    with _port_advice(settings):
        raise typer.Exit(code=supervisor.run_web(settings, host=host, port=port))


@cli.command()
def work(
    *,
    queue: Annotated[
        JobGroup | None,
        typer.Option(help="Only this kind of jobs: media is packaging. Run more for more at once."),
    ] = None,
) -> None:
    """Run the jobs: email, retries, expiry, packaging, the nightly reconciliation."""
    disable_until_started()  # until it is loaded
    from app.startup_checks import check_startup
    from app.worker import run_worker

    settings = _begin()
    if not os.environ.get(CHECKED):
        check_startup(settings)
    run_worker(settings, only=queue)


@cli.command()
def sandbox(
    *,
    webhook_url: Annotated[
        str, typer.Option(help="The URL that receives the events.")
    ] = "http://127.0.0.1:8000/webhooks/stripe",
    every_event: Annotated[
        bool,
        typer.Option("--every-event", help="Also send event types that the store does not use."),
    ] = False,
    settle_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds until a bank debit settles.")
    ] = 8.0,
) -> None:
    """Run only the local Stripe sandbox."""
    from app.payments.states import EVENT_TYPES

    settings = get_settings()
    configure(settings.log_format)
    if settings.environment == "production":
        console.print("[red]The sandbox does not run in production.[/red]")
        raise typer.Exit(code=1)
    own = {
        "HOST": settings.sandbox_host,
        "PORT": str(settings.sandbox_port),
        "DATABASE": str(settings.sandbox_database),
        "SECRET_KEY": SANDBOX_KEY,
        "WEBHOOK_URL": webhook_url,
        "WEBHOOK_SECRET": SANDBOX_WEBHOOK_SECRET,
        "WEBHOOK_EVENTS": "*" if every_event else ",".join(sorted(EVENT_TYPES)),
        "SETTLE_SECONDS": str(settle_seconds),
        "LOG_FORMAT": settings.log_format,
    }
    environment = {f"STRIPE_SANDBOX_{name}": value for name, value in own.items()}
    # This process becomes the sandbox, which is a separate program with its own settings.
    command = [sys.executable, "-m", "stripe_sandbox"]
    if supervisor.is_supervised():
        command.append("--exit-on-eof")
    os.execve(sys.executable, command, os.environ | environment)  # noqa: S606 - our own module


@cli.command()
def campus() -> None:
    """Run only the campus sandbox, with which each login to watch films can be tried."""
    settings = get_settings()
    if settings.environment == "production" or not settings.campus_port:
        console.print("[red]The campus needs REELRIGHT_CAMPUS_PORT, outside production.[/red]")
        raise typer.Exit(code=1)
    command = [sys.executable, "-m", "campus_sandbox"]
    command += ["--port", str(settings.campus_port), "--store-url", settings.url("")]
    command += ["--key-file", str(settings.sandbox_database.with_suffix(".pem"))]
    if supervisor.is_supervised():
        command.append("--exit-on-eof")
    # This process becomes the campus, which is a separate program.
    os.execv(sys.executable, command)  # noqa: S606 - our own module


@webhooks.command()
def retry(
    *,
    dry_run: Annotated[bool, typer.Option(help="Only list the events.")] = False,
) -> None:
    """Process all unprocessed events again. Exits with 1 if any fails."""
    from app.payments import events
    from app.payments.gateway import StripeGateway

    settings = get_settings()
    with _database() as sessions:
        if dry_run:
            with sessions() as session:
                waiting = events.find_unhandled(session)
            console.print("\n".join(waiting) or "No events to retry.")
            return
        gateway = StripeGateway(settings)
        worked, failed = events.retry_events(sessions, gateway, store_id=settings.store_id)
    console.print(f"{worked} processed, {failed} failed.")
    raise typer.Exit(code=1 if failed else 0)


@cli.command()
def reconcile() -> None:
    """Compare the last 30 days with Stripe. Exits with 1 if anything differs."""
    from app.payments.gateway import StripeGateway
    from app.payments.models import ReconciliationRun
    from app.payments.reconciliation import run_reconciliation

    settings = get_settings()
    with _database() as sessions:
        run_id = run_reconciliation(sessions, StripeGateway(settings), store_id=settings.store_id)
        with sessions() as session:
            run = session.get_one(ReconciliationRun, run_id)
    console.print(
        f"{run.events_listed} events compared. {run.events_missing} were missing here and are "
        f"processed now. {run.payments_compared} payments compared."
    )
    for finding in run.findings:
        console.print(" - " + ", ".join(f"{name}: {value}" for name, value in finding.items()))
    raise typer.Exit(code=1 if run.findings else 0)


@keys.command("make")
def make_key(
    label: Annotated[str, typer.Argument(help="Label of the key.")],
    *,
    scope: Annotated[
        list[Scope], typer.Option(help="What the key may do. Repeat for more scopes.")
    ],
) -> None:
    """Create an API key and show it once."""
    from app.accounts import keys as account_keys

    with _refusals(), _database() as sessions, sessions.begin() as session:
        key = account_keys.create_key(session, label=label, scopes=scope)
    console.print(key)


@keys.command("revoke")
def revoke_key(
    prefix: Annotated[str, typer.Argument(help="The first letters of the key, as in the console.")],
) -> None:
    """Revoke an API key permanently."""
    from app.accounts import keys as account_keys

    actor = Actor.operator("reelright keys revoke")
    with _refusals(), _database() as sessions, sessions.begin() as session:
        ended = account_keys.revoke_key(session, prefix=prefix, actor=actor)
    console.print("Revoked the key." if ended else "The key was already revoked.")


@staff.command("add")
def add_staff(
    email: str,
    *,
    name: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[list[Role], typer.Option(help="Repeat for more roles.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Create a staff account."""
    from app.accounts import staff as account_staff

    actor = Actor.operator("reelright staff add")
    with _refusals(), _database() as sessions, sessions.begin() as session:
        account_staff.create_staff(
            session, email=email, name=name, password=password, roles=role, actor=actor
        )
    console.print(f"{email} can log in at {get_settings().url('/console')}")


@staff.command("password")
def set_password(
    email: str,
    *,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Set a new password. All sessions of the account end."""
    from app.accounts import staff as account_staff

    actor = Actor.operator("reelright staff password")
    with _refusals(), _database() as sessions, sessions.begin() as session:
        account_staff.set_password(session, email=email, password=password, actor=actor)
    console.print(f"Changed the password of {email}.")


@contextmanager
def _refusals() -> Iterator[None]:
    """Print an expected error and exit with 1."""
    try:
        yield
    except AppError as error:
        console.print(f"[red]{error.detail}[/red]")
        for problem in error.errors:
            console.print(f"  {problem.pointer.removeprefix('#/')}: {problem.detail}")
        raise typer.Exit(code=1) from error


@contextmanager
def _port_advice(settings: Settings) -> Iterator[None]:
    """Print that a port is in use and exit with 1."""
    try:
        yield
    except supervisor.PortInUseError as error:
        if settings.log_format == "json":
            log.error("port.in_use", extra={"detail": str(error)})  # noqa: TRY400 - expected
        else:
            console.print(f"[red]{error}[/red]")
        raise typer.Exit(code=1) from error


@contextmanager
def _copy_errors() -> Iterator[None]:
    """Print why a backup or restore failed and exit with 1."""
    from app.copies import CopyError

    try:
        yield
    except CopyError as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(code=1) from error


@contextmanager
def _database() -> "Iterator[sessionmaker[Session]]":
    """Open the store's database for sessions, and close its connections afterwards."""
    from app.core.db import engine_for_jobs, make_sessions

    engine = engine_for_jobs(get_settings())
    try:
        yield make_sessions(engine)
    finally:
        engine.dispose()


def _share_connections(workers: int) -> None:
    """Set how many web processes share the database, for this process and its children.

    A higher setting stays: it counts other machines too.
    """
    if get_settings().web_workers < workers:
        os.environ["REELRIGHT_WEB_WORKERS"] = str(workers)
        get_settings.cache_clear()


def _begin() -> Settings:
    """Set up a process that runs until it is stopped."""
    supervisor.exit_with_parent()
    settings = get_settings()
    configure(settings.log_format)
    if not supervisor.is_supervised():
        warn_of_sqlite(settings)
    start_collector_thread()
    return settings


def _greet(settings: Settings, *, demo: bool) -> None:
    if settings.log_format == "json":
        log.info("store.started", extra={"url": settings.url("/")})
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("Store", f"[bold]{settings.url('/')}[/bold]")
    table.add_row("Staff console", settings.url("/console"))
    table.add_row("API", settings.url("/api/docs"))
    if settings.sandbox_enabled:
        table.add_row("Stripe sandbox", settings.sandbox_url)
        if settings.campus_port:
            table.add_row("Campus sandbox", settings.campus_url)
    if demo and settings.environment != "production":
        table.add_row("Demo accounts", ", ".join(f"{role}@example.org" for role in Role))
        table.add_row("Password", DEMO_PASSWORD)
        table.add_row("Demo librarian", DEMO_LIBRARIAN)
    if settings.sandbox_enabled:
        table.add_row("Test cards", "4242 4242 4242 4242  succeeds")
        table.add_row("", "4000 0000 0000 0002  declined")
        table.add_row("", "4000 0025 0000 3155  requires 3-D Secure")
        table.add_row("", "Enter any future date and any security code.")
    console.print()
    console.print(table)
    console.print("\nPress Ctrl-C to stop. Your data is kept.\n")


if __name__ == "__main__":
    main()
