"""``python -m stripe_sandbox``: start the sandbox."""

import os
import sys
import threading
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from stripe_sandbox.app import create_sandbox
from stripe_sandbox.config import (
    DEFAULT_KEY,
    DEFAULT_WEBHOOK_SECRET,
    SandboxConfig,
    SandboxRefusedError,
    is_local_host,
)
from stripe_sandbox.logs import LogFormat, configure_logging

_SHUTDOWN_SECONDS: Final = 8

cli = typer.Typer(
    # Each option can also be set as STRIPE_SANDBOX_<OPTION>.
    context_settings={"auto_envvar_prefix": "STRIPE_SANDBOX"},
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="An address of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8010,
    database: Annotated[Path, typer.Option(help="The data file.")] = Path("stripe-sandbox.db"),
    secret_key: Annotated[str, typer.Option(help="The API key to accept.")] = DEFAULT_KEY,
    webhook_url: Annotated[
        str | None, typer.Option(help="Where events are delivered, on this machine.")
    ] = None,
    webhook_secret: Annotated[
        str, typer.Option(help="The secret that signs those events.")
    ] = DEFAULT_WEBHOOK_SECRET,
    webhook_events: Annotated[
        str, typer.Option(help="Event types to deliver there, separated by commas.")
    ] = "*",
    settle_seconds: Annotated[
        float, typer.Option(min=0, help="How long a bank debit takes to settle.")
    ] = 8.0,
    log_format: Annotated[LogFormat, typer.Option(help="How log lines are written.")] = "text",
    exit_on_eof: Annotated[
        bool, typer.Option("--exit-on-eof", help="Exit when standard input is closed.")
    ] = False,
) -> None:
    """Run a local stand-in for Stripe until interrupted."""
    try:
        config = SandboxConfig(
            database=database,
            public_url=f"http://{f'[{host}]' if ':' in host else host}:{port}",
            webhook_url=webhook_url,
            webhook_events=frozenset(name.strip() for name in webhook_events.split(",")),
            webhook_secret=webhook_secret,
            secret_key=secret_key,
            settle_seconds=settle_seconds,
        )
    except SandboxRefusedError as error:
        raise typer.BadParameter(str(error)) from error
    if not is_local_host(host):
        message = f"the sandbox serves this machine only, not {host}"
        raise typer.BadParameter(message)
    configure_logging(log_format)
    uvicorn_config = uvicorn.Config(
        create_sandbox(config),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(uvicorn_config)
    if exit_on_eof:
        threading.Thread(target=_stop_on_eof, args=(server,), name="stdin", daemon=True).start()
    server.run()
    if not server.started:
        sys.exit(1)


def _stop_on_eof(server: uvicorn.Server) -> None:
    """Stop the server when whatever started it ends, even if that was killed."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    server.should_exit = True
    threading.Event().wait(_SHUTDOWN_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    cli(prog_name="python -m stripe_sandbox")
