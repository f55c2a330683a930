"""Collect cyclic garbage at moments that are safe (docs/decisions/0006-garbage.md)."""

import gc
import itertools
import sys
import threading
import time

# Before Python 3.12 a collection may start within any allocation.
NAME = "garbage"
NEEDED = sys.version_info < (3, 12)
SECONDS = 0.1
# Where nobody waits for an answer: what is new is looked through once instead of again and again.
UNHURRIED_SECONDS = 1.0
# The old generations more rarely, as CPython does. All that a worker keeps takes 50 ms to look
# through, and everybody waits for it: each half minute.
MIDDLE_SECONDS, OLDEST_SECONDS = 1, 30


def disable_until_started() -> None:
    """Collect nothing until ``start_collector_thread``: what is loaded at the start stays.

    Looking at all of it again and again takes a sixth of the time until the first answer.
    """
    gc.disable()


def start_collector_thread(seconds: float = SECONDS) -> None:
    """Collect garbage from a thread of its own, each so many seconds, while this process lives.

    Until Python 3.11 a collection starts in the midst of whatever allocates. When that is an
    attribute being stored, and the collection's callbacks store one on the same object (as those of
    SQLAlchemy's instance states do), the object's memory is freed twice and the process dies.
    Calling it again, when more has been loaded, does no harm; the pace stays.
    """
    gc.freeze()  # what is there now stays: it need not be looked at again
    if NEEDED:
        gc.disable()
        _start(seconds)
    else:
        gc.enable()


def _start(seconds: float) -> None:
    if any(thread.name == NAME for thread in threading.enumerate()):
        return
    threading.Thread(target=_collect, args=(seconds,), name=NAME, daemon=True).start()


def _collect(seconds: float) -> None:
    middle, oldest = round(MIDDLE_SECONDS / seconds), round(OLDEST_SECONDS / seconds)
    for n in itertools.count(1):
        time.sleep(seconds)
        gc.collect(2 if n % oldest == 0 else 1 if n % middle == 0 else 0)
