"""A question to the index, answered: which films, in which order, and what else they are."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice

from sqlalchemy.orm import Session

from app.catalog import aliases, countries_languages, search_index
from app.catalog.enums import Color, FilmSort, NamedKind
from app.catalog.search_words import SearchTerm as Word
from app.catalog.search_words import terms
from app.catalog.titles import sort_key, sort_title
from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
from app.core.pagination import PageParams, id_of
from app.offers.states import DELIVERY_LABELS, Delivery
from app.offers.terms import KIND_LABELS, Term, TermKind
from app.search.cards import FilmCard
from app.search.facets import FILM_FACETS, LICENSE_FACETS, Access, Facet, LengthBand, Ppr, PriceBand
from app.search.for_sale import OfferView
from app.search.index import FilmIndex, Key, sorted_slots
from app.search.index_cache import get_film_index, get_synonyms
from app.search.query import FilmQuery
from app.search.spelling import Correction, find_corrections, find_word
from app.search.text_index import TextIndex

# More than any sum of words can reach: the film whose title was typed in full comes first.
WHOLE_TITLE = 10_000
# Facets whose values have an order of their own; of the others the common values come first.
ORDERED_VALUES: dict[Facet, Sequence[str]] = {
    Facet.LENGTH: list(LengthBand),
    Facet.ACCESS: list(Access),
    Facet.PRICE: list(PriceBand),
}
MAX_TERM_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One choice of a facet, and how many films the list would have with it alone."""

    value: str
    label: str
    count: int
    is_chosen: bool


