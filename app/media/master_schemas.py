"""What the API takes and gives of masters."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from app.media.master_queries import MasterRow
from app.media.master_states import (
    MasterRole,
    MasterState,
    PackageState,
    RenditionKind,
    RenditionState,
)


class ObjectIn(BaseModel):
    """A master that lies in the storage already, under `incoming/`."""

    model_config = ConfigDict(extra="forbid")

    object: str = Field(
        min_length=1,
        max_length=300,
        pattern=r"^incoming/[^/\\\x00-\x1f][^\\\x00-\x1f]*$",
        examples=["incoming/the-red-soul.mov"],
    )
    version: str = Field(min_length=1, max_length=80, examples=["Feature"])
    role: MasterRole = MasterRole.FILM
    language: str | None = Field(
        default=None, max_length=3, description="ISO 639 code, of an audio description"
    )


class RenditionOut(BaseModel):
    """One file of a package."""

    label: str = Field(examples=["720p"])
    kind: RenditionKind
    state: RenditionState
    percent: int
    bytes: int | None
    sha256: str | None


class PackageOut(BaseModel):
    """What viewers get of a master, and how far it has come."""

    ref: str
    state: PackageState
    step: str = Field(description="What is being done now, in words")
    percent: int
    problem: str | None
    duration_ms: int | None
    files: list[RenditionOut]


class MasterOut(BaseModel):
    """A master with its newest package."""

    ref: str = Field(examples=["7k3qf9td2m"])
    film: str
    version: str
    role: MasterRole
    state: MasterState
    name: str
    bytes: int
    sha256: str | None
    is_sample: bool
    problem: str | None
    notes: list[str]
    created_at: datetime
    package: PackageOut | None

    @classmethod
    def of(cls, row: MasterRow) -> Self:
        """Describe a master."""
        master, package = row.master, row.package
        return cls(
            ref=master.ref,
            film=row.film_slug,
            version=row.version_label,
            role=master.role,
            state=master.state,
            name=master.original_name,
            bytes=master.size_bytes,
            sha256=master.sha256,
            is_sample=master.is_sample,
            problem=row.problem or None,
            notes=row.notes,
            created_at=master.created_at,
            package=package
            and PackageOut(
                ref=package.ref,
                state=package.state,
                step=row.step,
                percent=row.percent,
                problem=package.problem,
                duration_ms=package.duration_ms,
                files=[
                    RenditionOut(
                        label=each.label,
                        kind=each.kind,
                        state=each.state,
                        percent=each.progress // 10,
                        bytes=each.size_bytes,
                        sha256=each.sha256,
                    )
                    for each in row.renditions
                ],
            ),
        )


class MastersOut(BaseModel):
    """The masters of a film, the newest first."""

    items: list[MasterOut]
