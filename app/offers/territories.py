"""Where a right holds: the whole world, or a set of countries."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import pycountry

from app.accounts.regions import home_country
from app.catalog.countries_languages import country_name

WORLD = "WORLD"
# Countries that take the article in a sentence: "in the United States", "in the Netherlands".
WITH_ARTICLE = frozenset({"AE", "BS", "CD", "CF", "DO", "GB", "GM", "KM", "MV", "NL", "PH", "US"})
MAX_LISTED_COUNTRIES = 5


@dataclass(frozen=True, slots=True)
class Territory:
    """``countries`` are ISO 3166-1 alpha-2 codes, each with its overseas parts; None: the world."""

    countries: frozenset[str] | None

    @classmethod
    def parse(cls, codes: Iterable[str]) -> Self:
        """Read ``["WORLD"]`` or a list of country codes.

        Raises:
            ValueError: nothing given, an unknown code, or the world among countries.
        """
        return cls(_parsed(tuple(codes)))

    def codes(self) -> list[str]:
        """Return the form that ``parse`` reads, sorted."""
        return [WORLD] if self.countries is None else sorted(self.countries)

    def contains(self, country: str) -> bool:
        """Whether ``country`` lies in it, or the country that it is a part of."""
        return self.countries is None or not self.countries.isdisjoint(
            (country, home_country(country))
        )

    def covers(self, other: "Territory") -> bool:
        """Whether all of ``other`` lies in it. Only the world covers the world."""
        if self.countries is None:
            return True
        return other.countries is not None and all(map(self.contains, other.countries))

    def label(self) -> str:
        """Return it as it ends a sentence: ``worldwide``, ``in the United States and Canada``."""
        if self.countries is None:
            return "worldwide"
        names = sorted(country_name_in_sentence(code) for code in self.countries)
        if len(names) > MAX_LISTED_COUNTRIES:
            return f"in {len(names)} countries ({', '.join(names)})"
        if len(names) == 1:
            return f"in {names[0]}"
        return f"in {', '.join(names[:-1])} and {names[-1]}"


def country_name_in_sentence(code: str) -> str:
    """Return a country's name as it stands in a sentence, with its article where it has one."""
    name = country_name(code)
    return f"the {name}" if code in WITH_ARTICLE else name


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Return every country code of ISO 3166-1 alpha-2; read when first asked for, as it is slow."""
    return frozenset(country.alpha_2 for country in pycountry.countries)


@lru_cache(maxsize=1024)
def _parsed(codes: tuple[str, ...]) -> frozenset[str] | None:
    """Return the countries, None for the world; most windows and offers share a few lists."""
    if codes == (WORLD,):
        return None
    if not codes:
        msg = f'Enter at least one country, or "{WORLD}".'
        raise ValueError(msg)
    if WORLD in codes:
        msg = f'"{WORLD}" includes every country. Enter it alone.'
        raise ValueError(msg)
    unknown = sorted(set(codes) - countries())
    if unknown:
        msg = f"Enter ISO 3166-1 alpha-2 country codes. Unknown: {', '.join(unknown)}."
        raise ValueError(msg)
    return frozenset(codes)
