"""Films for tests of the catalog: small documents, and the catalog that they make."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog import film_service, queries
from app.catalog.documents import FilmDocument
from app.catalog.models import Collection, CollectionFilm, Film
from app.catalog.titles import slugify

EDITOR = Actor.staff("catalog@example.org", "Cat Alogue")


def document(title: str, **changes: object) -> FilmDocument:
    """Return the document of a published film in Russian of 2018, but for ``changes``."""
    return FilmDocument.model_validate(
        {
            "slug": slugify(title),
            "title": title,
            "release_year": 2018,
            "synopsis": "Something happened, and a camera was there.",
            "countries": ["NL"],
            "status": "published",
            "versions": [
                {
                    "label": "Feature",
                    "runtime_minutes": 90,
                    "spoken": ["rus"],
                    "subtitles": ["eng"],
                    "captions": [{"language": "eng", "kind": "cc", "source": "human"}],
                }
            ],
            "credits": [{"name": "Jessica Gorter", "role": "director"}],
            "subjects": ["History"],
        }
        | changes
    )


def film(session: Session, title: str, **changes: object) -> Film:
    """Add a film through the service, and flush."""
    made = film_service.create_film(session, document(title, **changes), actor=EDITOR)
    session.flush()
    return made


def change(session: Session, slug: str, **changes: object) -> bool:
    """Replace a film's document but for ``changes``."""
    present = queries.film_for_staff(session, slug, for_change=True)
    wanted = document(present.title, **({"slug": slug} | changes))
    return film_service.replace_film(session, present, wanted, actor=EDITOR)


def collection(session: Session, name: str, films: list[Film], *, position: int = 0) -> Collection:
    """Put films into a new collection, in this order."""
    made = Collection(
        slug=slugify(name),
        name=name,
        summary=f"About {name}",
        position=position,
        places=[CollectionFilm(film_id=film.id, position=i) for i, film in enumerate(films)],
    )
    session.add(made)
    session.flush()
    return made


def titles(films: Iterable[Film]) -> list[str]:
    """Return the titles of films, in their order."""
    return [film.title for film in films]
