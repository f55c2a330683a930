"""Countries and languages: codes checked, and codes turned into words. Nothing here reads a row."""

from functools import lru_cache

import pycountry
from babel import Locale

LANGUAGE_CODE_LENGTHS = (2, 3)
# CLDR says "Hong Kong SAR China"; MARC, festivals and the films' own credits are shorter. Countries
# that are no more still made films.
COUNTRY_NAMES = {
    "CS": "Serbia and Montenegro",
    "DD": "East Germany",
    "HK": "Hong Kong",
    "MO": "Macao",
    "SU": "Soviet Union",
    "XK": "Kosovo",
    "YU": "Yugoslavia",
}
LANGUAGE_NAMES = {"mul": "Multiple languages", "und": "Unknown language", "zxx": "No dialogue"}


@lru_cache(maxsize=1)
def _english() -> Locale:
    return Locale("en", "US")


@lru_cache(maxsize=1024)
def country_code(code: str) -> str:
    """Return the ISO 3166-1 alpha-2 code in upper case; codes of former countries count too.

    Raises:
        ValueError: there is no such country.
    """
    wanted = code.strip().upper()
    if (
        wanted in COUNTRY_NAMES
        or pycountry.countries.get(alpha_2=wanted)
        or pycountry.historic_countries.get(alpha_2=wanted)
    ):
        return wanted
    msg = f"{code!r} is not a country code of ISO 3166-1, such as US or NL"
    raise ValueError(msg)


@lru_cache(maxsize=1024)
def country_name(code: str) -> str:
    """Return the country's everyday English name, or the code itself if there is none."""
    return COUNTRY_NAMES.get(code) or _english().territories.get(code) or code


@lru_cache(maxsize=1024)
def language_code(code: str) -> str:
    """Return the ISO 639-3 code, lower case, for a code of ISO 639-1, 639-2 (T or B) or 639-3.

    Raises:
        ValueError: there is no such language.
    """
    wanted = code.strip().lower()
    if len(wanted) in LANGUAGE_CODE_LENGTHS:
        found = (
            pycountry.languages.get(alpha_2=wanted)
            if len(wanted) == LANGUAGE_CODE_LENGTHS[0]
            else pycountry.languages.get(alpha_3=wanted)
            or pycountry.languages.get(bibliographic=wanted)
        )
        if found is not None:
            return str(found.alpha_3)
    msg = f"{code!r} is not a language code of ISO 639, such as eng or rus"
    raise ValueError(msg)


@lru_cache(maxsize=1024)
def language_name(code: str) -> str:
    """Return the language's everyday English name, or the code itself if there is none."""
    if code in LANGUAGE_NAMES:
        return LANGUAGE_NAMES[code]
    found = pycountry.languages.get(alpha_3=code)
    if found is None:
        return code
    names = _english().languages
    return str(names.get(getattr(found, "alpha_2", "")) or names.get(code) or found.name)


@lru_cache(maxsize=1024)
def marc_language(code: str) -> str:
    """Return the ISO 639-2/B code that MARC wants for an ISO 639-3 code; `und` if it has none."""
    found = pycountry.languages.get(alpha_3=code)
    return str(getattr(found, "bibliographic", None) or code) if found else "und"