class Search:
    """The answer to one query, made as far as it is asked for."""

    def __init__(self, session: Session, query: FilmQuery) -> None:
        self.index: FilmIndex = get_film_index(session)
        self.query = query = _with_current_slugs(session, self.index, query)
        self._session = session
        self.correction: Correction | None = None
        """What was looked for instead of what was typed; None: just that."""
        self._scores: Mapping[int, int] | None = None
        self._filters = {
            facet: self._members(facet, query.values(facet))
            for facet in FILM_FACETS
            if query.values(facet)
        }
        if query.q:
            self._scores = self._find_matches(query)

    @cached_property
    def films(self) -> int:
        """The slots of the films that were found."""
        return self._filter_films() & self._filter_licenses()

    @property
    def total(self) -> int:
        """How many films there are."""
        return self.films.bit_count()

    @property
    def sort(self) -> FilmSort:
        """The order that the films are in."""
        asked = self.query.sort
        if asked is FilmSort.RELEVANCE and self._scores is None:
            asked = None
        if asked is FilmSort.COLLECTION and self.query.only_collection is None:
            asked = None
        if asked is None:
            return FilmSort.TITLE if self._scores is None else FilmSort.RELEVANCE
        return asked

    @cached_property
    def view(self) -> OfferView:
        """What is on sale to the one who asks."""
        return self.index.offers_for_sale(self._session).view(self.query.buyer)

    def price(self, card: FilmCard) -> Money | None:
        """Return the lowest price of any license of the film; None if none is sold."""
        return self.view.prices.get(self.index.slots[card.id])

    def page(self, number: int, per_page: int) -> list[FilmCard]:
        """Return the films of a numbered page."""
        first = (number - 1) * per_page
        slots = islice(self._iterate_sorted(None), first, first + per_page)
        return [self.index.cards[slot] for slot in slots]

    def page_after(self, page: PageParams) -> tuple[list[FilmCard], str | None]:
        """Return the films behind the page's cursor, and the cursor of the next page.

        Pages follow the sort keys of the last film seen, so that a film that comes between changes
        nothing of what was seen.

        Raises:
            InvalidInputError: the cursor is of another list.
        """
        slots = list(islice(self._iterate_sorted(self._parse_cursor(page)), page.limit + 1))
        shown, cursor = page.cut(slots, self._cursor_keys)
        return [self.index.cards[slot] for slot in shown], cursor

    def facets(self, of: Collection[Facet] = tuple(Facet)) -> dict[Facet, list[FacetValue]]:
        """Count, for each value of each facet, the films that all other filters leave.

        The facet's own choice does not count, so that the other values stay open.
        """
        return {facet: self._count_facet(facet) for facet in Facet if facet in of}

    def total_without(self, facet: Facet) -> int:
        """Return how many films there would be if nothing were chosen of the facet."""
        if facet in LICENSE_FACETS:
            return (self._filter_films() & self._filter_licenses(facet)).bit_count()
        return (self._filter_films(facet) & self._filter_licenses()).bit_count()

    def _find_written_word(self, text: TextIndex, stemmed: str) -> str | None:
        """Return a word with this stem as it stands in a film, in a title if it does in any."""
        known = self.index.memoize("written", dict[str, str | None])
        if stemmed not in known:
            live = self.index.live
            titled = text.find_in_titles([Word((stemmed,), is_prefix=False)], live)
            any_film = titled or text.films_with(stemmed) & live
            film = self.index.cards[(any_film & -any_film).bit_length() - 1] if any_film else None
            word = find_word(stemmed, (film.title, film.original_title)) if film else None
            if film is not None and word is None:
                word = find_word(stemmed, search_index.texts_of_film(self._session, film.id))
            known[stemmed] = word
        return known[stemmed]

    def _find_matches(self, query: FilmQuery) -> dict[int, int]:
        if not terms(query.q):
            return {}
        text, live = self.index.text_index(self._session), self.index.live
        asked = (
            [query.q] if query.exact else get_synonyms(self.index, self._session).readings(query.q)
        )
        classes = _merge_scores([text.rank(terms(each), live) for each in asked])
        if not classes and not query.exact:
            # What the filters leave: a correction is told only if its list has films.
            listed = self._filter_films() & self._filter_licenses()
            for correction in find_corrections(
                text, query.q, partial(self._find_written_word, text)
            ):
                corrected = text.rank(terms(correction.shown), live)
                if any(members & listed for members in corrected.values()):
                    self.correction, classes = correction, corrected
                    break
        typed = self.correction.shown if self.correction else query.q
        titled = self.index.with_title(sort_key(sort_title(typed)))
        found: dict[int, int] = {}
        for score, members in classes.items():
            for worth, part in (
                (score + WHOLE_TITLE, members & titled),
                (score, members & ~titled),
            ):
                if part:
                    found[worth] = found.get(worth, 0) | part
        return found

    def _members(self, facet: Facet, values: Collection[str]) -> int:
        known = self.index.values.get(facet, {})
        found = 0
        for value in values:
            found |= known.get(value, 0)
        return found

    def _filter_films(self, facet: Facet | None = None) -> int:
        """Return the films that pass every filter of films but this facet's."""
        query = self.query
        found = self.index.live
        if self._scores is not None:
            matched = 0
            for members in self._scores.values():
                matched |= members
            found &= matched
        if query.year_from is not None or query.year_to is not None:
            found &= self.index.released_between(query.year_from, query.year_to)
        for other, members in self._filters.items():
            if other is not facet:
                found &= members
        return found

    def _filter_licenses(self, without: Facet | None = None, value: str | None = None) -> int:
        """Return the films with one license that has all that is chosen.

        ``without`` leaves a facet's own choice away; ``value`` asks for that value of it instead.
        """
        chosen = {
            facet: self.query.values(facet)
            for facet in LICENSE_FACETS
            if facet is not without and self.query.values(facet)
        }
        if without is not None and value is not None:
            chosen[without] = (value,)
        if not chosen:
            return self.index.live
        found = 0
        for sold, members in self.view.films.items():
            if all(sold.value(facet) in values for facet, values in chosen.items()):
                found |= members
        return found

    def _count_facet(self, facet: Facet) -> list[FacetValue]:
        chosen = self.query.values(facet)
        if facet in LICENSE_FACETS:
            rest = self._filter_films()
            counts = {
                value: (rest & self._filter_licenses(facet, value)).bit_count()
                for value in {sold.value(facet) for sold in self.view.films} - {""}
            }
        else:
            rest = self._filter_films(facet) & self._filter_licenses()
            counts = {
                value: (rest & members).bit_count()
                for value, members in self.index.values.get(facet, {}).items()
            }
        found = [
            FacetValue(value, self.label(facet, value), counts.get(value, 0), value in chosen)
            for value in {*counts, *chosen}
            if counts.get(value) or value in chosen
        ]
        return sorted(found, key=lambda each: _facet_sort_key(facet, each))

    def label(self, facet: Facet, value: str) -> str:
        """Return what a value of a facet is called."""
        return label(self.index, facet, value)

    def _iterate_sorted(self, after: tuple[int, Key] | None) -> Iterator[int]:
        index, sort, films = self.index, self.sort, self.films
        if sort is FilmSort.RELEVANCE:
            for score in sorted(self._scores or {}, reverse=True):
                members = (self._scores or {})[score] & films
                if after is None or score < after[0]:
                    yield from index.iterate_sorted(members, FilmSort.TITLE)
                elif score == after[0]:
                    yield from index.iterate_sorted(members, FilmSort.TITLE, after=after[1])
            return
        key = after[1] if after else None
        own = self._own_numbers(sort)
        if own is None:
            yield from index.iterate_sorted(films, sort, after=key)
            return
        by = self._key_of(sort)
        size = len(index.cards)
        yield from sorted_slots(
            films, by, after=key, everything=lambda: sorted(range(size), key=by), size=size
        )

    def _own_numbers(self, sort: FilmSort) -> Mapping[int, int] | None:
        """Return by slot what only this list is ordered by: its prices, or places in a collection.

        A film without one comes last.
        """
        if sort is FilmSort.PRICE:
            return {slot: money.amount for slot, money in self.view.prices.items()}
        if sort is FilmSort.COLLECTION:
            collection = self.index.collection_slots.get(self.query.only_collection or "", ())
            return {slot: place for place, slot in enumerate(collection)}
        return None

    def _key_of(self, sort: FilmSort) -> Callable[[int], Key]:
        own = self._own_numbers(sort)
        if own is None:
            return self.index.key_of(FilmSort.TITLE if sort is FilmSort.RELEVANCE else sort)
        cards = self.index.cards
        return lambda slot: (own.get(slot, 2**62), cards[slot].sort_key, cards[slot].id)

    def _cursor_keys(self, slot: int) -> Sequence[str | int]:
        number, title, film_id = self._key_of(self.sort)(slot)
        if self.sort is FilmSort.TITLE:
            return title, film_id
        if self.sort is FilmSort.RELEVANCE:
            classes = self._scores or {}
            number = next(score for score, members in classes.items() if members >> slot & 1)
        return self.sort.value, number, title, film_id

    def _parse_cursor(self, page: PageParams) -> tuple[int, Key] | None:
        by_title = self.sort is FilmSort.TITLE
        keys = page.keys(2 if by_title else 4)
        if keys is None:
            return None
        sort, number, title, film_id = [FilmSort.TITLE.value, 0, *keys] if by_title else keys
        if sort != self.sort.value or type(number) is not int or type(title) is not str:
            problem = FieldProblem(
                "?/cursor",
                ("This cursor belongs to a list with other filters. Start again without it."),
            )
            raise InvalidInputError.of(problem)
        score = number if self.sort is FilmSort.RELEVANCE else 0
        return score, (0 if score else number, title, id_of(film_id))


