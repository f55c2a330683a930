"""The licensing answer for a whole list: which films are meant, and what a buyer may have of them.

The API and the pages ask here, so that both give one answer.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.catalog.parts_models import Version
from app.lookup.match_index import get_match_index
from app.lookup.matching import MatchCandidate, MatchOutcome, MatchQuery, MatchResult
from app.offers.licensing import Buyer, LicensingAnswer, get_licensing_of_films

MAX_ROWS = 1000
NEVER_OFFERED = "No license for this film is currently available to institutions."


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """The result for one row. ``licensing`` is there if the film is."""

    query: MatchQuery
    outcome: MatchOutcome
    match: MatchCandidate | None
    candidates: tuple[MatchCandidate, ...]
    licensing: LicensingAnswer | None

    @property
    def not_licensable(self) -> list[str]:
        """Why nothing of the film can be had; empty if something can, or no film was found."""
        if self.licensing is None or self.licensing.offers or self.licensing.size_needed:
            return []
        reasons = [
            f"{refused.title}: {reason}"
            for refused in self.licensing.not_offered
            for reason in refused.reasons
        ]
        return list(dict.fromkeys(reasons)) or [NEVER_OFFERED]

    @property
    def size_needed(self) -> str:
        """What to ask the buyer, if a size leads to more licenses; else empty."""
        needed = self.licensing is not None and self.licensing.size_needed
        return self.licensing.size_question if needed and self.licensing else ""


def check_availability(
    session: Session,
    rows: Sequence[MatchQuery],
    buyer: Buyer,
    *,
    on: date,
    chosen: Mapping[int, str] | None = None,
) -> list[RowAnswer]:
    """Answer every row for ``buyer`` on that day.

    ``chosen`` is what a person decided, by the row's place: the slug of one of its candidates, or
    nothing for "none of these". Takes a fixed number of queries, however many rows there are.
    """
    results = match_rows(session, rows)
    for place, slug in (chosen or {}).items():
        if 0 <= place < len(results):
            results[place] = apply_choice(results[place], slug)
    return build_answers(session, rows, results, buyer, on=on)


def match_rows(session: Session, rows: Sequence[MatchQuery]) -> list[MatchResult]:
    """Return which film each row means."""
    index = get_match_index(session)
    found: dict[MatchQuery, MatchResult] = {}
    for wanted in rows:
        if wanted not in found:
            found[wanted] = index.match(wanted)
    return [found[wanted] for wanted in rows]


def build_answers(
    session: Session,
    rows: Sequence[MatchQuery],
    results: Sequence[MatchResult],
    buyer: Buyer,
    *,
    on: date,
) -> list[RowAnswer]:
    """Answer rows that were matched, maybe some days ago: a film that went since was not found."""
    films = _films(session, {each.match.film.film_id for each in results if each.match})
    licensing = get_licensing_of_films(session, films, buyer, on=on)
    results = [_present(each, licensing) for each in results]
    return [
        RowAnswer(
            query=wanted,
            outcome=result.outcome,
            match=result.match,
            candidates=result.candidates,
            licensing=licensing.get(result.match.film.film_id) if result.match else None,
        )
        for wanted, result in zip(rows, results, strict=True)
    ]


def _present(result: MatchResult, licensing: Mapping[int, LicensingAnswer]) -> MatchResult:
    if result.match is None or result.match.film.film_id in licensing:
        return result
    return MatchResult(MatchOutcome.NONE, None, ())


def apply_choice(result: MatchResult, slug: str) -> MatchResult:
    """Return ``result`` as a person decided it; a film that was no candidate changes nothing."""
    shown = [*([result.match] if result.match else []), *result.candidates]
    if not slug:
        return MatchResult(MatchOutcome.NONE, None, tuple(shown))
    picked = next((match for match in shown if match.film.slug == slug), None)
    if picked is None:
        return result
    others = tuple(match for match in shown if match is not picked)
    return MatchResult(MatchOutcome.MATCHED, picked, others)


def _films(session: Session, film_ids: Collection[int]) -> Sequence[Film]:
    """Return the published films among ``film_ids`` with what a licensing answer shows of them."""
    return session.scalars(
        select(Film)
        .where(Film.id.in_(film_ids), Film.status == FilmStatus.PUBLISHED)
        .options(
            selectinload(Film.partner_links),
            selectinload(Film.versions).options(
                selectinload(Version.languages), selectinload(Version.captions)
            ),
        )
    ).all()
