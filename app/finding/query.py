"""What is asked of the catalog, as a value: read from an address, and written as one."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlencode

from app.accounts.customers import MAX_SIZE, CustomerClass
from app.catalog.documents import SLUG_LENGTH, SLUG_PATTERN
from app.catalog.filters import LONGEST_QUERY
from app.catalog.kinds import Color, FilmSort
from app.catalog.places import country_code, language_code
from app.core.errors import FieldProblem, InvalidInputError
from app.finding.values import Access, Facet, LengthBand, Ppr, PriceBand
from app.offers.licensing import Buyer
from app.offers.states import Delivery
from app.offers.terms import MAX_MONTHS, TermKind
from app.offers.territories import countries

FIRST_YEAR, LAST_YEAR = 1888, 2100
MOST_VALUES = 40
DECADE = re.compile(r"(1[89]|20)\d0")
MONTHS = re.compile(r"([1-9]\d{0,2})-months")
SLUG = re.compile(SLUG_PATTERN)
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
NOTHING: Mapping[Facet, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FilmQuery:
    """A list of films that someone asked for.

    ``chosen`` holds the values of each facet in use, any of which will do; facets narrow one
    another. Years are release years, inclusive. ``exact``: look for the words as they were typed,
    whatever else may have been meant. ``buyer`` is whose prices count; None: anyone's.
    Equal queries have equal addresses, and ``read`` of ``items`` gives the query again.
    """

    q: str = ""
    chosen: Mapping[Facet, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    year_from: int | None = None
    year_to: int | None = None
    sort: FilmSort | None = None
    exact: bool = False
    buyer: Buyer | None = None

    @classmethod
    def read(cls, items: Iterable[tuple[str, str]]) -> "FilmQuery":
        """Return the query that parameters ask; empty ones and those of other names are left out.

        Raises:
            InvalidInputError: names every parameter that is wrong, and says what is wrong with it.
        """
        given = _Given(items)
        chosen = {facet: given.several(facet, check) for facet, check in CHECKS.items()}
        customer_class = given.one("class", partial(_member, CustomerClass))
        size = given.one("size", _size)
        country = given.one("buyer_country", _buyer_country)
        query = cls(
            q=given.one("q", _words) or "",
            chosen=MappingProxyType({facet: found for facet, found in chosen.items() if found}),
            year_from=given.one("year_from", _year),
            year_to=given.one("year_to", _year),
            sort=given.one("sort", partial(_member, FilmSort)),
            exact=given.one("exact", _flag) or False,
            buyer=Buyer(customer_class, size, country or "US") if customer_class else None,
        )
        if query.year_from and query.year_to and query.year_from > query.year_to:
            detail = f"this is later than year_to, {query.year_to}"
            given.problems.append(FieldProblem("?/year_from", detail))
        if given.problems:
            raise InvalidInputError.of(*given.problems)
        return query

    def items(self) -> list[tuple[str, str]]:
        """Return the parameters that ask this query, in one order: one query has one address."""
        found = [("q", self.q)] if self.q else []
        for facet in Facet:
            found += [(facet.value, value) for value in self.chosen.get(facet, ())]
        for name in ("year_from", "year_to", "sort"):
            value = getattr(self, name)
            if value is not None:
                found.append((name, str(value)))
        if self.exact:
            found.append(("exact", "true"))
        if self.buyer is not None:
            found.append(("class", str(self.buyer.customer_class)))
            if self.buyer.size is not None:
                found.append(("size", str(self.buyer.size)))
            found.append(("buyer_country", self.buyer.country))
        return found

    def url(self, path: str = "/films", *, page: int = 1) -> str:
        """Return the address of this query's list at ``path``."""
        items = self.items() + ([("page", str(page))] if page > 1 else [])
        return f"{path}?{urlencode(items)}" if items else path

    def values(self, facet: Facet) -> tuple[str, ...]:
        """Return what is chosen of a facet."""
        return self.chosen.get(facet, ())

    def choosing(self, facet: Facet, values: Collection[str]) -> "FilmQuery":
        """Return this query with exactly these values of a facet."""
        chosen = {key: kept for key, kept in self.chosen.items() if key is not facet}
        if values:
            chosen[facet] = tuple(sorted(values))
        return replace(self, chosen=MappingProxyType(chosen))

    @property
    def collection(self) -> str | None:
        """The one collection that is asked for; None without, and with several."""
        found = self.values(Facet.COLLECTION)
        return found[0] if len(found) == 1 else None

    @property
    def narrows(self) -> bool:
        """Whether it asks for anything less than all films."""
        return bool(self.q or self.chosen or self.year_from or self.year_to)


