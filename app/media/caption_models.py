"""The table of caption files, which only staff can download."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.catalog.enums import CaptionKind, CaptionSource
from app.catalog.file_models import REF_LENGTH, new_ref
from app.core.db import Base, Timestamped


class CaptionFile(Timestamped, Base):
    """A caption file of a version. What staff say it is stands among the version's captions."""

    __tablename__ = "caption_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(REF_LENGTH), unique=True, default=new_ref)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"), index=True)
    version_label: Mapped[str] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(3), doc="ISO 639-3")
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    media_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int]
    original_name: Mapped[str] = mapped_column(String(200), doc="What the sender called it")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, doc="As ``captions.CaptionFacts``")
    confirmed_kind: Mapped[CaptionKind | None] = mapped_column(doc="What staff say it is")
    confirmed_source: Mapped[CaptionSource | None]
    withdrawn_at: Mapped[datetime | None]

    @property
    def ending(self) -> str:
        """The ending of its name: ``srt`` or ``vtt``."""
        return str(self.facts["form"])
