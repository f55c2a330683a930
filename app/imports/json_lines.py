"""JSON Lines: one whole film per line, in the versioned schema of docs/film.schema.json."""

import codecs
import json
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import Field
from pydantic_core import from_json

from app.catalog.documents import FilmDocument
from app.core.errors import FieldProblem
from app.imports.lines import ImportFileError, ImportLine, Json

SCHEMA: Literal["reelright-film/1"] = "reelright-film/1"
# Longer than any film within the limits of the schema.
MAX_LINE_LENGTH = 4_000_000


class FilmLine(FilmDocument):
    """A line of a file: a film's document and the version of the schema."""

    schema_: Annotated[Literal["reelright-film/1"], Field(alias="schema")] = SCHEMA


def film_schema() -> dict[str, Any]:
    """Return the JSON schema of a line."""
    schema = FilmLine.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def read_json_lines(file: BinaryIO) -> Iterator[ImportLine]:
    """Yield the films of ``file``; blank lines are skipped.

    Raises:
        ImportFileError: it is in UTF-16.
    """
    number = 0
    offset = 0
    while data := file.readline(MAX_LINE_LENGTH + 1):
        number += 1
        if number == 1:
            if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                msg = "The file is in UTF-16. Save JSON Lines as UTF-8."
                raise ImportFileError(msg)
            data = data.removeprefix(codecs.BOM_UTF8)
        start, offset = offset, file.tell()
        if len(data) > MAX_LINE_LENGTH:
            while data and not data.endswith(b"\n"):
                data = file.readline(MAX_LINE_LENGTH)
            offset = file.tell()
            yield _rejected_line(number, f"The line is longer than {MAX_LINE_LENGTH:,} bytes.")
        elif data.strip():
            yield _parse_line(number, data, start)


def format_json_line(document: Json) -> bytes:
    """Return a film's document as a line of a file."""
    text = json.dumps({"schema": SCHEMA} | document, ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def _parse_line(number: int, data: bytes, start: int) -> ImportLine:
    try:
        values = from_json(data)
    except ValueError as error:
        try:
            data.decode()
        except UnicodeDecodeError as decode_error:
            byte = decode_error.start + 1
            position = f"byte {byte} of the line, {start + byte} of the file"
            return _rejected_line(number, f"The line is not UTF-8: {position}.")
        return _rejected_line(number, f"Enter valid JSON: {error}")
    if not isinstance(values, dict):
        return _rejected_line(number, "Enter a JSON object on each line: {...}")
    version = values.pop("schema", SCHEMA)
    if version != SCHEMA:
        detail = f"Use the schema {SCHEMA}, not {str(version)[:60]!r}."
        return ImportLine(number, {}, problems=(FieldProblem("#/schema", detail),))
    return ImportLine(number, values, is_whole=True)


def _rejected_line(number: int, detail: str) -> ImportLine:
    return ImportLine(number, {}, problems=(FieldProblem("#", detail),))