def _merge_scores(found: Sequence[Mapping[int, int]]) -> dict[int, int]:
    """Return films by the best score that they have in any of these answers."""
    if len(found) == 1:
        return dict(found[0])
    best: dict[int, int] = {}
    seen = 0
    for score in sorted({score for each in found for score in each}, reverse=True):
        members = 0
        for each in found:
            members |= each.get(score, 0)
        if members & ~seen:
            best[score] = members & ~seen
            seen |= members
    return best


def _with_current_slugs(session: Session, index: FilmIndex, query: FilmQuery) -> FilmQuery:
    """Return ``query`` with a subject's own slug for a former one, as in old links and alerts."""
    asked = query.values(Facet.SUBJECT)
    unknown = [slug for slug in asked if slug not in index.values.get(Facet.SUBJECT, {})]
    today = aliases.resolve_slugs(session, NamedKind.SUBJECT, unknown)
    if not today:
        return query
    return query.with_values(Facet.SUBJECT, {today.get(slug, slug) for slug in asked})


def label(index: FilmIndex, facet: Facet, value: str) -> str:
    """Return what a value of a facet is called; an unknown slug is read as words."""
    known = LABELS.get(facet)
    if known is not None:
        return known(value)
    return index.labels.get((facet, value)) or value.replace("-", " ").capitalize()


def _term_label(value: str) -> str:
    months, _, rest = value.partition("-")
    if rest:
        words = Term(kind=TermKind.MONTHS, months=int(months)).label()
    else:
        words = KIND_LABELS[TermKind(value)]
    return words[:1].upper() + words[1:]


def _facet_sort_key(facet: Facet, value: FacetValue) -> tuple[int, str]:
    if facet in ORDERED_VALUES:
        return list(ORDERED_VALUES[facet]).index(value.value), ""
    if facet is Facet.DECADE:
        return -int(value.value), ""
    if facet is Facet.TERM:
        months, _, rest = value.value.partition("-")
        return (int(months) if rest else MAX_TERM_LENGTH), value.label
    return -value.count, value.label.casefold()


LABELS: dict[Facet, Callable[[str], str]] = {
    Facet.COUNTRY: countries_languages.country_name,
    Facet.LANGUAGE: countries_languages.language_name,
    Facet.SUBTITLES: countries_languages.language_name,
    Facet.CAPTIONS: countries_languages.language_name,
    Facet.DECADE: "{}s".format,
    Facet.LENGTH: lambda value: LengthBand(value).label,
    Facet.COLOR: lambda value: Color(value).label,
    Facet.ACCESS: lambda value: Access(value).label,
    Facet.PPR: lambda value: Ppr(value).label,
    Facet.DELIVERY: lambda value: DELIVERY_LABELS[Delivery(value)],
    Facet.TERM: _term_label,
    Facet.PRICE: lambda value: PriceBand(value).label,
}
