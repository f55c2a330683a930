"""Metadata of files from staff, validated: an image needs a description."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from app.catalog import countries_languages
from app.catalog.file_enums import FileKind
from app.core.errors import FieldProblem, InvalidInputError
from app.core.text import TextConstraints

MAX_ALT_LENGTH = 500
MIN_ALT = 5
# File names that cameras make up do not describe an image.
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".avif")


def _line(longest: int) -> TextConstraints:
    return TextConstraints(
        strip_whitespace=True, max_length=longest, pattern=r"^[^\x00-\x1f\x7f]*$"
    )


def _language(code: str | None) -> str | None:
    return countries_languages.language_code(code) if code else None


class FileMetadata(BaseModel):
    """Title, description, credit line and language of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, _line(300)] = ""
    alt: Annotated[str, _line(MAX_ALT_LENGTH)] = ""
    credit: Annotated[str, _line(200)] = ""
    language: Annotated[
        Annotated[str, StringConstraints(max_length=3)] | None, AfterValidator(_language)
    ] = None


def read_words(kind: FileKind, given: Mapping[str, str]) -> FileMetadata:
    """Return what ``given`` says of a file of this kind.

    Raises:
        InvalidInputError: a picture has no description, a paper no title, or a field is wrong.
    """
    problems = []
    words = FileMetadata()
    try:
        words = FileMetadata.model_validate(
            {name: given.get(name, "") for name in FileMetadata.model_fields}
        )
    except ValidationError as error:
        problems = [
            FieldProblem(f"#/{one['loc'][0]}", one["msg"].removeprefix("Value error, "))
            for one in error.errors()
        ]
    if kind.is_image and not problems and (wrong := _about(words.alt)):
        problems.append(FieldProblem("#/alt", wrong))
    if not kind.is_image and not problems and not words.title:
        problems.append(FieldProblem("#/title", "Enter a title."))
    if problems:
        raise InvalidInputError.of(*problems)
    return words


def _about(alt: str) -> str:
    """Return what is wrong with the description of a picture; empty if nothing is."""
    if not alt:
        return "Enter alt text that describes the image."
    if len(alt) < MIN_ALT or alt.lower().endswith(ENDINGS):
        return "Enter a description of the image, not the file name."
    return ""
