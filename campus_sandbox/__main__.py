"""``python -m campus_sandbox``: start the campus."""

import os
import sys
import threading
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from campus_sandbox.app import create_campus
from campus_sandbox.config import CampusConfig

_SHUTDOWN_SECONDS: Final = 8
cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@cli.command()
def serve(
    *,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8011,
    store_url: Annotated[str, typer.Option(help="The store.")] = "http://127.0.0.1:8000",
    key_file: Annotated[Path, typer.Option(help="Its key.")] = Path("campus-sandbox.pem"),
    exit_on_eof: Annotated[
        bool, typer.Option("--exit-on-eof", help="Exit when standard input is closed.")
    ] = False,
) -> None:
    """Run a local stand-in for a campus until interrupted."""
    config = CampusConfig(f"http://127.0.0.1:{port}", store_url.rstrip("/"), key_file)
    server = uvicorn.Server(
        uvicorn.Config(
            create_campus(config),
            host="127.0.0.1",
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    if exit_on_eof:
        threading.Thread(target=_stop_on_eof, args=(server,), name="stdin", daemon=True).start()
    server.run()
    if not server.started:
        sys.exit(1)


def _stop_on_eof(server: uvicorn.Server) -> None:
    """Stop the server when its starter ends, even if that was killed."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    server.should_exit = True
    threading.Event().wait(_SHUTDOWN_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    cli(prog_name="python -m campus_sandbox")
