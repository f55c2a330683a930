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
    msg = f"{code!r} is not a country code. Enter an ISO 3166-1 code such as US or NL."
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
    msg = f"{code!r} is not a language code. Enter an ISO 639 code such as eng or rus."
    raise ValueError(msg)


@lru_cache(maxsize=1024)
def language_name(code: str) -> str:
    """Return the language's everyday English name, or the code itself if there is none."""
    if code in LANGUAGE_NAMES:
        return LANGUAGE_NAMES[code]
    language = pycountry.languages.get(alpha_3=code)
    if language is None:
        return code
    names = _english().languages
    return str(names.get(getattr(language, "alpha_2", "")) or names.get(code) or language.name)


@lru_cache(maxsize=1024)
def marc_language(code: str) -> str:
    """Return the ISO 639-2/B code that MARC wants for an ISO 639-3 code; `und` if it has none."""
    language = pycountry.languages.get(alpha_3=code)
    return str(getattr(language, "bibliographic", None) or code) if language else "und"


@lru_cache(maxsize=1024)
def parse_country(words: str) -> str:
    """Return the code of a country that is named by its code or its English name.

    Raises:
        ValueError: there is no such country.
    """
    try:
        return country_code(words)
    except ValueError:
        found = _countries_by_name().get(_plain(words))
    if found is None:
        msg = (
            f"{words!r} is not a known country. Enter a name such as Netherlands, or a code such "
            f"as NL."
        )
        raise ValueError(msg)
    return found


@lru_cache(maxsize=1024)
def parse_language(words: str) -> str:
    """Return the ISO 639-3 code of a language that is named by a code or its English name.

    Raises:
        ValueError: there is no such language.
    """
    try:
        return language_code(words)
    except ValueError:
        found = _languages_by_name().get(_plain(words))
    if found is None:
        msg = (
            f"{words!r} is not a known language. Enter a name such as Russian, or a code such as "
            f"rus."
        )
        raise ValueError(msg)
    return found


@lru_cache(maxsize=1024)
def language_label(code: str) -> str:
    """Return a language's name if ``parse_language`` reads it back, else its code."""
    name = language_name(code)
    try:
        return name if "," not in name and parse_language(name) == code else code
    except ValueError:
        return code


@lru_cache(maxsize=1024)
def country_label(code: str) -> str:
    """Return a country's name if ``parse_country`` reads it back, else its code."""
    name = country_name(code)
    try:
        return name if "," not in name and parse_country(name) == code else code
    except ValueError:
        return code


@lru_cache(maxsize=1)
def _countries_by_name() -> dict[str, str]:
    codes = {}
    for country in (*pycountry.historic_countries, *pycountry.countries):
        code = country.alpha_2
        names = (country.name, getattr(country, "common_name", ""), country_name(code))
        codes.update({_plain(name): code for name in names if name})
    codes.update({_plain(name): code for code, name in COUNTRY_NAMES.items()})
    return codes


@lru_cache(maxsize=1)
def _languages_by_name() -> dict[str, str]:
    codes = {}
    for language in pycountry.languages:
        codes[_plain(language.name)] = language.alpha_3
    # Everyday names last: they win over the standard's own.
    for language in pycountry.languages:
        if getattr(language, "alpha_2", None):
            codes[_plain(language_name(language.alpha_3))] = language.alpha_3
    codes.update({_plain(name): code for code, name in LANGUAGE_NAMES.items()})
    return codes


def _plain(words: str) -> str:
    return " ".join(words.lower().removeprefix("the ").split())
