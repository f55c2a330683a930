"""What a web server loads in each of its workers: ``app.asgi:from_environment``."""

import sys
from threading import Thread
from typing import TYPE_CHECKING

from app.core import gc_thread

if TYPE_CHECKING:
    from fastapi import FastAPI

# So long a thread that reads or renders holds the interpreter while answers from memory wait: the
# slowest of them came twice as late with Python's own 5 ms.
SWITCH_SECONDS = 0.0005


def from_environment() -> "FastAPI":
    """Build the application for a server process: settings from the environment, logs set up."""
    gc_thread.disable_until_started()
    sys.setswitchinterval(SWITCH_SECONDS)
    # Imported here, so that nothing is looked at for garbage while it is loaded.
    from app.core.config import get_settings  # noqa: PLC0415
    from app.core.logging import configure  # noqa: PLC0415
    from app.core.startup import StartupCheck, StartupError, exit_refused  # noqa: PLC0415

    try:
        settings = get_settings()
        check = StartupCheck()
        # Loaded while that runs.
        from app.main import create_app  # noqa: PLC0415
        from app.search.index_cache import preload  # noqa: PLC0415

        configure(settings.log_format, together=True)
        application = create_app(settings)
        check.finish(log_format=settings.log_format)
    except StartupError as error:
        exit_refused(error)
    gc_thread.start_collector_thread()
    # Beside the first answers, most of which are made of it: the database works while we start.
    Thread(target=preload, args=(application.state.readers,), name="warm", daemon=True).start()
    if application.state.engine.dialect.name == "postgresql":
        from app.core.postgres import warn_if_too_many  # noqa: PLC0415 - not loaded on SQLite

        given = (application.state.engine, settings)
        Thread(target=warn_if_too_many, args=given, name="connections", daemon=True).start()
    return application
