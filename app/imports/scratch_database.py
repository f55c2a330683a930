"""A temporary database for one file of films, so that memory does not grow with the file."""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from types import TracebackType
from typing import Self

from app.catalog.enums import PersonKind
from app.catalog.name_resolution import PersonFacts
from app.core.errors import FieldProblem
from app.imports.lines import FieldChange, Json, LineOutcome, LineResult

TABLES = """
CREATE TABLE lines (number INTEGER PRIMARY KEY, slug TEXT, title TEXT, outcome TEXT NOT NULL);
CREATE TABLE keys (key TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (number INTEGER PRIMARY KEY, digest BLOB NOT NULL, document TEXT);
CREATE TABLE people (slug TEXT PRIMARY KEY, name TEXT, sort_name TEXT, kind TEXT) WITHOUT ROWID;
CREATE TABLE missing (slug TEXT NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE TABLE unlinked (number INTEGER PRIMARY KEY);
CREATE TABLE to_retry (number INTEGER PRIMARY KEY);
CREATE TABLE works (base TEXT, slug TEXT, title TEXT, year INTEGER, directors TEXT);
CREATE INDEX works_of ON works (base);
CREATE TABLE results (number INTEGER PRIMARY KEY, outcome TEXT, data BLOB);
CREATE TABLE written (number INTEGER PRIMARY KEY);
CREATE TABLE batches (position INTEGER PRIMARY KEY, data BLOB NOT NULL);
"""


