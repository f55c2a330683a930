"""Masters for tests: short films that ffmpeg draws, and the store that packages them."""

import os
import secrets
import subprocess
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.parts_models import Version
from app.core.config import Settings
from app.media import master_service
from app.media.ffmpeg import Programs, find_programs
from app.media.master_models import Master, Package, Rendition
from app.media.master_service import IncomingMaster
from app.media.master_states import MasterRole
from app.media.packaging_context import spool_folder
from tests.catalog.films import EDITOR
from tests.catalog.films import film as make_film


@cache
def programs() -> Programs:
    """Return ffmpeg; skip the test where there is none, and fail it where CI is set."""
    found = find_programs("")
    if found is None:
        _give_up("ffmpeg is not installed: make video installs it")
    return found


def _give_up(reason: str) -> NoReturn:
    if "CI" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)


def draw(path: Path, *words: str) -> Path:
    """Run ffmpeg with these words and make ``path``."""
    command = [programs().ffmpeg, "-v", "error", "-nostdin", "-y", *words, str(path)]
    subprocess.run(command, check=True)
    return path


def pattern(size: str = "640x360", seconds: float = 10, rate: str = "25") -> list[str]:
    """Return the words that draw moving pictures."""
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


def tone(seconds: float = 10, pitch: int = 440) -> list[str]:
    """Return the words that sound a tone."""
    return ["-f", "lavfi", "-i", f"sine=frequency={pitch}:duration={seconds}"]


QUICK = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]


def film_file(path: Path, *, size: str = "640x360", seconds: float = 10) -> Path:
    """Draw a film with sound."""
    return draw(path, *pattern(size, seconds), *tone(seconds), *QUICK, "-shortest")


def short_version(session: Session, title: str = "") -> int:
    """Return the id of the version, one minute long, of a new film."""
    film = make_film(
        session,
        title or f"Short {secrets.token_hex(6)}",
        versions=[{"label": "Feature", "runtime_minutes": 1, "spoken": ["rus"]}],
    )
    found = session.scalar(select(Version.id).where(Version.film_id == film.id))
    assert found is not None
    return found


def receive(
    sessions: sessionmaker[Session],
    settings: Settings,
    version_id: int,
    path: Path,
    *,
    role: MasterRole = MasterRole.FILM,
) -> str:
    """Put a file into the spool folder, as an upload does, and return the master's name."""
    spool = spool_folder(settings)
    spool.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(6)
    (spool / name).write_bytes(path.read_bytes())
    incoming = IncomingMaster(path.name, path.stat().st_size, role=role, spool_name=name)
    with sessions.begin() as session:
        return master_service.receive(session, version_id, incoming, actor=EDITOR).ref


def package_of(session: Session, ref: str) -> Package:
    """Return the newest package of a master."""
    package = session.scalars(
        select(Package).join(Master).where(Master.ref == ref).order_by(Package.id.desc())
    ).first()
    assert package is not None
    return package


def renditions(session: Session, package: Package) -> list[Rendition]:
    """Return the files of a package."""
    return list(
        session.scalars(
            select(Rendition).where(Rendition.package_id == package.id).order_by(Rendition.position)
        )
    )
