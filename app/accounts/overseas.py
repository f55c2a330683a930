"""Parts of countries that have a country code of their own, such as Puerto Rico (PR) of the US.

People write such a place in two ways: as a country (``PR``), or as its country and a region
(``US``, ``PR``). Both mean the same place here: rights, prices, and shipping treat them alike, and
a country includes its parts. docs/pricing.md lists the parts.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import pycountry
from babel import Locale

_PARTS: Final = {
    "AU": "CC CX HM NF",
    "DK": "FO GL",
    "FI": "AX",
    "FR": "BL GF GP MF MQ NC PF PM RE TF WF YT",
    "GB": "AI BM FK GG GI GS IM IO JE KY MS PN SH TC VG",
    "NL": "AW BQ CW SX",
    "NO": "BV SJ",
    "NZ": "TK",
    "US": "AS GU MP PR UM VI",
}
# Written as regions of a country too, but films are licensed for them apart: not parts of it here.
_LICENSED_APART: Final = {"CN": "HK MO TW"}


def _sets(codes: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {country: frozenset(parts.split()) for country, parts in codes.items()}


PARTS: Final = _sets(_PARTS)
LICENSED_APART: Final = _sets(_LICENSED_APART)
_PARENTS: Final = {part: country for country, parts in PARTS.items() for part in parts}
# What ISO 3166-2 numbers, and what people call these places beside their English names.
_OTHER_NAMES: Final = {
    "FR": {
        "971": "GP",
        "972": "MQ",
        "973": "GF",
        "974": "RE",
        "975": "PM",
        "976": "YT",
        "977": "BL",
        "978": "MF",
        "984": "TF",
        "986": "WF",
        "987": "PF",
        "988": "NC",
        "guyane": "GF",
        "la réunion": "RE",
    },
    "NL": {"bq1": "BQ", "bq2": "BQ", "bq3": "BQ", "bonaire": "BQ", "saba": "BQ"}
    | {"sint eustatius": "BQ", "caribbean netherlands": "BQ"},
    "NO": {"21": "SJ", "22": "SJ", "svalbard": "SJ", "jan mayen": "SJ"},
    "FI": {"01": "AX", "åland": "AX", "ahvenanmaa": "AX"},
    "DK": {"føroyar": "FO", "færøerne": "FO", "faeroe islands": "FO"}
    | {"grønland": "GL", "kalaallit nunaat": "GL"},
    "US": {"commonwealth of puerto rico": "PR", "virgin islands": "VI"},
    "CN": {"hong kong sar": "HK", "macau": "MO", "macao sar": "MO"},
}


def home_country(country: str) -> str:
    """Return the country that ``country`` is a part of, or itself.

    >>> home_country("PR"), home_country("US"), home_country("HK")
    ('US', 'US', 'HK')
    """
    return _PARENTS.get(country, country)


def place_code(country: str, region: str) -> str:
    """Return the code of the place that an address names by its country and region.

    >>> place_code("US", "PR"), place_code("NL", "Curaçao"), place_code("US", "NY")
    ('PR', 'CW', 'US')
    """
    return _spelled(country).get(_plain(region), country)


@lru_cache
def _spelled(country: str) -> dict[str, str]:
    """Return the parts of a country by each way to write them as its region."""
    codes = PARTS.get(country, frozenset()) | LICENSED_APART.get(country, frozenset())
    english = Locale("en", "US").territories
    found: dict[str, str] = {}
    for code in codes:
        known = pycountry.countries.get(alpha_2=code)
        names = [code, f"{country}-{code}", english.get(code, code)]
        names += [known.name, getattr(known, "common_name", code)] if known else []
        part = pycountry.subdivisions.get(code=f"{country}-{code}")  # type: ignore[no-untyped-call]
        names += [part.name] if part else []
        found |= {_plain(name): code for name in names}
    others = _OTHER_NAMES.get(country, {})
    return found | {_plain(name): code for name, code in others.items()}


def _plain(name: str) -> str:
    """Return a name without accents, case, and surplus spaces."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())
