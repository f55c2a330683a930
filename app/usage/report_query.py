"""What a harvester asks of a report: the months, filters, and attributes of its address. Pure."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.usage.exceptions import CounterError, CounterNote
from app.usage.models import CountMetric, first_of_month
from app.usage.report_kinds import (
    ACCESS_METHOD,
    ACCESS_TYPE,
    DATA_TYPE,
    PLATFORM_DATA_TYPE,
    ReportKind,
)

DAY = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")
YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?")
MAX_VALUE_LENGTH = 500
# The years before this one for which reports are kept ready.
YEARS_BEFORE = 2
OF_EVERY_REPORT = frozenset(
    ("customer_id", "requestor_id", "api_key", "platform", "begin_date", "end_date")
)
OF_MASTER_REPORTS = frozenset(("attributes_to_show", "granularity"))
OF_ITEM_REPORT = frozenset(("include_parent_details", "include_component_details"))
# Values of the standard that this store never has: they are valid, and find nothing.
OTHER_METRICS = ("Unique_Title_Investigations", "Unique_Title_Requests")
VALUES: Mapping[str, frozenset[str]] = {
    "metric_type": frozenset((*(metric.value for metric in CountMetric), *OTHER_METRICS)),
    "data_type": frozenset(
        (
            DATA_TYPE,
            PLATFORM_DATA_TYPE,
            *("Article", "Book_Segment", "Conference_Item", "Database_Full_Item", "Dataset"),
            *("Image", "Interactive_Resource", "Multimedia", "News_Item", "Other", "Patent"),
            *("Reference_Item", "Report", "Software", "Sound", "Standard", "Unspecified"),
            "Thesis_or_Dissertation",
        )
    ),
    "access_method": frozenset((ACCESS_METHOD, "TDM")),
    "access_type": frozenset((ACCESS_TYPE, "Free_To_Read", "Open")),
}
HEADER_NAMES = {
    "metric_type": "Metric_Type",
    "data_type": "Data_Type",
    "access_method": "Access_Method",
    "access_type": "Access_Type",
    "yop": "YOP",
    "item_id": "Item_ID",
}


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """The months, filters, and attributes of a report. Months are given by their first days."""

    begin: date
    end: date
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    notes: tuple[CounterNote, ...] = ()

    @property
    def last_day(self) -> date:
        """Return the last day of the period."""
        return self.end.replace(day=monthrange(self.end.year, self.end.month)[1])

    @property
    def months(self) -> list[date]:
        """Return the first days of the months of the period."""
        first = self.begin.year * 12 + self.begin.month - 1
        last = self.end.year * 12 + self.end.month - 1
        return [date(number // 12, number % 12 + 1, 1) for number in range(first, last + 1)]

    def allows(self, name: str, value: str) -> bool:
        """Return whether a filter is absent, or names the value."""
        return name not in self.filters or value in self.filters[name]

    def allows_year(self, year: int) -> bool:
        """Return whether the filter of years of publication is absent, or has this year."""
        spans = (value.split("-") for value in self.filters.get("yop", ()))
        return "yop" not in self.filters or any(
            int(span[0]) <= year <= int(span[-1]) for span in spans
        )


def first_available_month(today: date) -> date:
    """Return the first month of reports: of this year, or of the 24 months before it."""
    return date(today.year - YEARS_BEFORE, 1, 1)


def parse_query(kind: ReportKind, params: Mapping[str, str], *, platform: str) -> ReportQuery:
    """Return what the address asks. What cannot be had is noted and left out.

    Raises:
        CounterError: there is no period, or it ends before it begins.
    """
    begin, end = (_parse_month(params, name) for name in ("begin_date", "end_date"))
    if begin > end:
        raise CounterError(3020, "end_date is before begin_date")
    notes: list[CounterNote] = []
    filters: dict[str, tuple[str, ...]] = {}
    known = OF_EVERY_REPORT | set(kind.filters)
    if not kind.is_view:
        known |= OF_MASTER_REPORTS | (OF_ITEM_REPORT if kind.has_items else set())
    notes += [CounterNote(3050, name[:40]) for name in params if name not in known]
    for name in kind.filters:
        if params.get(name):
            found = _parse_values(kind, name, params[name], notes)
            if found:
                filters[name] = found
    if params.get("platform") and params["platform"] != platform:
        notes.append(CounterNote(3060, "platform"))
    attributes = () if kind.is_view else _parse_attributes(kind, params, notes)
    return ReportQuery(begin, end, filters, attributes, tuple(dict.fromkeys(notes)))


def _parse_month(params: Mapping[str, str], name: str) -> date:
    typed = params.get(name, "")
    if not typed:
        raise CounterError(1030, name)
    match = DAY.fullmatch(typed)
    if match is None:
        raise CounterError(3020, name)
    year, month, day = (int(part or 1) for part in match.groups())
    try:
        return first_of_month(date(year, month, day))
    except ValueError as error:
        raise CounterError(3020, name) from error


def _parse_values(
    kind: ReportKind, name: str, typed: str, notes: list[CounterNote]
) -> tuple[str, ...]:
    typed = typed[:MAX_VALUE_LENGTH]
    if name == "item_id":
        return (typed,)
    found = []
    for value in dict.fromkeys(typed.split("|")):
        is_known = YEARS.fullmatch(value) if name == "yop" else value in VALUES[name]
        if name == "metric_type" and value not in OTHER_METRICS:
            is_known = value in kind.metrics
        if is_known:
            found.append(value)
        else:
            notes.append(CounterNote(3060, f"{name}={value[:40]}"))
    return tuple(found)


def _parse_attributes(
    kind: ReportKind, params: Mapping[str, str], notes: list[CounterNote]
) -> tuple[str, ...]:
    typed = params.get("attributes_to_show", "")[:MAX_VALUE_LENGTH]
    wanted = set(filter(None, typed.split("|")))
    unknown = sorted(wanted - set(kind.attributes))
    notes += [CounterNote(3062, f"attributes_to_show={name[:40]}") for name in unknown]
    if params.get("granularity", "Month") != "Month":
        notes.append(CounterNote(3062, "granularity"))
    if params.get("include_component_details") == "True":
        notes.append(CounterNote(3063))
    return tuple(name for name in kind.attributes if name in wanted)
