"""JSON Lines: one film a line, whole, in the versioned schema that docs/film.schema.json gives."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import Field
from pydantic_core import from_json

from app.catalog.documents import FilmDocument
from app.core.errors import FieldProblem
from app.imports.lines import ImportFileError, ImportLine, Json

SCHEMA: Literal["reelright-film/1"] = "reelright-film/1"
# Longer than any film that keeps to the schema's limits.
MAX_LINE_LENGTH = 4_000_000
MARK = b"\xef\xbb\xbf"


class FilmLine(FilmDocument):
    """A line of a file: a film's document, and the version of the schema that it keeps to."""

    schema_: Annotated[Literal["reelright-film/1"], Field(alias="schema")] = SCHEMA


def film_schema() -> dict[str, Any]:
    """Return the JSON schema of a line."""
    schema = FilmLine.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def read_json_lines(file: BinaryIO) -> Iterator[ImportLine]:
    """Yield the films of ``file``; blank lines are passed over.

    Raises:
        FileRefusedError: it is in an encoding in which no line can be read.
    """
    number = 0
    offset = 0
    while data := file.readline(MAX_LINE_LENGTH + 1):
        number += 1
        if number == 1:
            if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                msg = "The file is in UTF-16. Save JSON Lines as UTF-8."
                raise ImportFileError(msg)
            data = data.removeprefix(MARK)
        start, offset = offset, file.tell()
        if len(data) > MAX_LINE_LENGTH:
            while data and not data.endswith(b"\n"):
                data = file.readline(MAX_LINE_LENGTH)
            offset = file.tell()
            yield _refused(number, f"The line is longer than {MAX_LINE_LENGTH:,} bytes.")
        elif data.strip():
            yield _line(number, data, start)


def json_line(document: Json) -> bytes:
    """Return a film's document as a line of a file."""
    said = json.dumps({"schema": SCHEMA} | document, ensure_ascii=False, separators=(",", ":"))
    return said.encode() + b"\n"


def _line(number: int, data: bytes, start: int) -> ImportLine:
    try:
        values = from_json(data)
    except ValueError as error:
        try:
            data.decode()
        except UnicodeDecodeError as wrong:
            place = f"byte {wrong.start + 1} of the line, {start + wrong.start + 1} of the file"
            return _refused(number, f"The line is not UTF-8: {place}.")
        return _refused(number, f"Enter valid JSON: {error}")
    if not isinstance(values, dict):
        return _refused(number, "Enter a JSON object on each line: {...}")
    version = values.pop("schema", SCHEMA)
    if version != SCHEMA:
        detail = f"Use the schema {SCHEMA}, not {str(version)[:60]!r}."
        return ImportLine(number, {}, problems=(FieldProblem("#/schema", detail),))
    return ImportLine(number, values, whole=True)


def _refused(number: int, detail: str) -> ImportLine:
    return ImportLine(number, {}, problems=(FieldProblem("#", detail),))
