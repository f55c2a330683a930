"""Collect cyclic garbage on one thread only (docs/decisions/0006-garbage.md)."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

SECONDS = 0.5


@contextlib.asynccontextmanager
async def collected_by_the_event_loop() -> AsyncIterator[None]:
    """Take garbage collection out of the worker threads while the block lasts.

    On CPython 3.11 a collection that starts in one thread while others run SQLite statements can
    end the process with a segmentation fault.
    """
    gc.disable()
    task = asyncio.create_task(_collect())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        gc.enable()


async def _collect() -> None:
    while True:
        await asyncio.sleep(SECONDS)
        gc.collect()
