"""States and provinces, and the codes by which their post is sorted: for the US and Canada."""

import re
from dataclasses import dataclass
from functools import lru_cache

import pycountry

# Where mail to the armed forces is sorted; ISO 3166-2 does not have them.
MILITARY = {
    "AA": "Armed Forces Americas",
    "AE": "Armed Forces Europe",
    "AP": "Armed Forces Pacific",
}
# Nobody lives on the islands that ISO 3166-2 lists as UM, and no post goes there.
UNINHABITED = {"UM"}


@dataclass(frozen=True, slots=True)
class PostalRule:
    """What an address in a country must have, in that country's words."""

    region_wanted: str
    code_wanted: str
    code: re.Pattern[str]
    separator: str

    def code_of(self, typed: str) -> str | None:
        """Return the code as it is printed, or None if ``typed`` is none."""
        match = self.code.fullmatch(typed.upper())
        return self.separator.join(filter(None, match.groups())) if match else None


RULES = {
    "US": PostalRule(
        region_wanted="in the United States, give the state by its two letters, like NY",
        code_wanted="in the United States, give the ZIP code, like 10027 or 10027-5909",
        code=re.compile(r"([0-9]{5})(?:[- ]?([0-9]{4}))?"),
        separator="-",
    ),
    "CA": PostalRule(
        region_wanted="in Canada, give the province by its two letters, like ON",
        code_wanted="in Canada, give the postal code, like K1A 0B1",
        code=re.compile(r"([ABCEGHJ-NPRSTVXY][0-9][A-Z])[- ]?([0-9][A-Z][0-9])"),
        separator=" ",
    ),
}


@lru_cache
def regions(country: str) -> dict[str, str]:
    """Return the states or provinces of a country that ``RULES`` has: the name of each by its code.

    >>> regions("CA")["NL"]
    'Newfoundland and Labrador'
    """
    found = {
        part.code.partition("-")[2]: _in_reading_order(part.name)
        for part in pycountry.subdivisions
        if part.country_code == country
    }
    if country == "US":
        found |= MILITARY
    kept = ((code, name) for code, name in found.items() if code not in UNINHABITED)
    return dict(sorted(kept, key=lambda item: item[1]))


def region_code(country: str, typed: str) -> str | None:
    """Return the code of the state or province that was typed as its code or its name, else None.

    >>> region_code("US", "new york")
    'NY'
    """
    known = regions(country)
    code = typed.upper()
    if code in known:
        return code
    name = typed.casefold()
    return next((code for code, word in known.items() if word.casefold() == name), None)


def _in_reading_order(name: str) -> str:
    """Return a name without the tail that sets it apart from the rest of the world's.

    >>> _in_reading_order("Virgin Islands, U.S.")
    'Virgin Islands'
    """
    return name.partition(",")[0]
