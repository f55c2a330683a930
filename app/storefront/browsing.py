"""The film list as a page: films, filters, sort orders, and page links."""

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
# How many values of a filter are shown, and how many more when it is expanded.
MAX_VALUES_SHOWN = 7
MAX_VALUES_EXPANDED = 60
MAX_SUBJECTS = 12
# The facets that are open at first.
OPEN_FACETS = frozenset((Facet.SUBJECT, Facet.LANGUAGE, Facet.DELIVERY, Facet.PPR, Facet.ACCESS))
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
    """A value of a filter, its number of films, and the list with or without it."""

    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FilterGroup:
    """A filter with its values; active and common ones come first."""

    name: str
    title: str
    first: Sequence[FilterChoice]
    more: Sequence[FilterChoice]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter, and the list without it."""

    label: str
    url: str
    without: FilmQuery
    only: FilmQuery


@dataclass(frozen=True, slots=True)
class FilterSuggestion:
    """A change of filters that leads from an empty list to films."""

    label: str
    count: int
    url: str


class FilmListing:
    """A page of a film list."""

    def __init__(
        self, session: Session, query: FilmQuery, *, page: int = 1, buyer: Buyer | None = None
    ) -> None:
        """Search for ``query``; a page past the last is the last. ``buyer`` is the visitor's."""
        search_query = query.for_buyer(query.buyer or buyer)
        if query.sort is None and query.only_collection is not None and not query.q:
            # The default order of a collection, so the address does not name it.
            search_query = search_query.model_copy(update={"sort": FilmSort.COLLECTION})
        self.query = query
        self.search = Search(session, search_query)
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
        """The sort order."""
        return self.search.sort

    @property
    def buyer(self) -> Buyer | None:
        """The buyer whose prices are shown."""
        return self.search.query.buyer

    def prices(self, films: Sequence[FilmCard]) -> dict[int, Money]:
        """Return the starting price of each film for sale, by film id."""
        prices = ((card.id, self.search.price(card)) for card in films)
        return {film_id: price for film_id, price in prices if price is not None}

    def url(self, query: FilmQuery | None = None, *, page: int = 1) -> str:
        """Return the address of a page of ``query``, or of this list."""
        return (self.query if query is None else query).url(page=page)

    @property
    def alert_url(self) -> str:
        """The page that requests an alert on new films of this list."""
        correction = self.search.correction
        query = self.query
        if correction:
            query = query.model_copy(update={"q": correction.shown})
        saved_query = format_query(query, self.buyer)
        return f"/alerts/new?{saved_query}" if saved_query else "/alerts/new"

    def groups(self) -> list[FilterGroup]:
        """Return the filters of the list."""
        groups = []
        for facet, values in self.search.facets().items():
            if facet is Facet.PRICE and self.buyer is None:
                continue
            chosen = self.query.values(facet)
            # A value that all films have filters nothing.
            if not chosen and all(value.count == self.total for value in values):
                continue
            first = [value for value in values if value.is_chosen]
            rest = [value for value in values if not value.is_chosen]
            room = max(0, MAX_VALUES_SHOWN - len(first))
            groups.append(
                FilterGroup(
                    facet.value,
                    facet.heading,
                    [self._choice(facet, value) for value in first + rest[:room]],
                    [
                        self._choice(facet, value)
                        for value in rest[room : room + MAX_VALUES_EXPANDED]
                    ],
                    is_open=bool(chosen) or facet in OPEN_FACETS,
                )
            )
        return groups

    def chips(self) -> list[Chip]:
        """Return the active filters."""
        query = self.query
        chips = []
        if query.q:
            left = query.model_copy(update={"q": "", "exact": False})
            chips.append(self._chip(f"“{query.q}”", left, FilmQuery(q=query.q)))
        for facet in Facet:
            chosen = query.values(facet)
            for value in chosen:
                left = query.with_values(facet, [other for other in chosen if other != value])
                label = facet.active_label(self.search.label(facet, value))
                chips.append(self._chip(label, left, FilmQuery().with_values(facet, [value])))
        years = _years(query)
        if years:
            left = query.model_copy(update={"year_from": None, "year_to": None})
            only = FilmQuery(year_from=query.year_from, year_to=query.year_to)
            chips.append(self._chip(years, left, only))
        return chips

    def filter_suggestions(self) -> list[FilterSuggestion]:
        """Return which filter to remove from an empty list, or else which one alone to keep."""
        chips = self.chips()
        suggestions = [self._suggestion(f"Without {chip.label}", chip.without) for chip in chips]
        if not any(suggestion.count for suggestion in suggestions):
            suggestions = [self._suggestion(f"{chip.label} only", chip.only) for chip in chips]
        useful = [option for option in suggestions if option.count and option.url != "/films"]
        return sorted(useful, key=lambda option: -option.count)

    def subjects(self) -> list[FilterChoice]:
        """Return the subjects with the most films, for a new search."""
        values = Search(self._session, FilmQuery()).facets([Facet.SUBJECT])[Facet.SUBJECT]
        return [
            FilterChoice(subject.label, subject.count, f"/subjects/{subject.value}", chosen=False)
            for subject in values[:MAX_SUBJECTS]
        ]

    def sorts(self) -> list[tuple[FilmSort, str, bool]]:
        """Return the sort orders with their addresses, and whether each is active."""
        search = bool(self.query.q)
        available = [
            sort
            for sort in SORTS
            if (sort is not FilmSort.RELEVANCE or search)
            and (sort is not FilmSort.COLLECTION or self.query.only_collection)
        ]
        default = available[0]
        return [
            (
                sort,
                self._sorted_url(None if sort is default else sort),
                sort is self.sort,
            )
            for sort in available
        ]

    def hidden(self, *, without: Sequence[str]) -> list[tuple[str, str]]:
        """Return the parameters that a form needs as hidden fields."""
        return [item for item in self.query.items() if item[0] not in without]

    def numbers(self) -> list[tuple[int | None, str]]:
        """Return the page numbers to show and their addresses; (None, "") is a gap."""
        return [
            (number, self.url(page=number) if number else "")
            for number in page_numbers(self.page, self.pages)
        ]

    def exact_url(self) -> str:
        """Return the address of this search without a spelling correction."""
        return self.url(self.query.model_copy(update={"exact": True}))

    def _sorted_url(self, sort: FilmSort | None) -> str:
        return self.url(self.query.model_copy(update={"sort": sort}))

    def _suggestion(self, label: str, query: FilmQuery) -> FilterSuggestion:
        count = Search(self._session, query.for_buyer(self.buyer)).total
        return FilterSuggestion(label, count, self.url(query))

    def _choice(self, facet: Facet, value: FacetValue) -> FilterChoice:
        chosen = set(self.query.values(facet)) ^ {value.value}
        url = self.url(self.query.with_values(facet, chosen))
        return FilterChoice(value.label, value.count, url, value.is_chosen)

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
