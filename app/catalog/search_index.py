"""The words of films in the database: FTS5 on SQLite, a tsvector with GIN on PostgreSQL.

What is ranked and shown to people is found in memory (``app/search``), which reads its words here;
here films are only matched, for what goes through them all.

The table ``film_fts`` is made by a hand-written migration, because it is a virtual table on the one
and an ordinary one on the other. Nothing but this module touches it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

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
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from app.catalog import countries_languages
from app.catalog.models import Film
from app.catalog.queries import page_options
from app.catalog.search_words import SearchTerm, terms, words
from app.core.copying import copy_values
from app.core.db import is_one_of

FIELDS = ("title", "people", "subjects", "body")
LABELS = "ABCD"
LEXEME = re.compile(r"'([^']+)':([\d,A-D]+)")
STREAMED = 2000

AWARDED = ("event", "section", "name")
PRINTED = ("title", "by", "outlet", "guest")

Json = Mapping[str, Any]
"""A film's document, or that of it which is searched, as JSON has it."""
Fields = tuple[list[str], list[str], list[str], list[str]]
"""The words of a film, field by field."""
Entry = tuple[str, ...]
"""A film's row of the index, without its id: a tsvector's text, or on SQLite the four fields."""

sqlite_fts = table("film_fts", column("rowid", Integer), *(column(name) for name in FIELDS))
postgres_fts = table("film_fts", column("film_id", Integer), column("words", TSVECTOR))


def is_postgresql(session: Session) -> bool:
    """Whether this session speaks to PostgreSQL rather than SQLite."""
    return session.get_bind().dialect.name == "postgresql"


def index_films(session: Session, films: Iterable[Film]) -> None:
    """Replace the search entries of films, which must be fully loaded and flushed.

    Only public films are found; another leaves the index.
    """
    loaded = list(films)
    remove_films(session, [film.id for film in loaded])
    add(session, [(film.id, searchable_fields(film)) for film in loaded if film.is_public])


def add(session: Session, films: Iterable[tuple[int, Json]]) -> None:
    """Write what films can be found by that are not in the index: their ids, and documents."""
    on_postgresql = is_postgresql(session)
    add_entries(session, [(film_id, entry(film, on_postgresql)) for film_id, film in films])


def entry(film: Json, on_postgresql: bool) -> Entry:  # noqa: FBT001 - which of two databases
    """Return what the index keeps of a film's resolved document. Pure, and most of the work."""
    fields = words_of(film)
    return (_tsvector(fields),) if on_postgresql else tuple(map(" ".join, fields))


def prepare_bulk_load(session: Session) -> None:
    """Give PostgreSQL the memory to sort all waiting words into its index at once.

    Up to 64 MB of words wait; with its usual 4 MB it would sort them in more often. The memory is
    given back when the transaction ends.
    """
    if is_postgresql(session):
        session.execute(text("SET LOCAL work_mem = '64MB'"))


def add_entries(session: Session, films: Sequence[tuple[int, Entry]]) -> None:
    """Write entries of films that are not in the index."""
    if not films:
        return
    if is_postgresql(session):
        rows = ((film_id, *entry) for film_id, entry in films)
        copy_values(session, postgres_fts.name, ("film_id", "words"), rows)
        return
    session.execute(
        insert(sqlite_fts),
        [{"rowid": film_id} | dict(zip(FIELDS, entry, strict=True)) for film_id, entry in films],
    )


def remove_films(session: Session, film_ids: Sequence[int]) -> None:
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
            statement = statement.where(is_one_of(session, postgres_fts.c.film_id, film_ids))
        for film_id, found in session.execute(statement.execution_options(yield_per=STREAMED)):
            yield film_id, _fields_of(found)
        return
    columns = [sqlite_fts.c[name] for name in FIELDS]
    rows = select(sqlite_fts.c.rowid, *columns)
    if film_ids is not None:
        rows = rows.where(is_one_of(session, sqlite_fts.c.rowid, film_ids))
    for film_id, title, people, subjects, body in session.execute(
        rows.execution_options(yield_per=STREAMED)
    ):
        yield film_id, (title.split(), people.split(), subjects.split(), body.split())


