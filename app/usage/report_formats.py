"""COUNTER reports written as JSON, and as tab-separated tables. Pure."""

import csv
import io
from datetime import date
from itertools import groupby
from typing import Any

from app.core.spreadsheets import escape_formula
from app.usage.report_kinds import ACCESS_METHOD, ACCESS_TYPE, RELEASE
from app.usage.report_query import HEADER_NAMES
from app.usage.reports import Item, Report, ReportRow

# With which spreadsheets know the encoding.
BOM = "\ufeff"


def write_json(report: Report) -> dict[str, Any]:
    """Return the report as COUNTER's JSON."""
    if report.kind.has_items:
        items: list[dict[str, Any]] = [
            {"Items": [_json_item(report, item, list(rows))]}
            for item, rows in groupby(report.rows, key=lambda row: row.item)
            if item is not None
        ]
    elif report.rows:
        performance = [
            _json_performance(report, data_type, None, list(rows))
            for data_type, rows in groupby(report.rows, key=lambda row: row.data_type)
        ]
        items = [{"Platform": report.platform, "Attribute_Performance": performance}]
    else:
        items = []
    return {"Report_Header": _json_header(report), "Report_Items": items}


def write_tsv(report: Report) -> str:
    """Return the report as COUNTER's table: thirteen lines of header, a blank one, and the rows."""
    file = io.StringIO()
    writer = csv.writer(file, dialect="excel-tab", lineterminator="\r\n")
    query = report.query
    fixed = dict(report.kind.fixed_filters)
    filters = fixed or {HEADER_NAMES[name]: values for name, values in query.filters.items()}
    metrics = filters.pop("Metric_Type", ())
    ids = [f"{name}:{value}" for name, values in report.institution_ids.items() for value in values]
    ids = [each.removeprefix("Proprietary:") for each in ids]
    attributes = f"Attributes_To_Show={'|'.join(query.attributes)}" if query.attributes else ""
    writer.writerows(
        (
            ("Report_Name", report.kind.name),
            ("Report_ID", report.kind.id),
            ("Release", RELEASE),
            ("Institution_Name", _cell(report.institution_name)),
            ("Institution_ID", "; ".join(ids)),
            ("Metric_Types", "; ".join(metrics)),
            (
                "Report_Filters",
                _cell("; ".join(f"{name}={'|'.join(values)}" for name, values in filters.items())),
            ),
            ("Report_Attributes", attributes),
            ("Exceptions", _cell("; ".join(_note(report)))),
            ("Reporting_Period", f"Begin_Date={query.begin}; End_Date={query.last_day}"),
            ("Created", _moment(report)),
            ("Created_By", _cell(report.platform)),
            ("Registry_Record", report.registry_record),
            (),
        )
    )
    writer.writerow([*_columns(report), *(f"{month:%b-%Y}" for month in query.months)])
    for row in report.rows:
        counts = [
            row.by_month.get(month, 0) if month in report.months else "" for month in query.months
        ]
        writer.writerow([*_cells(report, row), row.metric.value, row.total, *counts])
    return BOM + file.getvalue()


def _json_header(report: Report) -> dict[str, Any]:
    query = report.query
    filters: dict[str, Any] = {
        "Begin_Date": query.begin.isoformat(),
        "End_Date": query.last_day.isoformat(),
    }
    for name, values in query.filters.items():
        filters[HEADER_NAMES[name]] = values[0] if name == "item_id" else list(values)
    filters |= {name: list(values) for name, values in report.kind.fixed_filters}
    header: dict[str, Any] = {
        "Report_Name": report.kind.name,
        "Report_ID": report.kind.id,
        "Release": RELEASE,
        "Institution_Name": report.institution_name,
        "Institution_ID": report.institution_ids,
        "Report_Filters": filters,
    }
    if query.attributes:
        header["Report_Attributes"] = {"Attributes_To_Show": list(query.attributes)}
    if report.notes:
        header["Exceptions"] = [note.to_json() for note in report.notes]
    return header | {
        "Created": _moment(report),
        "Created_By": report.platform,
        "Registry_Record": report.registry_record,
    }


def _json_item(report: Report, item: Item, rows: list[ReportRow]) -> dict[str, Any]:
    return {
        "Item": item.title,
        "Publisher": report.platform,
        "Platform": report.platform,
        "Item_ID": {"Proprietary": item.proprietary_id, "URI": item.uri},
        "Attribute_Performance": [_json_performance(report, rows[0].data_type, item, rows)],
    }


def _json_performance(
    report: Report, data_type: str, item: Item | None, rows: list[ReportRow]
) -> dict[str, Any]:
    shown = dict(zip(report.query.attributes, _attribute_values(report, item), strict=True))
    return {
        "Data_Type": data_type,
        **shown,
        "Performance": {
            row.metric.value: {_month(month): n for month, n in row.by_month.items()}
            for row in rows
        },
    }


def _columns(report: Report) -> list[str]:
    kind = report.kind
    if not kind.has_items:
        names = ["Platform"]
    elif kind.is_view:
        names = ["Item", "Publisher", "Publisher_ID", "Platform", "DOI", "Proprietary_ID", "URI"]
    else:
        names = ["Item", "Publisher", "Publisher_ID", "Platform", "DOI", "Proprietary_ID"]
        names += ["ISBN", "Print_ISSN", "Online_ISSN", "URI"]
    return [
        *names, "Data_Type", *report.query.attributes, "Metric_Type", "Reporting_Period_Total",
    ]  # fmt: skip


def _cells(report: Report, row: ReportRow) -> list[str]:
    platform, item = _cell(report.platform), row.item
    if item is None:
        cells = [platform]
    else:
        serials = [] if report.kind.is_view else ["", "", ""]
        cells = [_cell(item.title), platform, "", platform, "", item.proprietary_id]
        cells += [*serials, item.uri]
    return [*cells, row.data_type, *_attribute_values(report, item)]


def _attribute_values(report: Report, item: Item | None) -> list[str]:
    values = {
        "YOP": f"{item.year:04}" if item else "",
        "Access_Type": ACCESS_TYPE,
        "Access_Method": ACCESS_METHOD,
    }
    return [values[name] for name in report.query.attributes]


def _note(report: Report) -> list[str]:
    return [
        f"{note.code}: {note.message}" + (f" ({note.data})" if note.data else "")
        for note in report.notes
    ]


def _cell(text: str) -> str:
    return escape_formula(" ".join(text.split()))


def _moment(report: Report) -> str:
    return report.created_at.isoformat().replace("+00:00", "Z")


def _month(month: date) -> str:
    return f"{month:%Y-%m}"
