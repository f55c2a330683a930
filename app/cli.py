"""Commands for operators: ``reelright --help``. Thin: each calls one function of a feature."""

import os
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from alembic import command
from alembic.config import Config
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session, sessionmaker

from app import serving
from app.core.config import SANDBOX_KEY, SANDBOX_WEBHOOK_SECRET, Settings, get_settings
from app.core.db import make_engine, make_sessions
from app.core.logging import configure

ROOT = Path(__file__).parent.parent
cli = typer.Typer(no_args_is_help=True, help="Reelright: license films to institutions.")
console = Console(highlight=False)

SeedFolder = Annotated[Path, typer.Option(help="Where the seed files are.", file_okay=False)]


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema. Safe to repeat, and from several nodes at once."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = get_settings().database_url.get_secret_value()
    command.upgrade(config, "head")


@cli.command()
def seed(*, folder: SeedFolder = ROOT / "seeds") -> None:
    """Load the sample catalog and its offers, and say what changed. Safe to repeat."""
    _seed(get_settings(), folder, quiet=False)


@cli.command()
def serve(
    *,
    host: Annotated[str, typer.Option(envvar="HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Web processes.")] = 1,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="First migrate and load the sample catalog.")
    ] = False,
) -> None:
    """Serve the store, its jobs and, when no Stripe key is set, the sandbox."""
    if "REELRIGHT_BASE_URL" not in os.environ:
        shown = f"[{host}]" if ":" in host else host
        os.environ["REELRIGHT_BASE_URL"] = f"http://{shown}:{port}"
    settings = get_settings()
    if prepare:
        migrate()
        _seed(settings, ROOT / "seeds", quiet=True)
    try:
        status = serving.serve(
            settings,
            host=host,
            port=port,
            workers=workers,
            on_started=lambda: _greet(settings, demo=prepare),
        )
    except serving.PortTakenError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(code=1) from error
    raise typer.Exit(code=status)


@cli.command(hidden=True)
def web(*, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Run the web processes alone."""
    serving.end_with_parent()
    settings = get_settings()
    configure(settings.log_format)
    uvicorn.run(
        "app.main:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


@cli.command()
def work() -> None:
    """Run the jobs: mail, retries, expiry, the nightly reconciliation."""
    from app.worker import run_worker  # noqa: PLC0415 - the job engine is slow to import

    serving.end_with_parent()
    settings = get_settings()
    configure(settings.log_format)
    run_worker(settings)


@cli.command()
def sandbox(
    *,
    webhook_url: Annotated[
        str, typer.Option(help="Where events are sent.")
    ] = "http://127.0.0.1:8000/webhooks/stripe",
) -> None:
    """Run the local Stripe sandbox alone."""
    from app.payments.sandbox.app import SandboxConfig  # noqa: PLC0415 - no other command needs it
    from app.payments.sandbox.server import serve as serve_sandbox  # noqa: PLC0415

    serving.end_with_parent()
    settings = get_settings()
    configure(settings.log_format)
    config = SandboxConfig(
        database=settings.sandbox_database,
        public_url=settings.sandbox_url,
        webhook_url=webhook_url,
        webhook_secret=SANDBOX_WEBHOOK_SECRET,
        secret_key=SANDBOX_KEY,
    )
    serve_sandbox(config, host=settings.sandbox_host, port=settings.sandbox_port)


def _sessions(settings: Settings) -> sessionmaker[Session]:
    return make_sessions(make_engine(settings.database_url.get_secret_value()))


def _seed(settings: Settings, folder: Path, *, quiet: bool) -> None:
    from app.seeding import seed_everything  # noqa: PLC0415 - servers do not need it

    with _sessions(settings).begin() as session:
        demo = settings.environment != "production"
        reports = seed_everything(session, folder, demo_staff=demo)
    for report in reports:
        if not quiet or report.created or report.changed:
            console.print(report.words())


def _greet(settings: Settings, *, demo: bool) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_row("The store", f"[bold]{settings.url('/')}[/bold]")
    table.add_row("Staff console", settings.url("/console"))
    table.add_row("API", settings.url("/api/docs"))
    if settings.sandbox_enabled:
        table.add_row("Stripe sandbox", settings.sandbox_url)
    if demo and settings.environment != "production":
        from app.accounts.staff import DEMO_EMAILS, DEMO_PASSWORD  # noqa: PLC0415 - see _seed

        table.add_row("Demo staff", f"{', '.join(DEMO_EMAILS)}")
        table.add_row("Password", DEMO_PASSWORD)
    if settings.sandbox_enabled:
        table.add_row("Test cards", "4242 4242 4242 4242  pays")
        table.add_row("", "4000 0000 0000 0002  is declined")
        table.add_row("", "4000 0025 0000 3155  asks for 3-D Secure")
        table.add_row("", "any later date, any CVC; a bank debit settles or fails a little later")
    console.print()
    console.print(table)
    console.print("\nCtrl-C stops it. The data stays.\n")


if __name__ == "__main__":
    cli()
