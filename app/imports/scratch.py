"""What must be remembered of a file until its end: on disk, so that memory does not grow with it.

A database of its own, which nobody else sees and which is gone when it is closed.
"""

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
CREATE TABLE missing (slug TEXT NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL);
CREATE TABLE unlinked (number INTEGER PRIMARY KEY);
CREATE TABLE judged_anew (number INTEGER PRIMARY KEY);
CREATE TABLE works (base TEXT, slug TEXT, title TEXT, year INTEGER, directors TEXT);
CREATE INDEX works_of ON works (base);
CREATE TABLE results (number INTEGER PRIMARY KEY, outcome TEXT, data BLOB);
CREATE TABLE written (number INTEGER PRIMARY KEY);
CREATE TABLE ready (place INTEGER PRIMARY KEY, data BLOB NOT NULL);
"""


class Scratch:
    """A file's lines so far: which film each is about, whose numbers, and what becomes of it."""

    def __init__(self) -> None:
        # An empty name is a temporary file. It may be used in another thread than it was made in,
        # as a generator of a server is; never in two at once.
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
        """Note that a line is about these keys; return one that an earlier line has, and that line.

        A key is a film's slug, or an identifier with its kind.
        """
        for key in keys:
            taken = self._database.execute(
                "INSERT INTO keys VALUES (?, ?) ON CONFLICT DO UPDATE SET number = number "
                "RETURNING number",
                (key, number),
            ).fetchone()[0]
            if taken != number:
                return key, taken
        return None

    def note(self, number: int, slug: str, title: str, outcome: LineOutcome) -> None:
        """Remember, or correct, what becomes of a line."""
        self._database.execute(
            "INSERT OR REPLACE INTO lines VALUES (?, ?, ?, ?)", (number, slug, title, outcome)
        )

    def keep_result(self, result: LineResult) -> None:
        """Keep what is told of a line; a later result of the same line takes its place."""
        data = json.dumps(
            [
                *(result.slug, result.title, result.outcome),
                [(each.field, each.before, each.after) for each in result.differences],
                [(each.pointer, each.detail) for each in result.problems],
            ]
        )
        self._database.execute(
            "INSERT OR REPLACE INTO results VALUES (?, ?, ?)", (result.number, result.outcome, data)
        )

    def results(self) -> Iterator[LineResult]:
        """Yield what was kept, refused lines first, each in the order of the file."""
        for number, data in self._database.execute(
            "SELECT number, data FROM results ORDER BY outcome <> 'rejected', number"
        ):
            slug, title, outcome, differences, problems = json.loads(data)
            yield LineResult(
                number,
                slug,
                title,
                LineOutcome(outcome),
                tuple(FieldChange(*each) for each in differences),
                tuple(FieldProblem(*each) for each in problems),
            )

    def note_written(self, number: int) -> None:
        """Remember that a line was written, whatever happens to those after it."""
        self._database.execute("INSERT OR IGNORE INTO written VALUES (?)", (number,))

    def refuse_unwritten(self) -> list[int]:
        """Correct the lines that were to be written and are not; return them."""
        rows = self._database.execute(
            "UPDATE lines SET outcome = ? WHERE outcome IN (?, ?) "
            "AND number NOT IN (SELECT number FROM written) RETURNING number",
            (LineOutcome.REJECTED, LineOutcome.CREATED, LineOutcome.CHANGED),
        ).fetchall()
        return sorted(number for (number,) in rows)

    def line(self, number: int) -> tuple[str, str, LineOutcome]:
        """Return the slug, the title and the outcome noted of a line."""
        slug, title, outcome = self._database.execute(
            "SELECT slug, title, outcome FROM lines WHERE number = ?", (number,)
        ).fetchone()
        return slug, title, LineOutcome(outcome)

    def outcomes(self, numbers: Iterable[int]) -> dict[int, LineOutcome]:
        """Return what was noted of these lines."""
        return dict(self._outcomes(sorted(numbers)))

    def _outcomes(self, numbers: list[int]) -> Iterator[tuple[int, LineOutcome]]:
        if not numbers:
            return
        for number, outcome in self._database.execute(
            "SELECT number, outcome FROM lines WHERE number BETWEEN ? AND ?",
            (numbers[0], numbers[-1]),
        ):
            yield number, LineOutcome(outcome)

    def keep_document(self, number: int, document: Json, *, whole: bool) -> None:
        """Remember what a line makes of its film: ``whole``, or so that it can be compared."""
        text = json.dumps(document)
        self._database.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            (number, _digest(text), text if whole else None),
        )

    def has_document(self, number: int, document: Json) -> bool:
        """Return whether that line makes this document of its film."""
        return self._document(number)[0] == _digest(json.dumps(document))

    def document(self, number: int) -> Json | None:
        """Return the document that a line makes of its film, if it is kept whole."""
        text = self._document(number)[1]
        return json.loads(text) if text else None

    def _document(self, number: int) -> tuple[bytes, str | None]:
        return self._database.execute(
            "SELECT digest, document FROM documents WHERE number = ?", (number,)
        ).fetchone() or (b"", None)

    def count(self) -> dict[LineOutcome, int]:
        """Return how many lines there are of each outcome."""
        rows = self._database.execute("SELECT outcome, count(*) FROM lines GROUP BY outcome")
        return dict.fromkeys(LineOutcome, 0) | {LineOutcome(outcome): n for outcome, n in rows}

    def keep_works(self, works: Iterable[tuple[str, str, str, int, Collection[str]]]) -> None:
        """Remember films that lines bring or name: title's slug, slug, title, year, directors."""
        self._database.executemany(
            "INSERT INTO works VALUES (?, ?, ?, ?, ?)",
            ((*work, json.dumps(list(directors))) for *work, directors in works),
        )

    def works(self, base: str) -> list[tuple[str, str, int, frozenset[str]]]:
        """Return the films of earlier lines whose title makes this slug."""
        rows = self._database.execute(
            "SELECT slug, title, year, directors FROM works WHERE base = ? ORDER BY rowid", (base,)
        )
        return [(*work, frozenset(json.loads(directors))) for *work, directors in rows]

    def remember_people(self, people: Iterable[tuple[str, PersonFacts]]) -> None:
        """Remember the people whom lines brought: the catalog does not have them yet."""
        self._database.executemany(
            "INSERT OR IGNORE INTO people VALUES (?, ?, ?, ?)",
            ((slug, *facts) for slug, facts in people),
        )

    def people(self, slugs: Iterable[str]) -> Iterator[tuple[str, PersonFacts]]:
        """Yield those of these people whom earlier lines brought."""
        for slug, name, filed, kind in self._database.execute(
            "SELECT slug, name, sort_name, kind FROM people "
            "WHERE slug IN (SELECT value FROM json_each(?))",
            (json.dumps(list(slugs)),),
        ):
            yield slug, PersonFacts(name, filed, PersonKind(kind))

    def add_missing_relation(self, slug: str, number: int, place: int) -> None:
        """Note that the relation at ``place`` of a line is to a film that is not there yet."""
        self._database.execute("INSERT INTO missing VALUES (?, ?, ?)", (slug, number, place))

    def missing(self) -> list[tuple[int, str, int]]:
        """Return ``(line, slug, place)`` of good lines' relations to films that none brings.

        Of each line the first such relation.
        """
        return self._database.execute(
            "SELECT missing.number, missing.slug, min(missing.place) FROM missing "
            "JOIN lines ON lines.number = missing.number AND lines.outcome <> 'rejected' "
            "WHERE missing.slug NOT IN "
            "(SELECT slug FROM lines WHERE outcome <> 'rejected' AND slug IS NOT NULL) "
            "GROUP BY missing.number ORDER BY missing.number"
        ).fetchall()

    def mark_unlinked(self, number: int) -> None:
        """Note that a line was written but for relations to films of later lines."""
        self._database.execute("INSERT OR IGNORE INTO unlinked VALUES (?)", (number,))

    def unlinked(self) -> set[int]:
        """Return those lines."""
        return {number for (number,) in self._database.execute("SELECT number FROM unlinked")}

    def mark_for_retry(self, numbers: Iterable[int]) -> None:
        """Note that these lines were not written: the catalog is not what it was when checked."""
        rows = ((number,) for number in numbers)
        self._database.executemany("INSERT OR IGNORE INTO judged_anew VALUES (?)", rows)

    def judged_anew(self) -> set[int]:
        """Return those lines."""
        return {number for (number,) in self._database.execute("SELECT number FROM judged_anew")}

    def keep(self, data: bytes) -> None:
        """Keep a batch of lines that are ready to be written."""
        self._database.execute("INSERT INTO ready (data) VALUES (?)", (data,))

    def kept(self) -> Iterator[bytes]:
        """Yield those batches, in the order in which they came."""
        place = 0
        while row := self._database.execute(
            "SELECT place, data FROM ready WHERE place > ? ORDER BY place LIMIT 1", (place,)
        ).fetchone():
            place = row[0]
            yield row[1]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
