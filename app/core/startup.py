"""Refusing to start, in plain words: what is wrong with the settings or with this machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Literal, NoReturn

# sysexits.h calls it EX_CONFIG. Starting again does not help; a person must change something.
REFUSED = 78
# Set for processes whose checks another one has passed: they start again without them.
CHECKED = "REELRIGHT_STARTUP_CHECKED"
CHECK_SECONDS = 120


class StartupError(Exception):
    """The store must not start. ``problems`` says why, one sentence each, without any secret."""

    def __init__(
        self, problems: Iterable[str], *, log_format: Literal["text", "json"] = "text"
    ) -> None:
        self.problems = list(problems)
        self.log_format = log_format
        super().__init__("; ".join(self.problems))


class StartupCheck:
    """Proves in a process of its own that what a paid order needs is there.

    It runs while the process that started it loads, and what drawing a certificate takes stays out
    of the memory of a worker that may never draw one.
    """

    def __init__(self) -> None:
        """Start checking, unless it was done."""
        self._process = None
        if not os.environ.get(CHECKED):
            command = [sys.executable, "-m", "app.startup_checks"]
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )

    def finish(self, *, log_format: Literal["text", "json"]) -> None:
        """Wait for the answer.

        Raises:
            StartupError: something is missing; each problem is named.
        """
        if self._process is None:
            return
        err = b""
        try:
            out, err = self._process.communicate(timeout=CHECK_SECONDS)
            problems = json.loads(out)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            problems = [f"the startup checks took longer than {CHECK_SECONDS} seconds"]
        except ValueError:
            last = err.decode(errors="replace").strip().rpartition("\n")[2]
            problems = [f"the startup checks failed: {last or 'the process died'}"]
        if problems:
            raise StartupError(problems, log_format=log_format)


def exit_refused(error: StartupError) -> NoReturn:
    """Say on standard error what is wrong, all of it at once, and end this process."""
    if error.log_format == "json":
        for problem in error.problems:
            entry = {"level": "error", "event": "startup.refused", "problem": problem}
            print(json.dumps(entry, ensure_ascii=False), file=sys.stderr, flush=True)  # noqa: T201
    else:
        lines = ["Reelright can't start:", *(f"  - {problem}" for problem in error.problems)]
        print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201
    raise SystemExit(REFUSED)
