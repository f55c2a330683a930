"""COUNTER reports of an institution, from monthly counts. They never read events."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.institutions.models import IdentifierScheme, Institution
from app.usage.exceptions import CounterNote
from app.usage.folding import find_last_closed_month
from app.usage.models import CountMetric, UsageCount
from app.usage.report_kinds import (
    ACCESS_METHOD,
    ACCESS_TYPE,
    DATA_TYPE,
    PLATFORM_DATA_TYPE,
    ReportKind,
)
from app.usage.report_query import ReportQuery, first_available_month

NAMESPACE = "reelright"
ROR = re.compile(r"0[a-z0-9]{6}[0-9]{2}$")


@dataclass(frozen=True, slots=True)
class Item:
    """A film, as reports name it."""

    title: str
    year: int
    proprietary_id: str
    uri: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One metric of one film, or of the platform, by month. No month has zero."""

    item: Item | None
    metric: CountMetric
    by_month: dict[date, int]

    @property
    def data_type(self) -> str:
        """Return what kind of content it counts."""
        is_search = self.metric is CountMetric.SEARCHES_PLATFORM
        return PLATFORM_DATA_TYPE if is_search else DATA_TYPE

    @property
    def total(self) -> int:
        """Return the sum of the months."""
        return sum(self.by_month.values())


@dataclass(frozen=True, slots=True)
class Report:
    """A report, before it is written as JSON or as a table."""

    kind: ReportKind
    query: ReportQuery
    institution_name: str
    institution_ids: dict[str, list[str]]
    platform: str
    registry_record: str
    created_at: datetime
    notes: tuple[CounterNote, ...]
    months: tuple[date, ...]
    """The months of the period whose counts are final."""
    rows: tuple[ReportRow, ...]


def build_report(
    session: Session,
    settings: Settings,
    institution: Institution,
    kind: ReportKind,
    query: ReportQuery,
) -> Report:
    """Return the report. Months that are not closed, or too long ago, are left out and noted."""
    first = first_available_month(clock.now().date())
    last = find_last_closed_month(session)
    months = tuple(month for month in query.months if first <= month <= last)
    notes = list(query.notes)
    if query.end > last:
        notes.append(CounterNote(3031))
    if query.begin < first:
        notes.append(CounterNote(3032))
    rows = tuple(_read_rows(session, settings, institution, kind, query, months)) if months else ()
    if not rows and months:
        notes.append(CounterNote(3030))
    return Report(
        kind,
        query,
        institution.name,
        identify(institution),
        settings.seller_name,
        settings.counter_registry_record,
        clock.now().replace(microsecond=0),
        tuple(notes),
        months,
        rows,
    )


def identify(institution: Institution) -> dict[str, list[str]]:
    """Return the numbers and codes of an institution that COUNTER knows, and the store's own."""
    found: dict[str, list[str]] = {"Proprietary": [f"{NAMESPACE}:{institution.ref}"]}
    for row in institution.identifiers:
        ror = ROR.search(row.value) if row.scheme is IdentifierScheme.ROR else None
        if ror:
            found["ROR"] = [ror[0]]
        if row.scheme is IdentifierScheme.ISIL:
            found["ISIL"] = [row.value]
    return found


def _read_rows(  # noqa: PLR0917 - each is a part of the report
    session: Session,
    settings: Settings,
    institution: Institution,
    kind: ReportKind,
    query: ReportQuery,
    months: tuple[date, ...],
) -> Iterator[ReportRow]:
    metrics = [metric for metric in kind.metrics if query.allows("metric_type", metric.value)]
    if not query.allows("access_method", ACCESS_METHOD):
        return
    if not query.allows("access_type", ACCESS_TYPE):
        return
    items = _read_items(session, settings, institution, query) if kind.has_items else {}
    rows = sum_counts(session, institution, metrics, months, has_items=kind.has_items)
    order = {film_id: place for place, film_id in enumerate(items)}
    places = {metric: place for place, metric in enumerate(kind.metrics)}
    kept = [key for key in rows if not kind.has_items or key[0] in items]
    for key in sorted(kept, key=lambda key: (order.get(key[0], 0), places[key[1]])):
        row = ReportRow(items.get(key[0]), key[1], rows[key])
        if query.allows("data_type", row.data_type):
            yield row


def sum_counts(
    session: Session,
    institution: Institution,
    metrics: Sequence[CountMetric],
    months: Sequence[date],
    *,
    has_items: bool,
) -> dict[tuple[int, CountMetric], dict[date, int]]:
    """Return the counts by film, or 0 for all together, and metric, by month in order."""
    # As text, which is read once for each month and metric instead of once for each row.
    columns = (
        UsageCount.film_id,
        type_coerce(UsageCount.metric, String),
        type_coerce(UsageCount.month, String),
        UsageCount.n,
    )
    found = session.execute(
        select(*columns).where(
            UsageCount.institution_id == institution.id,
            UsageCount.month.between(months[0], months[-1]),
            UsageCount.metric.in_(metrics),
        )
    )
    sums: dict[tuple[int, str], dict[str, int]] = {}
    for film_id, metric, month, n in found.all():
        by_month = sums.setdefault((film_id or 0 if has_items else 0, metric), {})
        by_month[month] = by_month.get(month, 0) + n
    # PostgreSQL's driver gives days as such.
    days = {key: month for month in months for key in (month, month.isoformat())}
    return {
        (film_id, CountMetric(metric)): {days[month]: by_month[month] for month in sorted(by_month)}
        for (film_id, metric), by_month in sums.items()
    }


def _read_items(
    session: Session, settings: Settings, institution: Institution, query: ReportQuery
) -> dict[int, Item]:
    """Return the films that the institution used and that the filters allow, by title."""
    used = select(UsageCount.film_id).where(UsageCount.institution_id == institution.id)
    films = session.execute(
        select(Film.id, Film.title, Film.release_year, Film.slug)
        .where(Film.id.in_(used))
        .order_by(Film.sort_key, Film.id)
    )
    return {
        film_id: item
        for film_id, title, year, slug in films
        if query.allows_year(year)
        and query.allows(
            "item_id",
            (
                item := Item(title, year, f"{NAMESPACE}:{slug}", settings.url(f"/films/{slug}"))
            ).proprietary_id,
        )
    }
