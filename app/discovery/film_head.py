"""What a film's page says of itself to machines: its address, its picture, its facts."""

from dataclasses import dataclass

from app.catalog.models import Film
from app.core.config import Settings
from app.discovery import cards, jsonld
from app.discovery.addresses import film_url
from app.offers.licensing import LicensingAnswer


@dataclass(frozen=True, slots=True)
class FilmHead:
    """For the page's head. ``json_ld`` may stand inside a script element as it is."""

    url: str
    image: str
    image_alt: str
    image_width: int
    image_height: int
    json_ld: str


def film_head(film: Film, answer: LicensingAnswer, settings: Settings) -> FilmHead:
    """Return the head of a film's page; ``answer`` is that for the public buyer."""
    version = cards.card_version(cards.card_facts(film, seller=settings.seller_name))
    image = settings.url(f"/films/{film.slug}/card.png?v={version}")
    return FilmHead(
        url=film_url(settings, film.slug),
        image=image,
        image_alt=f"Poster and facts of {film.title}",
        image_width=cards.WIDTH,
        image_height=cards.HEIGHT,
        json_ld=jsonld.script_text(jsonld.movie(film, answer, settings, image=image)),
    )
