"""What a citation is made of, taken from a film. Pure but for that."""

from dataclasses import dataclass

from app.catalog.countries_languages import country_name
from app.catalog.enums import CreditRole, IdentifierKind, PersonKind
from app.catalog.models import Film
from app.catalog.parts_models import Person
from app.core.config import Settings
from app.discovery.addresses import film_url


@dataclass(frozen=True, slots=True)
class Name:
    """Someone named. A body, or a person of one name, has no ``given`` part."""

    family: str
    given: str = ""
    is_body: bool = False

    @property
    def straight(self) -> str:
        """As it is said: ``Jessica Gorter``."""
        return f"{self.given} {self.family}".strip()

    @property
    def inverted(self) -> str:
        """As an index has it: ``Gorter, Jessica``."""
        return f"{self.family}, {self.given}" if self.given else self.family


@dataclass(frozen=True, slots=True)
class CitedFilm:
    """The facts of a citation; what is not known is None or empty."""

    key: str
    title: str
    url: str
    year: int | None
    directors: tuple[Name, ...]
    publishers: tuple[str, ...]
    distributor: str
    original_title: str = ""
    runtime_minutes: int = 0
    genre: str = ""
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    synopsis: str = ""
    isbn: str = ""

    @property
    def publisher(self) -> str:
        """Who made it; of a film whose makers are not known, who distributes it."""
        return "; ".join(self.publishers) or self.distributor


def name_of(person: Person) -> Name:
    """Return a person's name in its parts; only what is filed with a comma has two."""
    if person.kind is PersonKind.ORGANIZATION:
        return Name(person.name, is_body=True)
    family, comma, given = person.sort_name.partition(", ")
    return Name(family, given) if comma else Name(person.name)


def cited(film: Film, settings: Settings) -> CitedFilm:
    """Return what a citation says of a film that is loaded whole."""
    isbn = [row.value for row in film.identifiers if row.kind is IdentifierKind.ISBN]
    return CitedFilm(
        key=film.slug,
        title=film.title,
        url=film_url(settings, film.slug),
        year=film.release_year,
        directors=tuple(
            name_of(row.person) for row in film.credits if row.role is CreditRole.DIRECTOR
        ),
        publishers=tuple(film.names(CreditRole.PRODUCTION_COMPANY)),
        distributor=settings.seller_name,
        original_title=film.original_title or "",
        runtime_minutes=film.runtime_minutes,
        genre=film.genre,
        languages=tuple(film.spoken),
        countries=tuple(country_name(code) for code in film.countries),
        subjects=tuple(subject.name for subject in film.subjects),
        synopsis=film.synopsis,
        isbn=isbn[0] if isbn else "",
    )