class _Given:
    """Parameters by name, and what is wrong with them."""

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        self.problems: list[FieldProblem] = []
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            if value.strip():
                self._values.setdefault(name, []).append(value.strip())

    def one(self, name: str, check: Callable[[str], T]) -> T | None:
        """Return the value of ``name`` as ``check`` gives it."""
        values = self._values.get(name, [])
        if len(values) > 1:
            detail = f"is given {len(values)} times; give it once"
            self.problems.append(FieldProblem(f"?/{name}", detail))
            return None
        return self._checked(name, check, values[0]) if values else None

    def several(self, facet: Facet, check: Callable[[str], str]) -> tuple[str, ...]:
        """Return the values of a facet, each once and sorted."""
        values = self._values.get(facet.value, ())
        if len(values) > MOST_VALUES:
            detail = f"give at most {MOST_VALUES} values"
            self.problems.append(FieldProblem(f"?/{facet.value}", detail))
        found = {self._checked(facet.value, check, value) for value in values}
        return tuple(sorted(str(value) for value in found if value is not None))

    def _checked(self, name: str, check: Callable[[str], T], value: str) -> T | None:
        try:
            return check(value)
        except ValueError as error:
            self.problems.append(FieldProblem(f"?/{name}", str(error)))
            return None


def term_value(kind: TermKind, months: int | None) -> str:
    """Return how a term is written in addresses.

    >>> term_value(TermKind.MONTHS, 36)
    '36-months'
    """
    return f"{months}-months" if months else kind.value


def _words(text: str) -> str:
    if len(text) > LONGEST_QUERY:
        msg = f"give at most {LONGEST_QUERY} characters"
        raise ValueError(msg)
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")  # a page cannot show it


def _slug(text: str) -> str:
    if len(text) > SLUG_LENGTH or not SLUG.fullmatch(text):
        msg = f"{text[:80]!r} is no slug, such as russia"
        raise ValueError(msg)
    return text


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:9]) <= LAST_YEAR):
        msg = f"give a year from {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(msg)
    return int(text)


def _decade(text: str) -> str:
    if not DECADE.fullmatch(text):
        msg = "give the first year of a decade, such as 1990"
        raise ValueError(msg)
    return text


def _term(text: str) -> str:
    months = MONTHS.fullmatch(text)
    if months and int(months[1]) <= MAX_MONTHS:
        return text
    kinds = [kind.value for kind in TermKind if kind is not TermKind.MONTHS]
    if text not in kinds:
        msg = f"give a number of months such as 12-months, or one of: {', '.join(kinds)}"
        raise ValueError(msg)
    return text


def _member(kind: type[E], text: str) -> E:
    try:
        return kind(text)
    except ValueError:
        msg = f"give one of: {', '.join(kind)}"
        raise ValueError(msg) from None


def _flag(text: str) -> bool:
    if text not in {"true", "false", "1", "0"}:
        msg = "give true or false"
        raise ValueError(msg)
    return text in {"true", "1"}


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= MAX_SIZE):
        msg = f"give a whole number from 0 to {MAX_SIZE}"
        raise ValueError(msg)
    return int(text)


def _buyer_country(text: str) -> str:
    if text.upper() not in countries():
        msg = f"{text[:80]!r} is no country's code"
        raise ValueError(msg)
    return text.upper()


CHECKS: dict[Facet, Callable[[str], str]] = {
    Facet.SUBJECT: _slug,
    Facet.COUNTRY: country_code,
    Facet.LANGUAGE: language_code,
    Facet.SUBTITLES: language_code,
    Facet.CAPTIONS: language_code,
    Facet.DECADE: _decade,
    Facet.LENGTH: partial(_member, LengthBand),
    Facet.COLOR: partial(_member, Color),
    Facet.ACCESS: partial(_member, Access),
    Facet.PPR: partial(_member, Ppr),
    Facet.DELIVERY: partial(_member, Delivery),
    Facet.TERM: _term,
    Facet.PRICE: partial(_member, PriceBand),
    Facet.PLATFORM: _slug,
    Facet.COLLECTION: _slug,
}
