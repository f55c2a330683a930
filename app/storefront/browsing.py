"""The list of films as a page: filters, each a link, and where the numbers lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.alerts.searches import query_of
from app.catalog.filters import FilmFilters
from app.catalog.groups import Facets, FacetValue
from app.catalog.kinds import FilmSort

PER_PAGE = 24
MOST_SHOWN = 8
# The order in which filters stand in an address, so that one list has one address.
NAMES = ("q", "subject", "collection", "language", "country", "year_from", "year_to", "sort")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter: what it is called, how many films, and the list with it."""

    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class FilterGroup:
    """A filter that is not in use, with its values; the common ones first."""

    title: str
    first: Sequence[Choice]
    more: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in use, and the list without it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The address of a list, and of its neighbors."""

    filters: FilmFilters
    sort: FilmSort | None

    def url(self, *, page: int = 1) -> str:
        """Return the address of this list, on that page."""
        return self.url_with({}, page=page)

    def url_with(self, changes: Mapping[str, str | None], *, page: int = 1) -> str:
        """Return the address of this list with ``changes``; None takes a filter away."""
        values: dict[str, object] = {name: getattr(self.filters, name) for name in NAMES[:-1]}
        values["sort"] = self.sort
        values |= changes
        if page > 1:
            values["page"] = page
        kept = {name: str(value) for name, value in values.items() if value not in {None, ""}}
        return f"/films?{urlencode(kept)}" if kept else "/films"

    @property
    def alert_url(self) -> str:
        """Where one asks for a mail when new films match this list."""
        query = query_of(self.filters)
        return f"/alerts/new?{query}" if query else "/alerts/new"

    def groups(self, facets: Facets) -> list[FilterGroup]:
        """Return the filters that could narrow the list further."""
        found = [
            ("Subject", "subject", facets.subjects),
            ("Collection", "collection", facets.collections),
            ("Spoken language", "language", facets.languages),
        ]
        groups = [
            self._group(title, name, values)
            for title, name, values in found
            if getattr(self.filters, name) is None
        ]
        if self.filters.year_from is None and self.filters.year_to is None:
            decades = [
                Choice(
                    value.label,
                    value.count,
                    self.url_with({"year_from": value.value, "year_to": str(int(value.value) + 9)}),
                )
                for value in facets.decades
            ]
            groups.append(FilterGroup("Released", decades[:MOST_SHOWN], decades[MOST_SHOWN:]))
        return [group for group in groups if group.first]

    def chips(self, facets: Facets) -> list[Chip]:
        """Return the filters in use, in words."""
        labels = {
            "subject": _label(facets.subjects, self.filters.subject),
            "collection": _label(facets.collections, self.filters.collection),
            "language": _label(facets.languages, self.filters.language),
            "country": _label(facets.countries, self.filters.country),
        }
        chips = [
            Chip(label, self.url_with({name: None})) for name, label in labels.items() if label
        ]
        if self.filters.query:
            chips.insert(0, Chip(f"“{self.filters.query}”", self.url_with({"q": None})))
        years = _years(self.filters)
        if years:
            chips.append(Chip(years, self.url_with({"year_from": None, "year_to": None})))
        return chips

    def pages(self, page: int, pages: int) -> list[tuple[int | None, str]]:
        """Return the numbers to show and their addresses; (None, "") is a gap."""
        wanted = sorted({1, pages, *range(max(1, page - 1), min(pages, page + 1) + 1)})
        shown: list[tuple[int | None, str]] = []
        before = 0
        for number in wanted:
            if number - before > 1:
                shown.append((None, ""))
            shown.append((number, self.url(page=number)))
            before = number
        return shown

    def _group(self, title: str, name: str, values: Sequence[FacetValue]) -> FilterGroup:
        choices = [
            Choice(value.label, value.count, self.url_with({name: value.value})) for value in values
        ]
        return FilterGroup(title, choices[:MOST_SHOWN], choices[MOST_SHOWN:])


def _label(values: Sequence[FacetValue], chosen: str | None) -> str | None:
    if chosen is None:
        return None
    # With nothing found the chosen value is not among the counts: its code is better than nothing.
    known = (value.label for value in values if value.value == chosen)
    return next(known, chosen.replace("-", " ").capitalize())


def _years(filters: FilmFilters) -> str:
    first, last = filters.year_from, filters.year_to
    if first is not None and last is not None:
        return str(first) if first == last else f"{first} to {last}"
    if first is not None:
        return f"{first} or later"
    return f"{last} or earlier" if last is not None else ""
