"""Lookup lists as pages show them: rows, choices, and the table of offers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from app.catalog.enums import IdentifierKind
from app.catalog.identifiers import read_numbers
from app.core.money import Money
from app.core.spreadsheets import find_errors
from app.lookup.availability import MAX_ROWS, RowAnswer, check_availability
from app.lookup.matching import FilmEntry, MatchCandidate, MatchOutcome, MatchQuery
from app.offers.licensing import Buyer, OfferAnswer
from app.storefront.license_kinds import find_of_kind, is_of_kind, list_kinds
from app.storefront.lookup_files import NAMES, ListRow
from app.web import formats

YEAR = re.compile(r"(?<!\d)(?:18|19|20)\d\d(?!\d)")
ADDRESS = re.compile(r"^.*/films/([a-z0-9-]+).*$")
CHOICE = re.compile(r"choice-(\d{1,5})")
# "None of these", as a form sends it.
NONE = "-"
NUMBERS = (IdentifierKind.UPC, IdentifierKind.ISBN, IdentifierKind.EIDR, IdentifierKind.OCLC)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the page."""

    number: int
    row: ListRow
    answer: RowAnswer
    notes: Sequence[str]
    repeats: Sequence[int] = ()
    """The numbers of later equal rows."""

    @property
    def numbers(self) -> str:
        """The row numbers: ``Row 3`` or ``Rows 3, 7``."""
        rows = ", ".join(map(str, (self.number, *self.repeats)))
        return f"Rows {rows}" if self.repeats else f"Row {rows}"

    @property
    def words(self) -> str:
        """The row as typed, in one line."""
        row = self.row
        parts = [row.title, row.director, row.year]
        parts += [
            f"{kind.label} {value}" for kind in NUMBERS if (value := getattr(row, kind.value))
        ]
        return ", ".join(part for part in (*parts, row.slug) if part)

    @property
    def choices(self) -> Sequence[MatchCandidate]:
        """The films to choose from; the current match comes first."""
        match = (self.answer.match,) if self.answer.match else ()
        return (*match, *self.answer.candidates)


@dataclass(frozen=True, slots=True)
class OfferTable:
    """The matched rows, with a column for each kind of license, and the chosen offers."""

    lines: Sequence[Line]
    kinds: Sequence[tuple[str, str]]
    chosen: frozenset[str]
    total: Money | None
    """The total of the chosen licenses; None if nothing is licensable."""

    def offers(self, line: Line, kind: str) -> list[OfferAnswer]:
        """Return the offers of a cell."""
        return find_of_kind(_offers_of(line), kind)

    def count(self, kind: str) -> int:
        """Return how many different licenses there are of a kind."""
        return len({offer.sku for line in self.lines for offer in self.offers(line, kind)})

    def is_marked(self, kind: str) -> bool:
        """Return whether every license of a kind is chosen."""
        return all(
            offer.sku in self.chosen for line in self.lines for offer in self.offers(line, kind)
        )


def offer_table(lines: Sequence[Line], chosen: Iterable[str], mark: str = "") -> OfferTable:
    """Return the table of these rows; ``mark`` selects all of one kind, or none of them.

    >>> offer_table([], ["some-sku"]).total is None
    True
    """
    offers = {offer.sku: offer for line in lines for offer in _offers_of(line)}
    marked = {sku for sku in chosen if sku in offers}
    of_kind = {sku for sku, offer in offers.items() if mark and is_of_kind(offer, mark)}
    marked = marked - of_kind if of_kind <= marked else marked | of_kind
    prices = [offer.price.total for sku, offer in offers.items() if sku in marked]
    zero = next((Money.zero(offer.price.total.currency) for offer in offers.values()), None)
    return OfferTable(
        lines=lines,
        kinds=list_kinds(offers.values()),
        chosen=frozenset(marked),
        total=sum(prices, zero) if zero is not None else None,
    )


def _offers_of(line: Line) -> Sequence[OfferAnswer]:
    return line.answer.licensing.offers if line.answer.licensing else ()


@dataclass(frozen=True, slots=True)
class LookupResult:
    """A whole list with its answers."""

    lines: Sequence[Line]

    def of(self, outcome: str) -> list[Line]:
        """Return the rows with that outcome in the order of the list, equal rows once."""
        return [line for line in _once(self.lines) if line.answer.outcome == outcome]

    def count(self, outcome: str) -> int:
        """Return how many rows have that outcome."""
        return sum(line.answer.outcome == MatchOutcome(outcome) for line in self.lines)

    @property
    def rows(self) -> list[ListRow]:
        """The rows as typed."""
        return [line.row for line in self.lines]

    @property
    def answers(self) -> list[RowAnswer]:
        """The answer of each row."""
        return [line.answer for line in self.lines]

    @property
    def licensable(self) -> int:
        """How many rows have something to license."""
        return sum(bool(a.licensing and a.licensing.offers) for a in self.answers)


def _once(lines: Sequence[Line]) -> list[Line]:
    """Return each different row once, with the numbers of those that repeat it."""
    equal: dict[ListRow, list[Line]] = {}
    for line in lines:
        equal.setdefault(line.row, []).append(line)
    return [
        replace(line, repeats=[other.number for other in rest]) for line, *rest in equal.values()
    ]


def answer_rows(
    session: Session,
    rows: Sequence[ListRow],
    buyer: Buyer,
    *,
    on: date,
    chosen: Mapping[int, str],
) -> LookupResult:
    """Answer ``rows`` as the API does; invalid numbers are left out with a note.

    A choice for a row also counts for later equal rows, which are not shown.
    """
    first: dict[ListRow, int] = {}
    originals = [first.setdefault(row, index) for index, row in enumerate(rows)]
    chosen = {
        index: chosen[original] for index, original in enumerate(originals) if original in chosen
    }
    queries = [match_query(row) for row in rows]
    answers = check_availability(
        session, [query for query, _ in queries], buyer, on=on, chosen=chosen
    )
    return LookupResult(
        [
            Line(number, row, answer, notes)
            for number, (row, answer, (_, notes)) in enumerate(
                zip(rows, answers, queries, strict=True), 1
            )
        ]
    )


def choices_of(values: Mapping[str, str], *, max_rows: int = MAX_ROWS) -> dict[int, str]:
    """Return the chosen slugs by row from 0; an empty slug means none of them.

    >>> choices_of({"choice-1": "grass", "choice-2": "-", "list": "x"})
    {0: 'grass', 1: ''}
    """
    choices = {}
    for name, value in values.items():
        match = CHOICE.fullmatch(name)
        if match and 1 <= int(match[1]) <= max_rows and value:
            choices[int(match[1]) - 1] = "" if value == NONE else value
    return choices


def match_query(row: ListRow) -> tuple[MatchQuery, list[str]]:
    """Return the query for a row, and notes on what was left out."""
    errors, notes = find_errors({name: str(getattr(row, name)) for name in NAMES})
    row = replace(row, **dict.fromkeys(errors, ""))
    identifiers, more = read_numbers((kind, str(getattr(row, kind.value))) for kind in NUMBERS)
    notes += more
    year = YEAR.search(row.year)
    query = MatchQuery(
        title=row.title,
        director=row.director,
        year=int(year[0]) if year else None,
        slug=ADDRESS.sub(r"\1", row.slug),
        identifiers=identifiers,
    )
    return query, notes


def film_words(film: FilmEntry) -> str:
    """Return the directors and year of a film."""
    years = str(film.years[-1]) if film.years else ""
    return ", ".join(part for part in (formats.join_names(list(film.directors)), years) if part)
