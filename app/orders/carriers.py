"""Carriers and their tracking pages."""

from dataclasses import dataclass
from urllib.parse import quote

ELECTRONIC = "electronic"


@dataclass(frozen=True, slots=True)
class Carrier:
    """How a carrier is named, and its tracking page with ``{tracking}`` in it."""

    label: str
    tracking_page: str


CARRIERS: dict[str, Carrier] = {
    "usps": Carrier("USPS", "https://tools.usps.com/go/TrackConfirmAction?tLabels={tracking}"),
    "ups": Carrier("UPS", "https://www.ups.com/track?tracknum={tracking}"),
    "fedex": Carrier("FedEx", "https://www.fedex.com/fedextrack/?trknbr={tracking}"),
    "dhl": Carrier(
        "DHL Express", "https://www.dhl.com/us-en/home/tracking.html?tracking-id={tracking}"
    ),
    "canada_post": Carrier(
        "Canada Post",
        "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={tracking}",
    ),
    "royal_mail": Carrier(
        "Royal Mail", "https://www.royalmail.com/track-your-item#/tracking-results/{tracking}"
    ),
}


def carrier_label(carrier: str) -> str:
    """Return how ``carrier`` is named; one that we do not know is named as staff wrote it."""
    if carrier == ELECTRONIC:
        return "Electronic delivery"
    known = CARRIERS.get(carrier)
    return known.label if known else carrier


def tracking_url(carrier: str, tracking: str) -> str | None:
    """Return where the parcel can be followed; None if we do not know the carrier's page."""
    known = CARRIERS.get(carrier)
    if known is None or not tracking:
        return None
    return known.tracking_page.format(tracking=quote(tracking, safe=""))
