"""Load one address with wrk and read what it says."""

import re
import shutil
import subprocess
from dataclasses import dataclass

CONNECTIONS = 4
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Measured:
    """What one run of load showed."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    busy_us: float = 0.0
    """Processor time of the server for one request; 0 if nobody looked."""


class NoLoadGeneratorError(RuntimeError):
    """The load generator is not installed."""


def measure(url: str, *, seconds: int) -> Measured:
    """Keep ``CONNECTIONS`` connections busy with ``url`` for ``seconds``.

    Raises:
        NoLoadGeneratorError: ``wrk`` is not installed (Debian and Homebrew call it so too).
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        msg = "the bench needs the load generator `wrk`; install it with the system's packages"
        raise NoLoadGeneratorError(msg)
    told = subprocess.run(
        [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    broken = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", told
    )
    return Measured(
        per_second=float(_find(r"Requests/sec:\s+([\d.]+)", told)),
        p50_ms=_milliseconds(_find(r"^ +50% +(\S+)", told)),
        p99_ms=_milliseconds(_find(r"^ +99% +(\S+)", told)),
        errors=int(wrong[1] if wrong else 0)
        + sum(int(n) for n in (broken.groups() if broken else ())),
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        msg = f"wrk did not say {pattern!r}:\n{text}"
        raise ValueError(msg)
    return found[1]


def _milliseconds(told: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s)", told)
    if found is None:
        msg = f"not a duration: {told!r}"
        raise ValueError(msg)
    return float(found[1]) * UNITS[found[2]]
