"""What a film's page says of itself to machines: its address, its picture, its facts."""

from dataclasses import dataclass

from app.catalog.models import Film
from app.catalog.served_images import ServedImage
from app.core.config import Settings
from app.discovery import jsonld, preview_images
from app.discovery.addresses import film_url
from app.offers.licensing import LicensingAnswer


@dataclass(frozen=True, slots=True)
class HeadPicture:
    """The picture that a link to the film is shown with."""

    url: str
    media_type: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class FilmHead:
    """For the page's head. ``json_ld`` may stand inside a script element as it is."""

    url: str
    picture: HeadPicture
    json_ld: str


def film_head(film: Film, answer: LicensingAnswer, settings: Settings) -> FilmHead:
    """Return the head of a film's page; ``answer`` is that for the public buyer."""
    version = preview_images.card_version(
        preview_images.card_facts(film, seller=settings.seller_name)
    )
    picture = HeadPicture(
        url=settings.url(f"/films/{film.slug}/card.png?v={version}"),
        media_type="image/png",
        width=preview_images.WIDTH,
        height=preview_images.HEIGHT,
        alt=f"Poster and facts of {film.title}",
    )
    # Links are shown with something wide, films in lists of results with something high.
    wide = _own(film.wide_file, settings) or picture
    high = _own(film.poster_file or film.wide_file, settings) or picture
    return FilmHead(
        url=film_url(settings, film.slug),
        picture=wide,
        json_ld=jsonld.script_text(jsonld.movie(film, answer, settings, image=high.url)),
    )


def _own(given: ServedImage | None, settings: Settings) -> HeadPicture | None:
    """Return a picture that staff gave us."""
    if given is None:
        return None
    width = given.widths[-1]
    return HeadPicture(
        url=settings.url(given.path),
        media_type="image/jpeg",
        width=width,
        height=given.height_at(width),
        alt=given.alt,
    )
