"""States and provinces, and the codes by which their post is sorted: for the US and Canada."""

import gettext
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import pycountry

# Where mail to the armed forces is sorted; ISO 3166-2 does not have them.
MILITARY = {
    "AA": "Armed Forces Americas",
    "AE": "Armed Forces Europe",
    "AP": "Armed Forces Pacific",
}
# The languages that people write the names of these states and provinces in, beside English.
LANGUAGES = ("fr", "es")
# What is written on envelopes beside the codes and the names.
SHORT_FORMS = {
    "US": {
        "Ala": "AL",
        "Alas": "AK",
        "Ariz": "AZ",
        "Ark": "AR",
        "Calif": "CA",
        "Cal": "CA",
        "Colo": "CO",
        "Conn": "CT",
        "Del": "DE",
        "Fla": "FL",
        "Ida": "ID",
        "Ill": "IL",
        "Ind": "IN",
        "Kan": "KS",
        "Kans": "KS",
        "Mass": "MA",
        "Mich": "MI",
        "Minn": "MN",
        "Miss": "MS",
        "Mont": "MT",
        "Neb": "NE",
        "Nebr": "NE",
        "Nev": "NV",
        "N Mex": "NM",
        "N Dak": "ND",
        "S Dak": "SD",
        "Okla": "OK",
        "Ore": "OR",
        "Oreg": "OR",
        "Penn": "PA",
        "Penna": "PA",
        "Tenn": "TN",
        "Tex": "TX",
        "Wash": "WA",
        "W Va": "WV",
        "Wis": "WI",
        "Wisc": "WI",
        "Wyo": "WY",
        "Washington DC": "DC",
        "Washington State": "WA",
        "New York State": "NY",
        "US Virgin Islands": "VI",
        "USVI": "VI",
        "CNMI": "MP",
    },
    "CA": {
        "Alta": "AB",
        "Man": "MB",
        "Sask": "SK",
        "Ont": "ON",
        "Que": "QC",
        "PQ": "QC",
        "PEI": "PE",
        "IPE": "PE",
        "NFLD": "NL",
        "NF": "NL",
        "Newfoundland": "NL",
        "Terre-Neuve": "NL",
        "Labrador": "NL",
        "Yukon Territory": "YT",
        "CB": "BC",
        "NWT": "NT",
        "TNO": "NT",
    },
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
        region_wanted="Enter the two-letter state, like NY.",
        code_wanted="Enter a ZIP code, like 10027 or 10027-5909.",
        code=re.compile(r"([0-9]{5})(?:[- ]?([0-9]{4}))?"),
        separator="-",
    ),
    "CA": PostalRule(
        region_wanted="Enter the two-letter province, like ON.",
        code_wanted="Enter a postal code, like K1A 0B1.",
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

    Names count in English, French, and Spanish, with or without accents and hyphens.

    >>> region_code("US", "new york"), region_code("CA", "Nouveau-Brunswick")
    ('NY', 'NB')
    """
    known = regions(country)
    code = typed.strip().upper()
    if code in known:
        return code
    return _names(country).get(_folded(typed))


@lru_cache
def _names(country: str) -> dict[str, str]:
    """Return the code of each state or province by its names and usual short forms, folded."""
    known = regions(country)
    parts = {
        part.code.partition("-")[2]: part.name
        for part in pycountry.subdivisions
        if part.country_code == country
    }
    found = {_folded(short): code for short, code in SHORT_FORMS.get(country, {}).items()}
    for language in LANGUAGES:
        words = gettext.translation("iso3166-2", pycountry.LOCALES_DIR, languages=[language])
        found |= {
            _folded(_in_reading_order(words.gettext(name))): code
            for code, name in parts.items()
            if code in known
        }
    found |= {_folded(name): code for code, name in known.items()}
    return found | {_folded(code): code for code in known}


def _folded(text: str) -> str:
    """Return a name without case, accents, punctuation, and spaces.

    >>> _folded("Île-du-Prince Édouard"), _folded("N. Y.")
    ('ileduprinceedouard', 'ny')
    """
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in letters if unicodedata.category(each) in {"Ll", "Lo", "Nd"})


def _in_reading_order(name: str) -> str:
    """Return a name without the tail that sets it apart from the rest of the world's.

    >>> _in_reading_order("Virgin Islands, U.S.")
    'Virgin Islands'
    """
    return name.partition(",")[0]
