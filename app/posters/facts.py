"""What a poster is drawn from. Nothing else may change how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.catalog.models import Film


@dataclass(frozen=True, slots=True)
class PosterFacts:
    """A film's facts as its poster uses them; ``hints`` are the ``poster:`` of its seed file."""

    slug: str
    title: str
    directors: tuple[str, ...] = ()
    release_year: int | None = None
    runtime_minutes: int = 0
    countries: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    color: str = "color"
    hints: Mapping[str, str] = field(default_factory=dict)


def facts_of(film: Film) -> PosterFacts:
    """Return the facts of a film whose versions, credits, countries and subjects are loaded."""
    return PosterFacts(
        slug=film.slug,
        title=film.title,
        directors=tuple(film.directors),
        release_year=film.release_year,
        runtime_minutes=film.runtime_minutes,
        countries=tuple(film.countries),
        subjects=tuple(subject.name for subject in film.subjects),
        color=film.color.value,
        hints=dict(film.poster),
    )
