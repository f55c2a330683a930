"""MARC::Lint, the libraries' own checker of records: a Perl module that Debian packages."""

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "lint.pl"
NONE_FOUND = "MARC::Lint is not installed (Debian: libmarc-lint-perl)"


@cache
def is_there() -> bool:
    """Whether Perl finds the module."""
    try:
        found = subprocess.run(["perl", "-MMARC::Lint", "-e1"], check=False, capture_output=True)
    except FileNotFoundError:
        return False
    return found.returncode == 0


def require() -> None:
    """Skip where there is no checker; where CI is set, that is a failure."""
    if not is_there():
        (pytest.fail if "CI" in os.environ else pytest.skip)(NONE_FOUND)


def lint(records: bytes, folder: Path) -> list[str]:
    """Return what the checker says of a file of binary records: its warnings, then the count."""
    path = folder / "records.mrc"
    path.write_bytes(records)
    done = subprocess.run(
        ["perl", str(SCRIPT), str(path)], check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout.splitlines()
