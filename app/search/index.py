"""All public films in memory, as columns: which film has which value, in which order they stand.

A film is known by a number, its slot. An index never changes: when films do, the next index is made
from it, in which a changed film has a new slot and its old one is dead. So whatever an answer is
made of fits together, and a change costs no more than the films it touches.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from threading import Lock
from typing import Generic, TypeVar, cast

from sqlalchemy.orm import Session

from app.catalog import public_revision, search_index
from app.catalog.enums import FilmSort
from app.catalog.public_revision import Revision
from app.search import reading
from app.search.bitmaps import bitmap, bitmap_members, iterate_in_order
from app.search.cards import FilmCard
from app.search.facets import Facet
from app.search.for_sale import OffersForSale
from app.search.reading import CollectionFilms, FilmFacts, Trait
from app.search.text_index import Fields, TextIndex

T = TypeVar("T")


class LazyPart(Generic[T]):
    """A part of an index that is read on first use, or updated from the part of an earlier index.

    One thread reads it while the others wait.
    """

    def __init__(self, before: T | None = None, film_ids: frozenset[int] = frozenset()) -> None:
        self._value: T | None = None
        self._before = before
        self._film_ids = film_ids
        self._reading = Lock()

    def after_change(self, film_ids: Collection[int]) -> "LazyPart[T]":
        """Return the part of the next index, in which these films have changed."""
        with self._reading:
            if self._value is None:
                return LazyPart(self._before, self._film_ids.union(film_ids))
            made = LazyPart(self._value, frozenset(film_ids))
            if not film_ids:
                made._value = self._value
            return made

    def get(
        self,
        read: Callable[[T | None, Collection[int]], T],
        *,
        is_good: Callable[[T], bool],
        may_keep: Callable[[], bool],
    ) -> T:
        """Return it, if need be read of what it was before and of the films that changed since.

        ``may_keep`` says whether what was read is what others would read too.
        """
        with self._reading:
            if self._value is not None and is_good(self._value):
                return self._value
            found = read(self._before, self._film_ids)
            if may_keep():
                self._value, self._before, self._film_ids = found, None, frozenset()
            return found


# Larger sets are picked from a sorted list of all films instead of being sorted themselves.
MAX_SORTED = 1000
Key = tuple[int, str, int]
"""What films are ordered by: a number, then the title, then the id."""


class FilmIndex:
    """The public films at one revision of the catalog."""

    def __init__(self, revision: Revision | None) -> None:
        self.cards: list[FilmCard] = []
        self.live = 0
        self.slots: dict[int, int] = {}
        """The slot of each film that is public, by its id."""
        self.values: dict[Facet, dict[str, int]] = {}
        """For each value of a facet, the slots that have it."""
        self.years: dict[int, int] = {}
        self.labels: dict[tuple[Facet, str], str] = {}
        self.collection_slots: dict[str, tuple[int, ...]] = {}
        """The slots of each collection, in its own order."""
        self._titles: array[int] = array("I")
        self._orders: dict[FilmSort, array[int]] = {}
        self._revision = revision
        self._offers_for_sale: LazyPart[OffersForSale] = LazyPart()
        self._text_index: LazyPart[TextIndex] = LazyPart()
        self._memoized: dict[str, object] = {}
        self._memoize_lock = Lock()

    @classmethod
    def read(cls, session: Session, revision: Revision | None) -> "FilmIndex":
        """Read all of it but the words and the offers, which are read when they are asked for.

        ``revision`` is what the transaction sees; None if it has changed the catalog itself.
        """
        made = cls(revision)
        made._add(reading.read_films(session))
        key = made.key_of(FilmSort.TITLE)
        made._titles = array("I", sorted(range(len(made.cards)), key=key))
        made._add_collections(reading.read_collections(session))
        return made

    def with_changes(
        self, session: Session, revision: Revision, film_ids: Sequence[int]
    ) -> "FilmIndex":
        """Return a new index with these films and all collections read again."""
        made = FilmIndex(revision)
        made.cards = list(self.cards)
        made.slots = dict(self.slots)
        removed = [made.slots.pop(film_id) for film_id in film_ids if film_id in made.slots]
        made.live = self.live & ~bitmap(removed, len(self.cards))
        made.values = {facet: dict(found) for facet, found in self.values.items()}
        made.years = dict(self.years)
        made.labels = dict(self.labels)
        first = len(made.cards)
        if film_ids:
            made._add(reading.read_films(session, film_ids))
        new = range(first, len(made.cards))
        made._titles = made._insert_sorted(self._titles, new, FilmSort.TITLE)
        made._orders = {
            sort: made._insert_sorted(order, new, sort) for sort, order in self._orders.items()
        }
        made._add_collections(reading.read_collections(session))
        # Words and offers are updated on first use, because most lists need neither.
        made._text_index = self._text_index.after_change(film_ids)
        made._offers_for_sale = self._offers_for_sale.after_change(film_ids)
        return made

    def __len__(self) -> int:
        """Return the number of films."""
        return len(self.slots)

    @property
    def dead_count(self) -> int:
        """The number of slots without a film."""
        return len(self.cards) - len(self.slots)

    def offers_for_sale(self, session: Session) -> OffersForSale:
        """Return the offers for sale today, read on first use."""

        def read(before: OffersForSale | None, film_ids: Collection[int]) -> OffersForSale:
            changed = before and before.with_changes(session, self.slots, film_ids)
            return changed or OffersForSale.read(session, self.slots)

        return self._offers_for_sale.get(
            read, is_good=lambda it: it.is_of_today, may_keep=lambda: self._is_seen_by(session)
        )

    def text_index(self, session: Session) -> TextIndex:
        """Return the words of the films, read on first use."""

        def read(before: TextIndex | None, film_ids: Collection[int]) -> TextIndex:
            if before is None:
                return TextIndex().with_films(self._words(session))
            return before.with_films(self._words(session, film_ids))

        return self._text_index.get(
            read, is_good=lambda _: True, may_keep=lambda: self._is_seen_by(session)
        )

    def _words(
        self, session: Session, film_ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Fields]]:
        for film_id, fields in search_index.indexed_words(session, film_ids):
            slot = self.slots.get(film_id)
            if slot is not None:
                yield slot, fields

    def _is_seen_by(self, session: Session) -> bool:
        """Whether the transaction sees the state that this index is of, and not an earlier one."""
        return self._revision is None or public_revision.current(session) == self._revision

    def memoize(self, name: str, make: Callable[[], T]) -> T:
        """Return what ``make`` gives, made when first asked for and kept as long as this lasts."""
        with self._memoize_lock:
            if name not in self._memoized:
                self._memoized[name] = make()
            return cast("T", self._memoized[name])

    def released_between(self, first: int | None, last: int | None) -> int:
        """Return the slots of films released in these years, both inclusive; None: without end."""
        found = 0
        for year, members in self.years.items():
            if (first is None or year >= first) and (last is None or year <= last):
                found |= members
        return found

    def with_title(self, key: str) -> int:
        """Return the slots of the films whose title, folded and without article, is ``key``."""
        found = 0
        place = bisect_right(self._titles, key, key=lambda slot: self.cards[slot].sort_key)
        while place and self.cards[self._titles[place - 1]].sort_key == key:
            place -= 1
            found |= 1 << self._titles[place]
        return found & self.live

    def iterate_sorted(
        self, members: int, sort: FilmSort, *, after: Key | None = None
    ) -> Iterator[int]:
        """Yield these slots in the order of ``sort``, starting after ``after``."""
        yield from sorted_slots(
            members,
            self.key_of(sort),
            after=after,
            everything=lambda: self._order(sort),
            size=len(self.cards),
        )

    def key_of(self, sort: FilmSort) -> Callable[[int], Key]:
        """Return the sort key of a slot in this order."""
        cards = self.cards
        number = SORT_NUMBERS.get(sort)

        def key(slot: int) -> Key:
            card = cards[slot]
            return (number(card) if number else 0, card.sort_key, card.id)

        return key

    def _order(self, sort: FilmSort) -> "array[int]":
        if sort not in SORT_NUMBERS:
            return self._titles
        order = self._orders.get(sort)
        if order is None:
            # By title first: a sort that keeps equals in their order is then quick.
            number = SORT_NUMBERS[sort]
            by_number = sorted(self._titles, key=lambda slot: number(self.cards[slot]))
            order = self._orders[sort] = array("I", by_number)
        return order

    def _insert_sorted(self, order: "array[int]", new: range, sort: FilmSort) -> "array[int]":
        key = self.key_of(sort)
        made = array("I", order)
        for slot in new:
            made.insert(bisect_right(made, key(slot), key=key), slot)
        return made

    def _add(self, films: Iterable[FilmFacts]) -> None:
        first = len(self.cards)
        sharing: dict[Trait, list[int]] = {}
        years: dict[int, list[int]] = {}
        for slot, film in enumerate(films, first):
            self.cards.append(film.card)
            self.slots[film.card.id] = slot
            years.setdefault(film.card.release_year, []).append(slot)
            for trait in film.traits:
                sharing.setdefault(trait, []).append(slot)
        size = len(self.cards)
        members: dict[tuple[Facet, str], list[int]] = {}
        for trait, slots in sharing.items():
            self.labels.update(trait.labels)
            for facet, values in trait.values.items():
                for value in values:
                    members.setdefault((facet, value), []).extend(slots)
        for (facet, value), slots in members.items():
            known = self.values.setdefault(facet, {})
            known[value] = known.get(value, 0) | bitmap(slots, size)
        for year, slots in years.items():
            self.years[year] = self.years.get(year, 0) | bitmap(slots, size)
        self.live |= bitmap(range(first, size), size)

    def _add_collections(self, collections: Sequence[CollectionFilms]) -> None:
        self.values[Facet.COLLECTION] = known = {}
        for collection in collections:
            held = tuple(self.slots[key] for key in collection.film_ids if key in self.slots)
            self.collection_slots[collection.slug] = held
            known[collection.slug] = bitmap(held, len(self.cards))
            self.labels[Facet.COLLECTION, collection.slug] = collection.name


def sorted_slots(
    members: int,
    key: Callable[[int], Key],
    *,
    after: Key | None,
    everything: Callable[[], Sequence[int]],
    size: int,
) -> Iterator[int]:
    """Yield the slots of ``members`` by ``key``, those behind ``after`` only.

    ``everything`` gives all slots in that order, for sets so large that sorting them is slower.
    """
    few = members.bit_count() <= MAX_SORTED
    order = sorted(bitmap_members(members), key=key) if few else everything()
    start = 0 if after is None else bisect_right(order, after, key=key)
    rest = order[start:] if start else order
    yield from rest if few else iterate_in_order(members, rest, size)


SORT_NUMBERS: dict[FilmSort, Callable[[FilmCard], int]] = {
    FilmSort.NEWEST: lambda card: -card.release_year,
    FilmSort.OLDEST: lambda card: card.release_year,
    FilmSort.RECENT: lambda card: -card.published,
    FilmSort.SHORTEST: lambda card: card.runtime_minutes,
    FilmSort.LONGEST: lambda card: -card.runtime_minutes,
}
