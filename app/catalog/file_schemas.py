"""What the API tells of files."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from app.catalog.file_enums import IMAGE_MEDIA_TYPES, FileKind, FileState
from app.catalog.file_models import FilmFile
from app.core.config import Settings


class ImageSizeOut(BaseModel):
    """A picture in one size and format."""

    url: str
    media_type: str = Field(examples=["image/avif"])
    width: int = Field(description="Pixels")
    height: int = Field(description="Pixels")


class ImageOut(BaseModel):
    """An image. Its URLs are permanent; a new image has new URLs."""

    kind: FileKind
    url: str = Field(description="The largest size, as JPEG")
    width: int = Field(description="Of `url`, in pixels")
    height: int = Field(description="Of `url`, in pixels")
    alt: str = Field(description="Alt text for people who can't see the image")
    title: str | None
    credit: str | None = Field(
        description="Credit line to show with the image", examples=[("Photo: Ada Example")]
    )
    sizes: list[ImageSizeOut] = Field(description="All sizes and formats, smallest first")

    @classmethod
    def of(cls, file: FilmFile, settings: Settings) -> "ImageOut":
        """Describe a picture that is ready."""
        picture = file.picture
        largest = picture.widths[-1]
        return cls(
            kind=file.kind,
            url=settings.url(file.path),
            width=largest,
            height=picture.height_at(largest),
            alt=file.alt,
            title=file.title or None,
            credit=file.credit or None,
            sizes=[
                ImageSizeOut(
                    url=settings.url(picture.path_at(width, form)),
                    media_type=media_type,
                    width=width,
                    height=picture.height_at(width),
                )
                for width in picture.widths
                for form, media_type in IMAGE_MEDIA_TYPES.items()
            ],
        )


class PdfOut(BaseModel):
    """A press kit or a discussion guide, as PDF."""

    kind: FileKind
    title: str
    url: str
    size_bytes: int
    pages: int
    language: str | None = Field(description="ISO 639-3")

    @classmethod
    def of(cls, file: FilmFile, settings: Settings) -> "PdfOut":
        """Describe a paper."""
        return cls(
            kind=file.kind,
            title=file.title,
            url=settings.url(file.path),
            size_bytes=file.size_bytes,
            pages=file.pages or 0,
            language=file.language,
        )


class StaffFileOut(BaseModel):
    """A file as staff see it, whether anyone else can or not."""

    ref: str = Field(description="The file's ID in the API", examples=["7k3qf9td2m"])
    kind: FileKind
    state: FileState = Field(description="An image is shown once processed: `ready`")
    title: str | None
    alt: str | None
    credit: str | None
    language: str | None = Field(description="ISO 639-3")
    original_name: str
    media_type: str
    size_bytes: int
    sha256: str = Field(
        description=("Size of the stored file; for an image, after removing metadata")
    )
    width: int | None = Field(description="Pixels")
    height: int | None = Field(description="Pixels")
    pages: int | None = Field(description="Of a PDF")
    path: str = Field(description="Public URL, once public")
    last_error: str | None = Field(description="Why the image could not be processed")
    added_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, file: FilmFile) -> "StaffFileOut":
        """Describe a file."""
        return cls(
            ref=file.ref,
            kind=file.kind,
            state=file.state,
            title=file.title or None,
            alt=file.alt or None,
            credit=file.credit or None,
            language=file.language,
            original_name=file.original_name,
            media_type=file.media_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            width=file.width,
            height=file.height,
            pages=file.pages,
            path=file.path,
            last_error=file.last_error,
            added_at=file.created_at,
            withdrawn_at=file.withdrawn_at,
        )


class StaffFilesOut(BaseModel):
    """All files of a film, in the order in which they are shown; withdrawn ones last."""

    items: list[StaffFileOut]

    @classmethod
    def of(cls, files: Sequence[FilmFile]) -> "StaffFilesOut":
        """Describe these files."""
        return cls(items=[StaffFileOut.of(file) for file in files])
