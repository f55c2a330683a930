"""Countries as libraries name them: the forms of the Library of Congress Name Authority File.

Most are everyday names; these are the others. Pure.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import pycountry

from app.catalog import countries_languages
from app.catalog.titles import folded

AUTHORIZED = {
    "AN": "Netherlands Antilles",
    "BU": "Burma",
    "CD": "Congo (Democratic Republic)",
    "CG": "Congo (Brazzaville)",
    "CV": "Cabo Verde",
    "CZ": "Czech Republic",
    "DD": "Germany (East)",
    "DY": "Benin",
    "FM": "Micronesia (Federated States)",
    "GB": "Great Britain",
    "GE": "Georgia (Republic)",
    "HK": "Hong Kong (China)",
    "HV": "Burkina Faso",
    "KP": "Korea (North)",
    "KR": "Korea (South)",
    "MM": "Burma",
    "MO": "Macau (China : Special Administrative Region)",
    "NH": "New Hebrides",
    "PS": "Palestine",
    "RH": "Southern Rhodesia",
    "RU": "Russia (Federation)",
    "ST": "Sao Tome and Principe",
    "TP": "Timor-Leste",
    "TR": "Turkey",
    "VD": "Vietnam (Democratic Republic)",
    "VI": "Virgin Islands of the United States",
    "XK": "Kosovo (Republic)",
    "YD": "Yemen (People's Democratic Republic)",
    "ZR": "Zaire",
}
# Other forms in catalogs: earlier headings, parts of a country, and abbreviations.
OTHER_FORMS = {
    "Bosnia and Hercegovina": "BA",
    "Cape Verde": "CV",
    "China (Republic : 1949-)": "TW",
    "Congo": "CG",
    "Congo (Republic)": "CG",
    "East Timor": "TL",
    "England": "GB",
    "Germany (West)": "DE",
    "Holland": "NL",
    "Hong Kong": "HK",
    "Ivory Coast": "CI",
    "Kosovo": "XK",
    "Macau": "MO",
    "Macedonia": "MK",
    "Macedonia (Republic)": "MK",
    "Myanmar": "MM",
    "Northern Ireland": "GB",
    "Palestinian Territories": "PS",
    "Republic of Georgia": "GE",
    "Russia": "RU",
    "Scotland": "GB",
    "Swaziland": "SZ",
    "Timor-Leste": "TL",
    "U.K.": "GB",
    "U.S.": "US",
    "U.S.A.": "US",
    "UK": "GB",
    "USA": "US",
    "USSR": "SU",
    "United States of America": "US",
    "Vatican": "VA",
    "Wales": "GB",
    "West Germany": "DE",
}
SAINT = re.compile(r"\bSt\. ")
NOT_IN_NAMES = re.compile(r"[\W_]+")


@lru_cache(maxsize=1024)
def authorized_name(code: str) -> str:
    """Return the country's heading.

    >>> authorized_name("GB"), authorized_name("BA"), authorized_name("LC")
    ('Great Britain', 'Bosnia and Herzegovina', 'Saint Lucia')
    """
    name = AUTHORIZED.get(code) or countries_languages.country_name(code)
    return SAINT.sub("Saint ", name.replace(" & ", " and "))


def code_of(name: str) -> str | None:
    """Return the code of a country that a record names; None for what is no country's name.

    >>> code_of("Russia (Federation)"), code_of("Viet Nam."), code_of("Atlantis")
    ('RU', 'VN', None)
    """
    return _codes_by_name().get(_plain(name))


@lru_cache(maxsize=1)
def _codes_by_name() -> dict[str, str]:
    # What comes later wins: present countries over former ones of the same name.
    listed = [(_plain(name), code) for name, code in _everyday_names()]
    listed += [(_plain(name), code) for name, code in OTHER_FORMS.items()]
    listed += [(_plain(authorized_name(code)), code) for code in AUTHORIZED]
    present = {country.alpha_2 for country in pycountry.countries}
    return dict(sorted(listed, key=lambda each: each[1] in present))


def _everyday_names() -> Iterator[tuple[str, str]]:
    for country in pycountry.countries:
        for field in ("name", "official_name", "common_name"):
            if hasattr(country, field):
                yield getattr(country, field), country.alpha_2
        yield authorized_name(country.alpha_2), country.alpha_2
        yield countries_languages.country_name(country.alpha_2), country.alpha_2
    for code, name in countries_languages.COUNTRY_NAMES.items():
        yield name, code


def _plain(name: str) -> str:
    """Return a name as it is compared: without the, and without signs.

    >>> _plain("Korea (South)."), _plain("The Gambia")
    ('korea south', 'gambia')
    """
    return NOT_IN_NAMES.sub(" ", folded(name).replace("&", "and")).strip().removeprefix("the ")
