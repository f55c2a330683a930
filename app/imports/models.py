"""Tables of imports: uploaded files of films, and the results of their lines."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.actors import Actor, ActorKind
from app.core.db import Base
from app.imports.lines import LineOutcome


class ImportState(StrEnum):
    """The progress of an import."""

    CHECKING = "checking"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
    UNMAPPED = "unmapped"
    UNREADABLE = "unreadable"
    FAILED = "failed"


class FilmImport(Base):
    """A file of films, uploaded to be checked and applied, or applied by the command."""

    __tablename__ = "film_imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(24), unique=True, doc="FI-...")
    file_name: Mapped[str] = mapped_column(String(200))
    file_format: Mapped[str] = mapped_column(String(20))
    file_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True, doc="Of the file")
    actor: Mapped[str] = mapped_column(String(255), doc="As the audit log names them")
    actor_kind: Mapped[ActorKind]
    actor_ref: Mapped[str] = mapped_column(String(255))
    actor_via: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime] = mapped_column(doc="When it was sent")
    finished_at: Mapped[datetime | None] = mapped_column(doc="When it was applied")
    created: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    state: Mapped[ImportState]
    skip_rejected: Mapped[bool] = mapped_column(default=False, doc="Applied without refused lines")
    columns: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSON(none_as_null=True), doc="Of a table: heading, field and examples of each column"
    )
    mapping: Mapped[dict[str, str] | None] = mapped_column(
        JSON(none_as_null=True),
        doc="Fields by headings, as staff chose them; later files start with it",
    )
    has_sure_titles: Mapped[bool] = mapped_column(
        default=False, doc="Staff confirmed titles that a spreadsheet may have changed"
    )
    doubt_count: Mapped[int] = mapped_column(default=0, doc="Lines with such titles")
    problem: Mapped[str | None] = mapped_column(Text, doc="Why the worker stopped")
    line_count: Mapped[int] = mapped_column(default=0, doc="An estimate until the file is read")
    done_count: Mapped[int] = mapped_column(default=0, doc="Of them, in the present state")
    tries: Mapped[int] = mapped_column(default=0, doc="How often the present state was started")
    next_run_at: Mapped[datetime | None] = mapped_column(
        index=True,
        doc="When the worker starts or retries it; for a file that the command applies, when its "
        "lease ends; null: nothing is due",
    )
    expires_at: Mapped[datetime | None] = mapped_column(
        index=True, doc="When its lines are deleted, and the row itself if it was never applied"
    )

    @property
    def sender(self) -> Actor:
        """The actor who uploaded or applied it."""
        return Actor(self.actor_kind, self.actor_ref, self.actor, self.actor_via)

    @sender.setter
    def sender(self, actor: Actor) -> None:
        self.actor_kind, self.actor_via = actor.kind, actor.via
        self.actor, self.actor_ref = actor.label[:255], actor.ref[:255]

    @property
    def waits_for_worker(self) -> bool:
        """Whether it is being checked or applied."""
        return self.state in {ImportState.CHECKING, ImportState.APPLYING}

    @property
    def is_by_command(self) -> bool:
        """Whether the command applies it, and not the worker."""
        return self.actor_via == "cli"

    def set_counts(self, counts: Mapping[LineOutcome, int]) -> None:
        """Set the number of lines of each outcome."""
        for outcome in LineOutcome:
            setattr(self, outcome.value, counts.get(outcome, 0))

    @property
    def counts(self) -> dict[LineOutcome, int]:
        """The number of lines of each outcome."""
        return {outcome: getattr(self, outcome.value) for outcome in LineOutcome}


class FilmImportLine(Base):
    """The result of one line of an uploaded file."""

    __tablename__ = "film_import_lines"
    __table_args__ = (
        Index("ix_film_import_lines_import_id_outcome", "import_id", "outcome", "number"),
    )

    import_id: Mapped[int] = mapped_column(
        ForeignKey("film_imports.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, doc="From 1")
    outcome: Mapped[LineOutcome]
    slug: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(300))
    differences: Mapped[list[list[Any]]] = mapped_column(JSON, doc="[field, before, after] each")
    problems: Mapped[list[list[str]]] = mapped_column(JSON, doc="[pointer, detail] each")
