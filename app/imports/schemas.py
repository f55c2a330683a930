"""Imports of films as the API tells of them."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from app.core.errors import FieldProblemOut
from app.core.fields import Flag
from app.imports.lines import FileFormat, LineOutcome
from app.imports.models import FilmImport, FilmImportLine, ImportState
from app.imports.tables import MAX_COLUMNS, MAX_HEADING_LENGTH


class CountsOut(BaseModel):
    """How many lines come, or came, to what."""

    created: int
    changed: int
    unchanged: int = Field(description="Lines that the catalog already matches")
    rejected: int


class ColumnOut(BaseModel):
    """A column of a table, and what we take it for."""

    heading: str = Field(examples=["Regie"])
    field: str = Field(
        description="A field of a film, `ignore`, or empty: choose it with `check`",
        examples=["director"],
    )
    examples: list[str] = Field(description="What its first cells hold")


class ImportOut(BaseModel):
    """A file of films that was sent, and how far it is."""

    ref: str = Field(examples=["FI-7K3QF9TD"])
    file: str = Field(description="As it was called", examples=["films.csv"])
    format: FileFormat
    bytes: int
    sha256: str
    state: ImportState = Field(
        description="`checking` and `applying` go on by themselves; `checked` waits for `apply`; "
        "`unmapped` waits for `check` to say which column is what; `unreadable` and `failed` say "
        "why in `problem`"
    )
    lines: int = Field(description="While `checking`, a guess; while `applying`, those to write")
    done: int = Field(description="Of them, so far")
    counts: CountsOut = Field(description="Of the whole file, once it is checked")
    columns: list[ColumnOut] = Field(description="Of a table, once it is read; else empty")
    doubts: int = Field(
        description="Lines whose title a spreadsheet may have changed: refused until `check` "
        "confirms them"
    )
    skip_rejected: bool = Field(description="Refused lines were left out")
    problem: str | None = Field(
        description="Why it cannot be read, failed, or is tried again a moment later"
    )
    sent_at: datetime
    applied_at: datetime | None
    expires_at: datetime | None = Field(description="Until when its lines are kept")

    @classmethod
    def of(cls, row: FilmImport) -> Self:
        """Return ``row`` in its API shape."""
        return cls(
            ref=row.ref,
            file=row.file_name,
            format=FileFormat(row.file_format),
            bytes=row.file_bytes,
            sha256=row.sha256,
            state=row.state,
            lines=row.line_count,
            done=row.done_count,
            counts=CountsOut.model_validate(row.counts),
            columns=[ColumnOut.model_validate(column) for column in row.columns or ()],
            doubts=row.doubt_count,
            skip_rejected=row.skip_rejected,
            problem=row.problem,
            sent_at=row.started_at,
            applied_at=row.finished_at,
            expires_at=row.expires_at,
        )


class DifferenceOut(BaseModel):
    """A field that a line changes."""

    field: str = Field(examples=["tagline"])
    before: JsonValue
    after: JsonValue


class LineOut(BaseModel):
    """What becomes, or became, of one line, row or record."""

    number: int = Field(description="From 1, as the file counts")
    outcome: LineOutcome
    slug: str = Field(description="Of its film; empty if that is not known")
    title: str
    differences: list[DifferenceOut] = Field(description="What it changes; empty for a new film")
    problems: list[FieldProblemOut] = Field(description="Why it is refused")

    @classmethod
    def of(cls, line: FilmImportLine) -> Self:
        """Return ``line`` in its API shape."""
        return cls(
            number=line.number,
            outcome=line.outcome,
            slug=line.slug,
            title=line.title,
            differences=[
                DifferenceOut(field=name, before=before, after=after)
                for name, before, after in line.differences
            ],
            problems=[
                FieldProblemOut(pointer=pointer, detail=detail) for pointer, detail in line.problems
            ],
        )


class CheckIn(BaseModel):
    """How to read a file that was read before."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"columns": {"Regie": "director", "Notes": "ignore"}}]},
    )

    columns: Annotated[
        dict[
            Annotated[str, StringConstraints(max_length=MAX_HEADING_LENGTH)],
            Annotated[str, StringConstraints(max_length=40)],
        ],
        Field(max_length=MAX_COLUMNS),
    ] = Field(
        default={},
        description="The field of each column, by its heading; `ignore` leaves a column out. "
        "Remembered for later files",
    )
    confirm_titles: Flag = Field(
        default=False,
        description="Titles that look like what a spreadsheet makes of others are right",
    )


class ApplyIn(BaseModel):
    """What of a file to apply."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"skip_rejected": False}]}
    )

    skip_rejected: Flag = Field(
        default=False, description="Apply the good lines though others are refused"
    )
