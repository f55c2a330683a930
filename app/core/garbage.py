"""Collect cyclic garbage at moments that are safe (docs/decisions/0006-garbage.md)."""

import gc
import itertools
import sys
import threading
import time
from functools import cache

# Before Python 3.12 a collection may start within any allocation.
NEEDED = sys.version_info < (3, 12)
SECONDS = 0.1
# The old generations more rarely, as CPython does. All that a worker keeps takes 50 ms to look
# through, and everybody waits for it: each half minute.
MIDDLE, OLDEST = 10, 300


def put_off() -> None:
    """Collect nothing until ``keep_out_of_allocations``: what is loaded at the start stays.

    Looking at all of it again and again takes a sixth of the time until the first answer.
    """
    gc.disable()


def keep_out_of_allocations() -> None:
    """Collect garbage from a thread of its own, for the life of this process.

    Until Python 3.11 a collection starts in the midst of whatever allocates. When that is an
    attribute being stored, and the collection's callbacks store one on the same object (as those of
    SQLAlchemy's instance states do), the object's memory is freed twice and the process dies.
    Calling it again, when more has been loaded, does no harm.
    """
    gc.freeze()  # what is there now stays: it need not be looked at again
    if NEEDED:
        gc.disable()
        _start()
    else:
        gc.enable()


@cache
def _start() -> None:
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    for n in itertools.count(1):
        time.sleep(SECONDS)
        gc.collect(2 if n % OLDEST == 0 else 1 if n % MIDDLE == 0 else 0)
