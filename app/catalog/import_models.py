"""Tables of imports: which files were taken into the catalog, by whom, and what came of it."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class FilmImport(Base):
    """A file of films that was applied, or was being applied when the work was stopped."""

    __tablename__ = "film_imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(24), unique=True, doc="FI-...")
    file_name: Mapped[str] = mapped_column(String(200))
    file_format: Mapped[str] = mapped_column(String(20))
    file_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), doc="Of the file")
    actor: Mapped[str] = mapped_column(String(255), doc="Who, as the audit log names them")
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(doc="None: it is running, or was stopped")
    created: Mapped[int]
    changed: Mapped[int]
    left: Mapped[int]
    refused: Mapped[int]
