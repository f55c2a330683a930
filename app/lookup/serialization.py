"""What is looked for and found, as JSON and back. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.catalog.enums import IdentifierKind
from app.lookup.matching import (
    FilmEntry,
    MatchCandidate,
    MatchOutcome,
    MatchQuery,
    MatchResult,
)


def query_to_json(wanted: MatchQuery) -> dict[str, Any]:
    """Return what is looked for, without what is empty."""
    whole = {
        "title": wanted.title,
        "director": wanted.director,
        "year": wanted.year,
        "slug": wanted.slug,
        "identifiers": [[kind.value, value] for kind, value in wanted.identifiers],
    }
    return {name: value for name, value in whole.items() if value}


def query_from_json(kept: Mapping[str, Any]) -> MatchQuery:
    """Return what ``query_to_json`` wrote."""
    return MatchQuery(
        title=kept.get("title", ""),
        director=kept.get("director", ""),
        year=kept.get("year"),
        slug=kept.get("slug", ""),
        identifiers=tuple(
            (IdentifierKind(kind), value) for kind, value in kept.get("identifiers", [])
        ),
    )


def result_to_json(result: MatchResult) -> list[dict[str, Any]]:
    """Return the films of a result, the one that is taken first."""
    taken = [result.match] if result.match else []
    return [
        {
            "id": each.film.film_id,
            "slug": each.film.slug,
            "title": each.film.title,
            "directors": list(each.film.directors),
            "years": list(each.film.years),
            "score": each.score,
            "why": list(each.why),
        }
        for each in (*taken, *result.candidates)
    ]


def result_from_json(kept: Sequence[Mapping[str, Any]], outcome: MatchOutcome) -> MatchResult:
    """Return the result with this outcome: the first film is taken if one is."""
    matches = [
        MatchCandidate(
            FilmEntry(
                film_id=each["id"],
                slug=each["slug"],
                title=each["title"],
                other_titles=(),
                years=tuple(each["years"]),
                directors=tuple(each["directors"]),
                identifiers=(),
            ),
            each["score"],
            tuple(each["why"]),
        )
        for each in kept
    ]
    if outcome is MatchOutcome.MATCHED:
        return MatchResult(outcome, matches[0], tuple(matches[1:]))
    return MatchResult(outcome, None, tuple(matches))
