"""Run the whole suite: on SQLite, then on PostgreSQL. ``make test`` calls this.

Both runs are pytest's own; extra arguments go to both. Exits with the first failure's status, after
both have run.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.temp_folders import memory_folder

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Run the suite twice and return the exit status."""
    workers = str(max(2, os.cpu_count() or 2))
    # The suite starts many processes; without a bytecode cache each takes seconds longer.
    environment = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    status = 0
    with tempfile.TemporaryDirectory(prefix="rr-tests-", dir=memory_folder()) as folder:
        for database in ("sqlite", "postgresql"):
            print(f"\n== the suite on {database}", flush=True)  # noqa: T201
            ran = subprocess.run(
                [
                    *(sys.executable, "-m", "pytest", "-q", "-n", workers, "--dist", "worksteal"),
                    *(f"--basetemp={folder}/{database}", *sys.argv[1:]),
                ],
                cwd=ROOT,
                env=environment | {"REELRIGHT_TEST_DATABASE": database},
                check=False,
            )
            status = status or ran.returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
