"""The words of films in the database: FTS5 on SQLite, a tsvector with GIN on PostgreSQL.

What is ranked and shown to people is found in memory (``app/finding``), which reads its words here;
here films are only matched, for what goes through them all.

The table ``film_fts`` is made by a hand-written migration, because it is a virtual table on the one
and an ordinary one on the other. Nothing but this module touches it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from sqlalchemy import (
    Integer,
    Select,
    Text,
    cast,
    column,
    delete,
    insert,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from app.catalog import places
from app.catalog.documents import FilmDocument
from app.catalog.kinds import FilmStatus
from app.catalog.models import Film
from app.catalog.search_words import Term, terms, words
from app.core.db import among, copy_values

FIELDS = ("title", "people", "subjects", "body")
LABELS = "ABCD"
LAST_POSITION = 16_383
LEXEME = re.compile(r"'([^']+)':([\d,A-D]+)")
STREAMED = 2000

Fields = tuple[list[str], list[str], list[str], list[str]]
"""The words of a film, field by field."""

sqlite_fts = table("film_fts", column("rowid", Integer), *(column(name) for name in FIELDS))
postgres_fts = table("film_fts", column("film_id", Integer), column("words", TSVECTOR))


def is_postgresql(session: Session) -> bool:
    """Whether this session speaks to PostgreSQL rather than SQLite."""
    return session.get_bind().dialect.name == "postgresql"


def index(session: Session, films: Iterable[Film]) -> None:
    """Write what the films can be found by, anew. They must be loaded whole, and flushed.

    Only public films are found; another leaves the index.
    """
    loaded = list(films)
    forget(session, [film.id for film in loaded])
    _insert(session, [(film.id, _fields_of_film(film)) for film in loaded if film.is_public])


def index_new(session: Session, films: Iterable[tuple[int, FilmDocument]]) -> None:
    """Write what films just added can be found by: their ids, and their resolved documents."""
    public = FilmStatus.PUBLISHED
    found = [
        (film_id, _fields_of_document(film)) for film_id, film in films if film.status is public
    ]
    _insert(session, found)


def _insert(session: Session, films: Sequence[tuple[int, Fields]]) -> None:
    if not films:
        return
    if is_postgresql(session):
        rows = ((film_id, _tsvector(fields)) for film_id, fields in films)
        copy_values(session, postgres_fts.name, ("film_id", "words"), rows)
        return
    session.execute(
        insert(sqlite_fts),
        [
            {"rowid": film_id}
            | {name: " ".join(found) for name, found in zip(FIELDS, fields, strict=True)}
            for film_id, fields in films
        ],
    )


def forget(session: Session, film_ids: Sequence[int]) -> None:
    """Take films out of the index."""
    if is_postgresql(session):
        session.execute(delete(postgres_fts).where(postgres_fts.c.film_id.in_(film_ids)))
    else:
        session.execute(delete(sqlite_fts).where(sqlite_fts.c.rowid.in_(film_ids)))


def matching(session: Session, query: str) -> Select[int] | None:
    """Return a query for the ids of the films that match; None if ``query`` has no word in it."""
    wanted = terms(query)
    if not wanted:
        return None
    if is_postgresql(session):
        asked = _expression(wanted, "'{}'", "'{}':*", " & ", " | ")
        return select(postgres_fts.c.film_id).where(
            postgres_fts.c.words.op("@@")(cast(literal(asked), TSQUERY))
        )
    asked = _expression(wanted, '"{}"', '"{}" *', " AND ", " OR ")
    return select(sqlite_fts.c.rowid).where(literal_column("film_fts").op("MATCH")(literal(asked)))


def indexed_words(
    session: Session, film_ids: Collection[int] | None = None
) -> Iterator[tuple[int, Fields]]:
    """Yield each film of the index with the words of its four fields: all films, or those named."""
    if is_postgresql(session):
        words = cast(postgres_fts.c.words, Text)
        statement = select(postgres_fts.c.film_id, words)
        if film_ids is not None:
            statement = statement.where(among(session, postgres_fts.c.film_id, film_ids))
        for film_id, found in session.execute(statement.execution_options(yield_per=STREAMED)):
            yield film_id, _fields_of(found)
        return
    columns = [sqlite_fts.c[name] for name in FIELDS]
    rows = select(sqlite_fts.c.rowid, *columns)
    if film_ids is not None:
        rows = rows.where(among(session, sqlite_fts.c.rowid, film_ids))
    for film_id, title, people, subjects, body in session.execute(
        rows.execution_options(yield_per=STREAMED)
    ):
        yield film_id, (title.split(), people.split(), subjects.split(), body.split())


def _fields_of(vector: str) -> Fields:
    """Return the words of each field from the text of a tsvector, which leaves a D unsaid."""
    fields: dict[str, list[str]] = {label: [] for label in LABELS}
    for word, places_held in LEXEME.findall(vector):
        for place in places_held.split(","):
            fields[place[-1] if place[-1] in fields else "D"].append(word)
    titles, people, subjects, body = fields.values()
    return titles, people, subjects, body


def _expression(wanted: Sequence[Term], whole: str, begun: str, every: str, some: str) -> str:
    """Write the terms in a database's own language of questions."""
    return every.join(
        "("
        + some.join((begun if term.is_prefix else whole).format(word) for word in term.forms)
        + ")"
        for term in wanted
    )


def _fields_of_film(film: Film) -> Fields:
    people = [credit.person.name for credit in film.credits]
    return _fields(film, people, [subject.name for subject in film.subjects])


def _fields_of_document(film: FilmDocument) -> Fields:
    return _fields(film, [credit.name for credit in film.credits], film.subjects)


def _fields(film: Film | FilmDocument, people: Sequence[str], subjects: Sequence[str]) -> Fields:
    """Return the words of the four fields."""
    titles = [film.title, film.original_title, *(row.title for row in film.alternative_titles)]
    versions = film.versions
    languages = {code for version in versions for code in (*version.spoken, *version.subtitles)}
    body = chain(
        (film.tagline, film.synopsis, film.genre, str(film.release_year)),
        (places.country_name(code) for code in film.countries),
        (places.language_name(code) for code in sorted(languages)),
        (f"{row.event} {row.section or ''} {row.name or ''}" for row in film.accolades),
        (
            f"{row.title or ''} {row.by or ''} {row.outlet or ''} {row.guest or ''}"
            for row in film.press
        ),
        (row.value for row in film.identifiers),
    )
    return (
        _words(titles),
        _words(people),
        _words(subjects),
        _words(body),
    )


def _words(texts: Iterable[str | None]) -> list[str]:
    return [word for text in texts if text for word in words(text)]


def _tsvector(fields: Sequence[Sequence[str]]) -> str:
    """Return the literal of a tsvector: each word with its positions and their weights.

    Words are letters and digits only, so that nothing in them needs escaping.
    """
    places_of: dict[str, list[str]] = {}
    position = 0
    for label, found in zip(LABELS, fields, strict=True):
        for word in found:
            position = min(position + 1, LAST_POSITION)
            places_of.setdefault(word, []).append(f"{position}{label}")
    return " ".join(f"'{word}':{','.join(found)}" for word, found in places_of.items())