def _fields_of(vector: str) -> Fields:
    """Return the words of each field from the text of a tsvector, which leaves a D unsaid."""
    fields: dict[str, list[str]] = {label: [] for label in LABELS}
    for word, places_held in LEXEME.findall(vector):
        for index in places_held.split(","):
            fields[index[-1] if index[-1] in fields else "D"].append(word)
    titles, people, subjects, body = fields.values()
    return titles, people, subjects, body


def _expression(
    wanted: Sequence[SearchTerm], whole: str, prefix: str, every: str, some: str
) -> str:
    """Write the terms in a database's own language of questions."""
    return every.join(
        "("
        + some.join((prefix if term.is_prefix else whole).format(word) for word in term.forms)
        + ")"
        for term in wanted
    )


def searchable_fields(film: Film) -> Json:
    """Return that of a film's document which it can be found by."""
    return {
        "title": film.title,
        "original_title": film.original_title,
        "tagline": film.tagline,
        "synopsis": film.synopsis,
        "genre": film.genre,
        "release_year": film.release_year,
        "countries": film.countries,
        "subjects": [subject.name for subject in film.subjects],
        "credits": [{"name": credit.person.name} for credit in film.credits],
        "versions": [
            {"spoken": version.spoken, "subtitles": version.subtitles} for version in film.versions
        ],
        "alternative_titles": [{"title": row.title} for row in film.alternative_titles],
        "accolades": [{name: getattr(row, name) for name in AWARDED} for row in film.accolades],
        "press": [{name: getattr(row, name) for name in PRINTED} for row in film.press],
        "identifiers": [{"value": row.value} for row in film.identifiers],
    }


def texts_of_film(session: Session, film_id: int) -> list[str]:
    """Return what a film can be found by, as it is written; nothing if it is gone."""
    film = session.scalar(select(Film).where(Film.id == film_id).options(*page_options()))
    return (
        [text for field in _texts_of(searchable_fields(film)) for text in field if text]
        if film
        else []
    )


def words_of(film: Json) -> Fields:
    """Return the words by which a film is found, field by field, from its resolved document."""
    titles, people, subjects, body = map(_words, _texts_of(film))
    return titles, people, subjects, body


def _texts_of(film: Json) -> tuple[Iterable[str | None], ...]:
    titles = [film["title"], film["original_title"]]
    titles += [part["title"] for part in film["alternative_titles"]]
    languages = {
        code for version in film["versions"] for code in (*version["spoken"], *version["subtitles"])
    }
    body = chain(
        (film["tagline"], film["synopsis"], film["genre"], str(film["release_year"])),
        (countries_languages.country_name(code) for code in film["countries"]),
        (countries_languages.language_name(code) for code in sorted(languages)),
        (part[name] for part in film["accolades"] for name in AWARDED),
        (part[name] for part in film["press"] for name in PRINTED),
        (part["value"] for part in film["identifiers"]),
    )
    return titles, (part["name"] for part in film["credits"]), film["subjects"], body


def _words(texts: Iterable[str | None]) -> list[str]:
    return words(*filter(None, texts))


def _tsvector(fields: Sequence[Sequence[str]]) -> str:
    """Return the literal of a tsvector: each word with its positions and their weights.

    Words are letters and digits only, so that nothing in them needs escaping. PostgreSQL
    merges repeated words, and caps positions at 16,383.
    """
    lexemes: list[str] = []
    count = 0
    for label, field_words in zip(LABELS, fields, strict=True):
        lexemes += [
            f"'{word}':{position}{label}" for position, word in enumerate(field_words, count + 1)
        ]
        count += len(field_words)
    return " ".join(lexemes)
