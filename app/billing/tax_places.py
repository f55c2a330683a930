"""Places where tax is charged: a state or province of the US and Canada, or a country. Pure."""

import pycountry

from app.accounts.addresses import Address
from app.accounts.regions import RULES, region_code, regions


def tax_place(address: Address) -> str:
    """Return the place of an address, as ISO 3166 writes it: ``US-NY``, ``PR``, or ``DE``."""
    if address.place != address.country or address.country not in RULES:
        return address.place
    code = region_code(address.country, address.region)
    return f"{address.country}-{code}" if code else address.country


def split_place(place: str) -> tuple[str, str]:
    """Return the country and the region.

    >>> split_place("US-NY"), split_place("DE")
    (('US', 'NY'), ('DE', ''))
    """
    country, _, region = place.partition("-")
    return country, region


def parse_place(text: str) -> str | None:
    """Return the place that was typed as ``NY``, ``US-NY``, ``CA-ON``, or ``DE``; None if none is.

    Two letters alone are a US state if there is one: certificates name states so.

    >>> parse_place("ny"), parse_place("CA-ON"), parse_place("de"), parse_place("Texas")
    ('US-NY', 'CA-ON', 'US-DE', 'US-TX')
    """
    country, _, region = text.strip().upper().partition("-")
    if region:
        if country in RULES and region in regions(country):
            return f"{country}-{region}"
        return None
    code = region_code("US", text)
    if code is not None:
        return f"US-{code}"
    return country if pycountry.countries.get(alpha_2=country) else None


def name_place(place: str) -> str:
    """Return the name of a place.

    >>> name_place("US-NY"), name_place("GB")
    ('New York', 'United Kingdom')
    """
    country, region = split_place(place)
    if region:
        return regions(country).get(region, place)
    known = pycountry.countries.get(alpha_2=country)
    return getattr(known, "common_name", known.name) if known else place
