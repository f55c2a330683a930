"""How a record names itself, its other deliveries, and the addresses beside it."""

from pymarc import Field

from app.catalog.enums import AssetKind
from app.catalog.models import Film
from app.catalog.titles import sort_title
from app.exports.fields import data
from app.exports.holdings import Holding, Seller
from app.exports.texts import clean, clipped
from app.offers.states import Delivery

# Pictures are the page's; these help whoever chooses or teaches.
LINKED = (AssetKind.TRAILER, AssetKind.GUIDE, AssetKind.PRESS_KIT, AssetKind.TRANSCRIPT)
MAX_LINKS = 20
OTHER_FORM = {
    Delivery.DVD: "DVD version:",
    Delivery.BLURAY: "Blu-ray version:",
    Delivery.FILE: "Online version, hosted by the licensee:",
    Delivery.STREAM: "Online version, hosted by the distributor:",
}
MAX_TITLE_LENGTH = 600


def record_id(film: Film, delivery: Delivery) -> str:
    """Return the record's control number: never another's, and never reused."""
    return f"{film.slug}-{delivery}"


def page_of(film: Film, seller: Seller) -> str:
    """Return the address of the film's page."""
    return f"{seller.base_url}/films/{film.slug}"


def fields(holding: Holding, delivery: Delivery, seller: Seller) -> list[Field]:
    """Return 776 for each other delivery on offer, and 856 for what is beside the film.

    No link is a buyer's own: a shared record never holds a proxy's prefix.
    """
    film = holding.film
    title = clipped(sort_title(clean(film.title)), MAX_TITLE_LENGTH)
    found = [
        data(
            "776",
            "08",
            ("i", OTHER_FORM[other]),
            ("t", f"{title}."),
            ("w", f"({seller.organization}){record_id(film, other)}"),
        )
        for other in holding.deliveries
        if other is not delivery
    ]
    found.append(
        data(
            "856",
            "42",
            ("3", "Licenses, prices, and rights"),
            ("u", page_of(film, seller)),
            ("y", "Film and licensing page"),
        )
    )
    beside = [asset for asset in film.assets if asset.kind in LINKED][:MAX_LINKS]
    found += [
        data("856", "42", ("3", asset.kind.label), ("u", asset.url), ("y", asset.title))
        for asset in beside
    ]
    return found
