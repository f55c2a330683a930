"""Collecting garbage on Python 3.11 without ending the process (docs/decisions/0006-garbage.md)."""

import signal
import subprocess
import sys
import textwrap

import pytest

from app.core import gc_thread

pytestmark = pytest.mark.once

# A film in a cycle, and its state: the film's end makes a callback store an attribute on the state.
# Thirty attributes are as many as objects of a class share. What is in capitals is filled in.
PROGRAM = """
import gc, sys, time, weakref
BEGIN

class Film: pass
class State:
    def __init__(self):
        for n in range(28):
            setattr(self, f"attribute_{n}", n)

kept = [State() for _ in range(3)]
for state in kept:
    state.a, state.b = 1, 2
GUARD
for n in range(500):
    state, film = State(), Film()
    film.itself = film
    gone = weakref.ref(film, lambda _, state=state: setattr(state, "callback", 1))
    del film
    kept.append([dict(a=1) for _ in range(200)])  # so that the next one has to be allocated
    ENABLE
    state.here = n
    gc.disable()
    assert state.here == n
    del state
if WAIT:
    deadline = time.monotonic() + 30
    while gone() is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert gone() is None
"""


GUARDED = "from app.core.gc_thread import start_collector_thread"
# What lies where in memory decides whether freeing it twice is noticed.
UNGUARDED = ("pass", "import json", "gc.collect(); gc.freeze()", "import json; gc.freeze()")


def run(*, begin: str = GUARDED, guard: str, enable: str = "pass", wait: bool = False) -> int:
    filled = {"BEGIN": begin, "GUARD": guard, "ENABLE": enable, "WAIT": str(wait)}
    program = textwrap.dedent(PROGRAM)
    for name, text in filled.items():
        program = program.replace(name, text)
    return subprocess.run([sys.executable, "-c", program], check=False).returncode


def test_a_callback_that_stores_on_the_same_object_ends_no_process() -> None:
    assert run(guard="start_collector_thread()") == 0


def test_cycles_are_still_collected() -> None:
    assert run(guard="start_collector_thread()", wait=True) == 0


def test_calling_it_again_does_no_harm() -> None:
    assert run(guard="start_collector_thread(); start_collector_thread(1)", wait=True) == 0


def test_only_older_pythons_need_it() -> None:
    """Where this fails, the interpreter was mended, and app/core/gc_thread.py can go."""
    enable = "gc.set_threshold(1); gc.enable()"
    ended = {run(begin=begin, guard="gc.disable()", enable=enable) for begin in UNGUARDED}
    assert (-signal.SIGSEGV in ended) == gc_thread.NEEDED
