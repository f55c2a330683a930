"""What an institution used in a year, and what a use cost: the facts of the page of usage."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.core import clock
from app.core.money import Money
from app.core.spreadsheets import escape_formula
from app.institutions.models import Institution
from app.licenses.models import License
from app.offers.states import Delivery
from app.orders.models import Order, OrderLine
from app.usage.folding import find_last_closed_month
from app.usage.models import CountMetric, UsageCount
from app.usage.report_query import first_available_month
from app.usage.reports import sum_counts

SHOWN = (
    CountMetric.TOTAL_ITEM_REQUESTS,
    CountMetric.TOTAL_ITEM_INVESTIGATIONS,
    CountMetric.NO_LICENSE,
    CountMetric.LIMIT_EXCEEDED,
)
METRIC_LABELS = {
    CountMetric.TOTAL_ITEM_REQUESTS: "Plays and downloads",
    CountMetric.TOTAL_ITEM_INVESTIGATIONS: "Views of film pages",
    CountMetric.NO_LICENSE: "Refused: no license",
    CountMetric.LIMIT_EXCEEDED: "Refused: too many at once",
}
# What is used through the store. Discs are used elsewhere.
COUNTED_DELIVERIES = (Delivery.FILE.value, Delivery.STREAM.value)
MONTHS = 12
CHART_HEIGHT = 100


@dataclass(frozen=True, slots=True)
class FilmUse:
    """The use of a film by month."""

    title: str
    slug: str
    by_month: dict[CountMetric, dict[date, int]]

    def of_month(self, metric: CountMetric, month: date) -> int:
        """Return the count of a month."""
        return self.by_month.get(metric, {}).get(month, 0)

    def total(self, metric: CountMetric) -> int:
        """Return the count of the year."""
        return sum(self.by_month.get(metric, {}).values())


@dataclass(frozen=True, slots=True)
class CostPerUse:
    """What a film's licenses cost, and how often it was used so far."""

    title: str
    slug: str
    cost: Money
    uses: int

    @property
    def each(self) -> Money:
        """Return the cost of one use."""
        return self.cost.prorate(1, self.uses)


@dataclass(frozen=True, slots=True)
class YearOfUse:
    """The use of films in a year, by month and film."""

    year: int
    years: list[int]
    months: list[date]
    """The months of the year whose counts are final."""
    films: list[FilmUse]
    costs: list[CostPerUse]

    def of_month(self, metric: CountMetric, month: date) -> int:
        """Return the count of all films."""
        return sum(film.of_month(metric, month) for film in self.films)

    def total(self, metric: CountMetric) -> int:
        """Return the count of all films and months."""
        return sum(film.total(metric) for film in self.films)

    @property
    def bars(self) -> list[tuple[date, int, int]]:
        """Return each month with its plays and downloads, and the height of its bar."""
        metric = CountMetric.TOTAL_ITEM_REQUESTS
        counts = [(month, self.of_month(metric, month)) for month in self.months]
        highest = max((n for _, n in counts), default=0) or 1
        return [(month, n, -(-n * CHART_HEIGHT // highest)) for month, n in counts]


def read_year(session: Session, institution: Institution, year: int | None) -> YearOfUse:
    """Return the use of a year that reports cover; of the last one with final counts by default."""
    last = find_last_closed_month(session)
    first = first_available_month(clock.now().date())
    years = list(range(clock.now().year, first.year - 1, -1))
    year = year if year in years else last.year
    months = [date(year, month, 1) for month in range(1, MONTHS + 1)]
    months = [month for month in months if month <= last]
    uses: dict[int, dict[CountMetric, dict[date, int]]] = {}
    if months:
        sums = sum_counts(session, institution, SHOWN, months, has_items=True)
        for (film_id, metric), by_month in sums.items():
            uses.setdefault(film_id, {})[metric] = by_month
    names = session.execute(
        select(Film.id, Film.title, Film.slug)
        .where(Film.id.in_(uses))
        .order_by(Film.sort_key, Film.id)
    )
    films = [FilmUse(title, slug, uses[film_id]) for film_id, title, slug in names]
    return YearOfUse(year, years, months, films, list(_read_costs(session, institution)))


def write_csv(use: YearOfUse) -> str:
    """Return the use of a year as CSV, a line for each film and metric."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    months = [f"{month:%Y-%m}" for month in use.months]
    writer.writerow(["film", "title", "metric", "total", *months])
    for film in use.films:
        for metric in SHOWN:
            if film.total(metric):
                counts = [film.of_month(metric, month) for month in use.months]
                title = escape_formula(film.title)
                writer.writerow([film.slug, title, metric.value, film.total(metric), *counts])
    return file.getvalue()


def _read_costs(session: Session, institution: Institution) -> Iterator[CostPerUse]:
    """Yield the cost of a use of each film that was used, over all closed months."""
    rows = session.execute(
        select(License.film_id, Film.title, Film.slug, OrderLine)
        .join(OrderLine, OrderLine.license_id == License.id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Film, Film.id == License.film_id)
        .where(Order.institution_id == institution.id, License.delivery.in_(COUNTED_DELIVERIES))
        .order_by(Film.sort_key, Film.id, OrderLine.id)
    )
    costs: dict[tuple[int, str, str], list[Money]] = {}
    for film_id, title, slug, line in rows:
        cost = Money(line.gross_amount, line.currency) - line.refunded
        costs.setdefault((film_id, title, slug), []).append(cost)
    uses = _count_uses(session, institution) if costs else {}
    for (film_id, title, slug), amounts in costs.items():
        is_one_currency = len({amount.currency for amount in amounts}) == 1
        if film_id in uses and is_one_currency:
            yield CostPerUse(title, slug, _add_up(amounts), uses[film_id])


def _count_uses(session: Session, institution: Institution) -> dict[int, int]:
    """Return the plays and downloads of each film in all months whose counts are final."""
    rows = session.execute(
        select(UsageCount.film_id, func.sum(UsageCount.n))
        .where(
            UsageCount.institution_id == institution.id,
            UsageCount.metric == CountMetric.TOTAL_ITEM_REQUESTS,
            UsageCount.month <= find_last_closed_month(session),
        )
        .group_by(UsageCount.film_id)
    )
    return {film_id: int(n) for film_id, n in rows if film_id is not None}


def _add_up(amounts: Sequence[Money]) -> Money:
    total = Money.zero(amounts[0].currency)
    for amount in amounts:
        total += amount
    return total