class ScratchDatabase:
    """The lines of a file so far: their films, identifiers and outcomes."""

    def __init__(self) -> None:
        # An empty name is a temporary file. Another thread than the creating one may use it, but
        # never two at once.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.executescript(TABLES)
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def claim(self, keys: Iterable[str], number: int) -> tuple[str, int] | None:
        """Claim keys for a line; return a key that an earlier line has claimed, and that line.

        A key is a film's slug, or an identifier with its kind.
        """
        for key in keys:
            owner = self._database.execute(
                "INSERT INTO keys VALUES (?, ?) ON CONFLICT DO UPDATE SET number = number "
                "RETURNING number",
                (key, number),
            ).fetchone()[0]
            if owner != number:
                return key, owner
        return None

    def record_line(self, number: int, slug: str, title: str, outcome: LineOutcome) -> None:
        """Store or replace the outcome of a line."""
        self._database.execute(
            "INSERT OR REPLACE INTO lines VALUES (?, ?, ?, ?)", (number, slug, title, outcome)
        )

    def store_result(self, result: LineResult) -> None:
        """Store or replace the result of a line."""
        data = json.dumps(
            [
                *(result.slug, result.title, result.outcome),
                [(item.field, item.before, item.after) for item in result.differences],
                [(item.pointer, item.detail) for item in result.problems],
            ]
        )
        self._database.execute(
            "INSERT OR REPLACE INTO results VALUES (?, ?, ?)", (result.number, result.outcome, data)
        )

    def results(self) -> Iterator[LineResult]:
        """Yield the stored results in the order of the file, rejected lines first."""
        for number, data in self._database.execute(
            "SELECT number, data FROM results ORDER BY outcome <> 'rejected', number"
        ):
            slug, title, outcome, differences, problems = json.loads(data)
            yield LineResult(
                number,
                slug,
                title,
                LineOutcome(outcome),
                tuple(FieldChange(*item) for item in differences),
                tuple(FieldProblem(*item) for item in problems),
            )

    def record_written(self, number: int) -> None:
        """Record that a line was written."""
        self._database.execute("INSERT OR IGNORE INTO written VALUES (?)", (number,))

    def reject_unwritten(self) -> list[int]:
        """Reject the lines that should have been written and were not; return them."""
        rows = self._database.execute(
            "UPDATE lines SET outcome = ? WHERE outcome IN (?, ?) "
            "AND number NOT IN (SELECT number FROM written) RETURNING number",
            (LineOutcome.REJECTED, LineOutcome.CREATED, LineOutcome.CHANGED),
        ).fetchall()
        return sorted(number for (number,) in rows)

    def line(self, number: int) -> tuple[str, str, LineOutcome]:
        """Return the slug, the title and the outcome of a line."""
        slug, title, outcome = self._database.execute(
            "SELECT slug, title, outcome FROM lines WHERE number = ?", (number,)
        ).fetchone()
        return slug, title, LineOutcome(outcome)

    def outcomes(self, numbers: Iterable[int]) -> dict[int, LineOutcome]:
        """Return the outcomes of these lines."""
        return dict(self._outcomes(sorted(numbers)))

    def _outcomes(self, numbers: list[int]) -> Iterator[tuple[int, LineOutcome]]:
        if not numbers:
            return
        for number, outcome in self._database.execute(
            "SELECT number, outcome FROM lines WHERE number BETWEEN ? AND ?",
            (numbers[0], numbers[-1]),
        ):
            yield number, LineOutcome(outcome)

    def store_document(self, number: int, document: Json, *, whole: bool) -> None:
        """Store the document that a line results in: ``whole``, or only its digest."""
        text = json.dumps(document)
        self._database.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            (number, _digest(text), text if whole else None),
        )

    def has_document(self, number: int, document: Json) -> bool:
        """Return whether the line results in this document."""
        return self._document(number)[0] == _digest(json.dumps(document))

    def document(self, number: int) -> Json | None:
        """Return the document that a line results in, if it was stored whole."""
        text = self._document(number)[1]
        return json.loads(text) if text else None

    def _document(self, number: int) -> tuple[bytes, str | None]:
        return self._database.execute(
            "SELECT digest, document FROM documents WHERE number = ?", (number,)
        ).fetchone() or (b"", None)

    def count(self) -> dict[LineOutcome, int]:
        """Return the number of lines of each outcome."""
        rows = self._database.execute("SELECT outcome, count(*) FROM lines GROUP BY outcome")
        return dict.fromkeys(LineOutcome, 0) | {LineOutcome(outcome): n for outcome, n in rows}

    def store_works(self, works: Iterable[tuple[str, str, str, int, Collection[str]]]) -> None:
        """Store films of lines: slug of the title, slug, title, year, directors."""
        self._database.executemany(
            "INSERT INTO works VALUES (?, ?, ?, ?, ?)",
            ((*work, json.dumps(list(directors))) for *work, directors in works),
        )

    def works(self, base: str) -> list[tuple[str, str, int, frozenset[str]]]:
        """Return the films of earlier lines whose title has this slug."""
        rows = self._database.execute(
            "SELECT slug, title, year, directors FROM works WHERE base = ? ORDER BY rowid", (base,)
        )
        return [(*work, frozenset(json.loads(directors))) for *work, directors in rows]

    def store_people(self, people: Iterable[tuple[str, PersonFacts]]) -> None:
        """Store new people of lines, whom the catalog does not have yet."""
        self._database.executemany(
            "INSERT OR IGNORE INTO people VALUES (?, ?, ?, ?)",
            ((slug, *facts) for slug, facts in people),
        )

    def people(self, slugs: Iterable[str]) -> Iterator[tuple[str, PersonFacts]]:
        """Yield those of these people whom earlier lines added."""
        for slug, name, sort_name, kind in self._database.execute(
            "SELECT slug, name, sort_name, kind FROM people "
            "WHERE slug IN (SELECT value FROM json_each(?))",
            (json.dumps(list(slugs)),),
        ):
            yield slug, PersonFacts(name, sort_name, PersonKind(kind))

    def add_missing_relation(self, slug: str, number: int, position: int) -> None:
        """Store that the relation at ``position`` of a line is to a missing film."""
        self._database.execute("INSERT INTO missing VALUES (?, ?, ?)", (slug, number, position))

    def missing_relations(self) -> list[tuple[int, str, int]]:
        """Return line, slug and position of the first missing relation of each accepted line."""
        return self._database.execute(
            "SELECT missing.number, missing.slug, min(missing.position) FROM missing "
            "JOIN lines ON lines.number = missing.number AND lines.outcome <> 'rejected' "
            "WHERE missing.slug NOT IN "
            "(SELECT slug FROM lines WHERE outcome <> 'rejected' AND slug IS NOT NULL) "
            "GROUP BY missing.number ORDER BY missing.number"
        ).fetchall()

    def mark_unlinked(self, number: int) -> None:
        """Mark a line as written without its relations to films of later lines."""
        self._database.execute("INSERT OR IGNORE INTO unlinked VALUES (?)", (number,))

    def unlinked_numbers(self) -> set[int]:
        """Return the marked lines."""
        return {number for (number,) in self._database.execute("SELECT number FROM unlinked")}

    def mark_for_retry(self, numbers: Iterable[int]) -> None:
        """Mark lines as not written, because the catalog has changed since the check."""
        rows = ((number,) for number in numbers)
        self._database.executemany("INSERT OR IGNORE INTO to_retry VALUES (?)", rows)

    def retry_numbers(self) -> set[int]:
        """Return the marked lines."""
        return {number for (number,) in self._database.execute("SELECT number FROM to_retry")}

    def store_batch(self, data: bytes) -> None:
        """Store a batch of prepared lines."""
        self._database.execute("INSERT INTO batches (data) VALUES (?)", (data,))

    def batches(self) -> Iterator[bytes]:
        """Yield the batches in the order in which they were stored."""
        position = 0
        while row := self._database.execute(
            "SELECT position, data FROM batches WHERE position > ? ORDER BY position LIMIT 1",
            (position,),
        ).fetchone():
            position = row[0]
            yield row[1]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
