"""The systemd units in ``deploy/`` are valid and start commands that exist."""

import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from app.cli import cli
from app.core.startup import REFUSED
from app.supervisor import LISTEN_FD

DEPLOY = Path(__file__).parent.parent / "deploy"
UNITS = sorted(path for path in DEPLOY.iterdir() if path.suffix in {".service", ".socket"})
SERVICES = [path for path in UNITS if path.suffix == ".service"]
COMMAND = "/srv/reelright/.venv/bin/reelright"
pytestmark = pytest.mark.once


def read(path: Path) -> ConfigParser:
    unit = ConfigParser(interpolation=None)
    unit.read(path)
    return unit


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_service_runs_a_command_and_restarts_it(path: Path) -> None:
    service = read(path)["Service"]

    program, command = service["ExecStart"].split()
    assert program == COMMAND
    assert command in {getattr(entry.callback, "__name__", "") for entry in cli.registered_commands}
    assert service["Restart"] == "always"
    assert service["RestartPreventExitStatus"] == str(REFUSED)


def test_web_processes_share_the_socket() -> None:
    service = read(DEPLOY / "reelright-web@.service")["Service"]

    assert service["Sockets"] == "reelright-web.socket"
    assert service["Environment"] == f"{LISTEN_FD}=3"  # where systemd passes the first socket
    assert read(DEPLOY / "reelright-web.socket")["Socket"]["Service"] == "reelright-web@1.service"


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        return  # not every system has it; the tests above read the units too
    for path in UNITS:
        text = path.read_text().replace(COMMAND, sys.executable).replace("/srv/reelright", "/")
        (tmp_path / path.name).write_text(text)

    checked = subprocess.run(
        [verify, "verify", *(str(tmp_path / path.name.replace("@", "@1")) for path in UNITS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    reported = [line for line in checked.stderr.splitlines() if str(tmp_path) in line]
    assert (checked.returncode, reported) == (0, []), checked.stderr
