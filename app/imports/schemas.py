"""API schemas of imports."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from app.core.errors import FieldProblemOut
from app.core.fields import Flag
from app.imports.lines import FileFormat, LineOutcome
from app.imports.models import FilmImport, FilmImportLine, ImportState
from app.imports.tables import MAX_COLUMNS, MAX_HEADING_LENGTH


class CountsOut(BaseModel):
    """The number of lines by outcome."""

    created: int
    changed: int
    unchanged: int = Field(description="Lines that the catalog already matches")
    rejected: int


class ColumnOut(BaseModel):
    """A column of a table, and its field."""

    heading: str = Field(examples=["Regie"])
    field: str = Field(
        description="A film field, `ignore`, or empty; choose it with `check`",
        examples=["director"],
    )
    examples: list[str] = Field(description="Sample values of the column")


class ImportOut(BaseModel):
    """An import of a file of films, and its progress."""

    ref: str = Field(examples=["FI-7K3QF9TD"])
    file: str = Field(description="The original file name", examples=["films.csv"])
    format: FileFormat
    bytes: int
    sha256: str
    state: ImportState = Field(
        description=(
            "`checking` and `applying` run automatically; `checked` waits for `apply`; `unmapped` "
            "waits for `check` to match the columns; for `unreadable` and `failed`, see `problem`"
        )
    )
    lines: int = Field(
        description=("An estimate while `checking`; the lines to apply while `applying`")
    )
    done: int = Field(description="Lines processed so far")
    counts: CountsOut = Field(description="For the whole file, once checked")
    columns: list[ColumnOut] = Field(description="For tables, once read; otherwise empty")
    doubts: int = Field(
        description=(
            "Lines whose title a spreadsheet may have changed; rejected until `check` confirms them"
        )
    )
    skip_rejected: bool = Field(description="Rejected lines were left out")
    problem: str | None = Field(
        description="Why the file can't be read, or why the import failed or is being retried"
    )
    sent_at: datetime
    applied_at: datetime | None
    expires_at: datetime | None = Field(description="When its lines are deleted")

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
    """The result of one line, row, or record."""

    number: int = Field(description="Line number in the file, from 1")
    outcome: LineOutcome
    slug: str = Field(description="The film's slug; empty if unknown")
    title: str
    differences: list[DifferenceOut] = Field(description="Changed fields; empty for a new film")
    problems: list[FieldProblemOut] = Field(description="Why the line is rejected")

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
    """How to check a file again."""

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
        description=(
            "The field for each column heading; `ignore` leaves a column out. Saved for later files"
        ),
    )
    confirm_titles: Flag = Field(
        default=False,
        description="Confirm titles that a spreadsheet may have changed",
    )


class ApplyIn(BaseModel):
    """Options for applying a file."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"skip_rejected": False}]}
    )

    skip_rejected: Flag = Field(
        default=False, description="Apply the valid lines even if others are rejected"
    )
