"""Programs from npm, for tests that try the store with what others wrote."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

INSTALL_SECONDS = 240


def install(folder: Path, *packages: str) -> tuple[Path, dict[str, str]]:
    """Install packages of npm in ``folder``.

    Return the folder of their commands, and an environment in which they find no one's settings and
    keep none. Where there is no npm the test is skipped; where CI is set, it fails.
    """
    environment = os.environ | {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "npm_config_update_notifier": "false",
    }
    npm = shutil.which("npm")
    if npm is None:
        _give_up(f"npm is missing: {packages[0]} cannot be tried")
    arguments = ["install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(
        [str(npm), *arguments, *packages],
        env=environment,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        _give_up(f"{packages[0]} could not be installed: {done.stderr.strip()[-300:]}")
    return folder / "node_modules" / ".bin", environment


def _give_up(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
