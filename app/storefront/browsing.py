"""The list of films as a page: filters, each a link, and where the numbers lead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.alerts.searches import format_query
from app.catalog.enums import FilmSort
from app.core.money import Money
from app.offers.licensing import Buyer
from app.search.cards import FilmCard
from app.search.facets import Facet
from app.search.film_search import FacetValue, Search
from app.search.query import FilmQuery

PER_PAGE = 24
# Of each filter so many values are shown at once, and so many more when they are asked for.
MAX_VALUES_SHOWN = 7
MAX_VALUES_EXPANDED = 60
MAX_SUBJECTS = 12
# Of the facets that are folded up, those that most people begin with are open.
OPEN = frozenset((Facet.SUBJECT, Facet.LANGUAGE, Facet.DELIVERY, Facet.PPR, Facet.ACCESS))
SORTS = (
    FilmSort.RELEVANCE,
    FilmSort.COLLECTION,
    FilmSort.TITLE,
    FilmSort.NEWEST,
    FilmSort.OLDEST,
    FilmSort.RECENT,
    FilmSort.SHORTEST,
    FilmSort.LONGEST,
    FilmSort.PRICE,
)


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One value of a filter: what it is called, how many films, and the list with or without it."""

    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FilterGroup:
    """A filter with its values: those in use, and the common ones, first."""

    name: str
    title: str
    first: Sequence[FilterChoice]
    more: Sequence[FilterChoice]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in use, and the list without it."""

    label: str
    url: str
    without: FilmQuery
    only: FilmQuery


@dataclass(frozen=True, slots=True)
class FilterSuggestion:
    """A way out of an empty list: what to drop or to keep, and how many films that gives."""

    label: str
    count: int
    url: str


class FilmListing:
    """One page of a list, and the addresses of its neighbors."""

    def __init__(
        self, session: Session, query: FilmQuery, *, page: int = 1, buyer: Buyer | None = None
    ) -> None:
        """Search for ``query``; a page past the last is the last. ``buyer`` is the visitor's."""
        asked = query.for_buyer(query.buyer or buyer)
        if query.sort is None and query.only_collection is not None and not query.q:
            # Not written into the address: it is what a collection is in by itself.
            asked = asked.model_copy(update={"sort": FilmSort.COLLECTION})
        self.query = query
        self.search = Search(session, asked)
        self.total = self.search.total
        self.pages = max(1, -(-self.total // PER_PAGE))
        self.page = min(page, self.pages)
        self._session = session

    @property
    def films(self) -> list[FilmCard]:
        """The films of this page."""
        return self.search.page(self.page, PER_PAGE)

    @property
    def sort(self) -> FilmSort:
        """The order that the films are in."""
        return self.search.sort

    @property
    def buyer(self) -> Buyer | None:
        """Whose prices count."""
        return self.search.query.buyer

    def prices(self, films: Sequence[FilmCard]) -> dict[int, Money]:
        """Return from what each film is licensed, by its id; none for one that is not sold."""
        found = ((card.id, self.search.price(card)) for card in films)
        return {film_id: price for film_id, price in found if price is not None}

    def url(self, query: FilmQuery | None = None, *, page: int = 1) -> str:
        """Return the address of a list, of this one if no other is named, on that page."""
        return (self.query if query is None else query).url(page=page)

    @property
    def alert_url(self) -> str:
        """Where one asks for an email when new films match this list."""
        corrected = self.search.correction
        asked = self.query
        if corrected:
            asked = asked.model_copy(update={"q": corrected.shown})
        kept = format_query(asked, self.buyer)
        return f"/alerts/new?{kept}" if kept else "/alerts/new"

    def groups(self) -> list[FilterGroup]:
        """Return what could narrow the list further, or widen it again."""
        groups = []
        for facet, values in self.search.facets().items():
            if facet is Facet.PRICE and self.buyer is None:
                continue
            chosen = self.query.values(facet)
            # One value that all films have narrows nothing.
            if not chosen and all(each.count == self.total for each in values):
                continue
            first = [each for each in values if each.is_chosen]
            rest = [each for each in values if not each.is_chosen]
            room = max(0, MAX_VALUES_SHOWN - len(first))
            groups.append(
                FilterGroup(
                    facet.value,
                    facet.heading,
                    [self._choice(facet, each) for each in first + rest[:room]],
                    [self._choice(facet, each) for each in rest[room : room + MAX_VALUES_EXPANDED]],
                    is_open=bool(chosen) or facet in OPEN,
                )
            )
        return groups

    def chips(self) -> list[Chip]:
        """Return the filters in use, in words."""
        query = self.query
        chips = []
        if query.q:
            left = query.model_copy(update={"q": "", "exact": False})
            chips.append(self._chip(f"“{query.q}”", left, FilmQuery(q=query.q)))
        for facet in Facet:
            chosen = query.values(facet)
            for value in chosen:
                left = query.with_values(facet, [each for each in chosen if each != value])
                label = facet.active_label(self.search.label(facet, value))
                chips.append(self._chip(label, left, FilmQuery().with_values(facet, [value])))
        years = _years(query)
        if years:
            left = query.model_copy(update={"year_from": None, "year_to": None})
            only = FilmQuery(year_from=query.year_from, year_to=query.year_to)
            chips.append(self._chip(years, left, only))
        return chips

    def filter_suggestions(self) -> list[FilterSuggestion]:
        """Return, for an empty list, which filter to drop and how many films that gives.

        If no single one helps: which one to keep alone.
        """
        chips = self.chips()
        ways = [self._way(f"Without {chip.label}", chip.without) for chip in chips]
        if not any(way.count for way in ways):
            ways = [self._way(f"{chip.label} only", chip.only) for chip in chips]
        fitting = [way for way in ways if way.count and way.url != "/films"]
        return sorted(fitting, key=lambda way: -way.count)

    def subjects(self) -> list[FilterChoice]:
        """Return the subjects with the most films of all, to begin again with."""
        values = Search(self._session, FilmQuery()).facets([Facet.SUBJECT])[Facet.SUBJECT]
        return [
            FilterChoice(each.label, each.count, f"/subjects/{each.value}", chosen=False)
            for each in values[:MAX_SUBJECTS]
        ]

    def sorts(self) -> list[tuple[FilmSort, str, bool]]:
        """Return the orders that the list can be in, each with its address; one is in use."""
        search = bool(self.query.q)
        fitting = [
            sort
            for sort in SORTS
            if (sort is not FilmSort.RELEVANCE or search)
            and (sort is not FilmSort.COLLECTION or self.query.only_collection)
        ]
        usual = fitting[0]
        return [
            (
                sort,
                self._sorted_url(None if sort is usual else sort),
                sort is self.sort,
            )
            for sort in fitting
        ]

    def hidden(self, *, without: Sequence[str]) -> list[tuple[str, str]]:
        """Return what a form must carry to keep the rest of this list."""
        return [item for item in self.query.items() if item[0] not in without]

    def numbers(self) -> list[tuple[int | None, str]]:
        """Return the page numbers to show and their addresses; (None, "") is a gap."""
        return [
            (number, self.url(page=number) if number else "")
            for number in page_numbers(self.page, self.pages)
        ]

    def exact_url(self) -> str:
        """Return the address of this search for just what was typed."""
        return self.url(self.query.model_copy(update={"exact": True}))

    def _sorted_url(self, sort: FilmSort | None) -> str:
        return self.url(self.query.model_copy(update={"sort": sort}))

    def _way(self, label: str, query: FilmQuery) -> FilterSuggestion:
        found = Search(self._session, query.for_buyer(self.buyer)).total
        return FilterSuggestion(label, found, self.url(query))

    def _choice(self, facet: Facet, each: FacetValue) -> FilterChoice:
        chosen = set(self.query.values(facet)) ^ {each.value}
        url = self.url(self.query.with_values(facet, chosen))
        return FilterChoice(each.label, each.count, url, each.is_chosen)

    def _chip(self, label: str, without: FilmQuery, only: FilmQuery) -> Chip:
        return Chip(label, self.url(without), without, only)


def page_numbers(page: int, pages: int) -> Iterator[int | None]:
    """Yield the numbers of the pages to show; None is a gap.

    >>> list(page_numbers(7, 20))
    [1, None, 6, 7, 8, None, 20]
    """
    before = 0
    for number in sorted({1, pages, *range(max(1, page - 1), min(pages, page + 1) + 1)}):
        if number - before > 1:
            yield None
        yield number
        before = number


def _years(query: FilmQuery) -> str:
    first, last = query.year_from, query.year_to
    if first is not None and last is not None:
        return str(first) if first == last else f"{first} to {last}"
    if first is not None:
        return f"{first} or later"
    return f"{last} or earlier" if last is not None else ""
