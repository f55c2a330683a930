"""Full-text search behind one interface: FTS5 on SQLite, a tsvector with GIN on PostgreSQL.

The table ``film_fts`` is made by a hand-written migration, because it is a virtual table on the one
and an ordinary one on the other. Nothing but this module touches it.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

from sqlalchemy import (
    BigInteger,
    Double,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import CTE

from app.catalog import places
from app.catalog.documents import FilmDocument
from app.catalog.kinds import FilmStatus
from app.catalog.models import Film
from app.catalog.search_words import Term, terms, words
from app.catalog.titles import sort_key, sort_title

# What a word is worth by where it stands: titles, people, subjects, everything else.
FIELDS = ("title", "people", "subjects", "body")
SQLITE_WEIGHTS = (12.0, 6.0, 4.0, 1.0)
POSTGRES_WEIGHTS = "{0.08, 0.33, 0.5, 1.0}"  # D, C, B, A
LABELS = "ABCD"
# FTS5 ranks a word that most films have at some millionths; a score must still tell them apart.
SCALE = 10**12
# More than any rank can reach: the film whose title was typed in full comes first.
WHOLE_TITLE = 10**16
LAST_POSITION = 16_383

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
        rows: list[dict[str, object]] = [
            {"film_id": film_id, "words": _tsvector(fields)} for film_id, fields in films
        ]
        statement = insert(postgres_fts).values(
            film_id=bindparam("film_id"), words=cast(bindparam("words"), TSVECTOR)
        )
    else:
        rows = [
            {"rowid": film_id}
            | {name: " ".join(found) for name, found in zip(FIELDS, fields, strict=True)}
            for film_id, fields in films
        ]
        statement = insert(sqlite_fts)
    session.execute(statement, rows)


def forget(session: Session, film_ids: Sequence[int]) -> None:
    """Take films out of the index."""
    if is_postgresql(session):
        session.execute(delete(postgres_fts).where(postgres_fts.c.film_id.in_(film_ids)))
    else:
        session.execute(delete(sqlite_fts).where(sqlite_fts.c.rowid.in_(film_ids)))


def matches(session: Session, query: str) -> CTE | None:
    """Return ``(film_id, score)`` of the films that match, as a common table expression.

    A higher score is a better match; a score is a whole number, so that a cursor holds it exactly.
    None if the query has no word in it: then nothing matches.
    """
    wanted = terms(query)
    if not wanted:
        return None
    found = _postgres_matches(wanted) if is_postgresql(session) else _sqlite_matches(wanted)
    # Materialized: SQLite can only rank inside the full-text query itself.
    return found.cte("matches").prefix_with("MATERIALIZED")


def score(found: CTE, query: str) -> ColumnElement[int]:
    """Return the expression that films are ordered by: the match's score, a whole title first."""
    key = sort_key(sort_title(query.strip()))
    return found.c.score + case((Film.sort_key == key, WHOLE_TITLE), else_=0)


def _sqlite_matches(wanted: Sequence[Term]) -> Select[tuple[int, int]]:
    def form(word: str, *, is_prefix: bool) -> str:
        return f'"{word}" *' if is_prefix else f'"{word}"'

    expression = " AND ".join(
        f"({' OR '.join(form(word, is_prefix=term.is_prefix) for word in term.forms)})"
        for term in wanted
    )
    # bm25 is the smaller the better, and negative.
    rank = func.bm25(literal_column("film_fts"), *SQLITE_WEIGHTS)
    return (
        select(sqlite_fts.c.rowid.label("film_id"), cast(-rank * SCALE, BigInteger).label("score"))
        .select_from(sqlite_fts)
        .where(literal_column("film_fts").op("MATCH")(literal(expression)))
    )


def _postgres_matches(wanted: Sequence[Term]) -> Select[tuple[int, int]]:
    def form(word: str, *, is_prefix: bool) -> str:
        return f"'{word}':*" if is_prefix else f"'{word}'"

    expression = " & ".join(
        f"({' | '.join(form(word, is_prefix=term.is_prefix) for word in term.forms)})"
        for term in wanted
    )
    query = cast(literal(expression), TSQUERY)
    weights = text(f"'{POSTGRES_WEIGHTS}'::real[]")
    # 1: divides by the logarithm of the length, as bm25 too prefers the shorter of two texts.
    rank = func.ts_rank(weights, postgres_fts.c.words, query, 1)
    return select(
        postgres_fts.c.film_id, cast(cast(rank, Double) * SCALE, BigInteger).label("score")
    ).where(postgres_fts.c.words.op("@@")(query))


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
        (f"{row.by or ''} {row.outlet or ''} {row.guest or ''}" for row in film.press),
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
