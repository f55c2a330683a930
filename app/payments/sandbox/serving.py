"""Running the sandbox as a process of its own."""

from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from app.payments.sandbox.app import create_sandbox
from app.payments.sandbox.config import (
    DEFAULT_KEY,
    DEFAULT_WEBHOOK_SECRET,
    SandboxConfig,
    SandboxRefusedError,
    is_local_host,
)


def serve(
    *,
    database: Path,
    port: int,
    host: str = "127.0.0.1",
    webhook_url: str | None = None,
    webhook_events: frozenset[str] = frozenset({"*"}),
    secret_key: str = DEFAULT_KEY,
    webhook_secret: str = DEFAULT_WEBHOOK_SECRET,
    environment: str = "development",
    settle_seconds: float = 8.0,
    log_level: str = "warning",
) -> None:
    """Serve until interrupted.

    Raises:
        SandboxRefusedError: the host is not this machine, or see `SandboxConfig`.
    """
    if not is_local_host(host):
        message = f"the sandbox serves this machine only, not {host}"
        raise SandboxRefusedError(message)
    shown = f"[{host}]" if ":" in host else host
    config = SandboxConfig(
        database=database,
        public_url=f"http://{shown}:{port}",
        webhook_url=webhook_url,
        webhook_events=webhook_events,
        webhook_secret=webhook_secret,
        secret_key=secret_key,
        environment=environment,
        settle_seconds=settle_seconds,
    )
    uvicorn.run(
        create_sandbox(config),
        host=urlsplit(config.public_url).hostname or host,
        port=port,
        log_config=None,  # as the store's processes log
        log_level=log_level,
        access_log=False,
        server_header=False,
    )
