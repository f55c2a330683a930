"""The head of a film's page for machines: address, picture, and JSON-LD with public prices."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.catalog.models import Film
from app.catalog.served_images import ServedImage
from app.core import clock
from app.core.config import Settings
from app.discovery import jsonld, preview_images
from app.discovery.addresses import film_url
from app.offers.licensing import Buyer, LicensingAnswer, get_licensing


@dataclass(frozen=True, slots=True)
class HeadPicture:
    """The preview picture of a link to the film."""

    url: str
    media_type: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class FilmHead:
    """The facts for the page's head. ``json_ld`` is safe inside a script element."""

    url: str
    picture: HeadPicture
    json_ld: str


def film_head(film: Film, answer: LicensingAnswer, settings: Settings) -> FilmHead:
    """Return the head of a film's page; ``answer`` is for the public buyer."""
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
    # Link previews are wide, pictures in search results are tall.
    wide = _from_image(film.wide_file, settings) or picture
    tall = _from_image(film.poster_file or film.wide_file, settings) or picture
    return FilmHead(
        url=film_url(settings, film.slug),
        picture=wide,
        json_ld=jsonld.script_text(jsonld.film_ld(film, answer, settings, image=tall.url)),
    )


def _from_image(image: ServedImage | None, settings: Settings) -> HeadPicture | None:
    """Return the picture of an image that staff uploaded."""
    if image is None:
        return None
    width = image.widths[-1]
    return HeadPicture(
        url=settings.url(image.path),
        media_type="image/jpeg",
        width=width,
        height=image.height_at(width),
        alt=image.alt,
    )


def public_buyer(settings: Settings) -> Buyer:
    """Return the buyer for whom prices are published: see docs/discovery.md.

    A price that depends on size would be wrong for most readers, so the buyer has none.
    """
    return Buyer(CustomerClass.COLLEGE, size=None, country=settings.shipping_country)


def public_answer(session: Session, film: Film, settings: Settings) -> LicensingAnswer:
    """Return what the public buyer may license today, as the API does."""
    return get_licensing(session, film, public_buyer(settings), on=clock.today())
