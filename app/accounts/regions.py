"""States and provinces, and the codes by which their post is sorted: for the US and Canada."""

import gettext
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pycountry
from babel import Locale

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
    return _region_codes_by_name(country).get(_fold_region(typed))


@lru_cache
def _region_codes_by_name(country: str) -> dict[str, str]:
    """Return the code of each state or province by its names and usual short forms, folded."""
    known = regions(country)
    parts = {
        part.code.partition("-")[2]: part.name
        for part in pycountry.subdivisions
        if part.country_code == country
    }
    found = {_fold_region(short): code for short, code in SHORT_FORMS.get(country, {}).items()}
    for language in LANGUAGES:
        words = gettext.translation("iso3166-2", pycountry.LOCALES_DIR, languages=[language])
        found |= {
            _fold_region(_in_reading_order(words.gettext(name))): code
            for code, name in parts.items()
            if code in known
        }
    found |= {_fold_region(name): code for code, name in known.items()}
    return found | {_fold_region(code): code for code in known}


def _fold_region(text: str) -> str:
    """Return a name without case, accents, punctuation, and spaces.

    >>> _fold_region("Île-du-Prince Édouard"), _fold_region("N. Y.")
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
    return _codes_by_name(country).get(_fold_name(region), country)


@lru_cache
def _codes_by_name(country: str) -> dict[str, str]:
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
        found |= {_fold_name(name): code for name in names}
    others = _OTHER_NAMES.get(country, {})
    return found | {_fold_name(name): code for name, code in others.items()}


def _fold_name(name: str) -> str:
    """Return a name without accents, case, and surplus spaces."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())
