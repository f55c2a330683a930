"""How well the matcher does on the labeled list: ``python -m tests.lookup.matching_quality``."""

import csv
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.catalog import seed_schema
from app.catalog.enums import CreditRole, IdentifierKind
from app.catalog.identifiers import normalized
from app.lookup.matching import FilmEntry, MatchIndex, MatchQuery, MatchResult, measure_quality

SEEDS = Path(__file__).parents[2] / "seeds"
LABELS = Path(__file__).with_name("matching_labels.csv")


def sample_entries() -> Iterator[FilmEntry]:
    """Read the films of the sample catalog, as the store's own index would have them."""
    for n, film in enumerate(seed_schema.films(SEEDS)):
        others = [film.original_title, *(each.title for each in film.alternative_titles)]
        years = [film.release_year, film.production_year, film.copyright_year]
        yield FilmEntry(
            film_id=n,
            slug=film.slug,
            title=film.title,
            other_titles=tuple(title for title in others if title),
            years=tuple(sorted({year for year in years if year})),
            directors=tuple(c.name for c in film.credits if c.role is CreditRole.DIRECTOR),
            identifiers=tuple((each.kind, each.value) for each in film.identifiers),
        )


def labeled() -> Iterator[tuple[MatchQuery, str]]:
    """Read the list: what a librarian might send, and the film that she means, if we have it."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            isbn = row["isbn"] and normalized(IdentifierKind.ISBN, row["isbn"])
            wanted = MatchQuery(
                title=row["title"],
                director=row["director"],
                year=int(row["year"]) if row["year"] else None,
                identifiers=((IdentifierKind.ISBN, isbn),) if isbn else (),
            )
            yield wanted, row["expected"]


def answers() -> list[tuple[MatchQuery, str, MatchResult]]:
    index = MatchIndex.build(sample_entries())
    return [(wanted, slug, index.match(wanted)) for wanted, slug in labeled()]


def measured() -> Mapping[str, float]:
    return measure_quality((slug, result) for _, slug, result in answers())


def main() -> int:
    """Print the figures, and every line that is not matched as its label says."""
    for name, value in measured().items():
        print(f"{name:32} {value:g}")  # noqa: T201 - a command's answer
    for wanted, slug, result in answers():
        found = result.match.film.slug if result.match else ""
        if found != slug:
            given = f"{wanted.title} | {wanted.director} | {wanted.year}"
            near = ", ".join(f"{m.film.slug} {m.score}" for m in result.candidates)
            print(f"- {given}: meant {slug or 'nothing'}, matched {found or 'nothing'} ({near})")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
