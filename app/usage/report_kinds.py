"""The four COUNTER reports of a site that hosts films: what each is called and shows. Pure."""

from dataclasses import dataclass

from app.usage.models import CountMetric

RELEASE = "5.1"
DATA_TYPE, PLATFORM_DATA_TYPE = "Audiovisual", "Platform"
ACCESS_METHOD, ACCESS_TYPE = "Regular", "Controlled"
ITEM_METRICS = (
    CountMetric.TOTAL_ITEM_INVESTIGATIONS,
    CountMetric.TOTAL_ITEM_REQUESTS,
    CountMetric.UNIQUE_ITEM_INVESTIGATIONS,
    CountMetric.UNIQUE_ITEM_REQUESTS,
)
REQUEST_METRICS = (CountMetric.TOTAL_ITEM_REQUESTS, CountMetric.UNIQUE_ITEM_REQUESTS)


@dataclass(frozen=True, slots=True)
class ReportKind:
    """A report, or a standard view of one, whose filters are fixed."""

    id: str
    name: str
    description: str
    metrics: tuple[CountMetric, ...]
    has_items: bool
    fixed_filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    attributes: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()

    @property
    def is_view(self) -> bool:
        """Return whether its filters are fixed."""
        return bool(self.fixed_filters)


REPORT_KINDS = {
    kind.id.lower(): kind
    for kind in (
        ReportKind(
            "PR",
            "Platform Report",
            "Use of all films together, by metric and month.",
            (CountMetric.SEARCHES_PLATFORM, *ITEM_METRICS),
            has_items=False,
            attributes=("Access_Method",),
            filters=("metric_type", "data_type", "access_method"),
        ),
        ReportKind(
            "PR_P1",
            "Platform Usage",
            "Searches, and plays and downloads of all films together.",
            (CountMetric.SEARCHES_PLATFORM, *REQUEST_METRICS),
            has_items=False,
            fixed_filters=(
                ("Access_Method", (ACCESS_METHOD,)),
                (
                    "Metric_Type",
                    (
                        "Searches_Platform",
                        "Total_Item_Requests",
                        "Unique_Item_Requests",
                        "Unique_Title_Requests",
                    ),
                ),
            ),
        ),
        ReportKind(
            "IR",
            "Item Report",
            "Use of each film, by metric and month, with refusals.",
            (*ITEM_METRICS, CountMetric.LIMIT_EXCEEDED, CountMetric.NO_LICENSE),
            has_items=True,
            attributes=("YOP", "Access_Type", "Access_Method"),
            filters=("metric_type", "data_type", "access_method", "access_type", "yop", "item_id"),
        ),
        ReportKind(
            "IR_M1",
            "Multimedia Item Requests",
            "Plays and downloads of each film.",
            REQUEST_METRICS,
            has_items=True,
            fixed_filters=(
                ("Access_Method", (ACCESS_METHOD,)),
                (
                    "Data_Type",
                    ("Audiovisual", "Image", "Interactive_Resource", "Multimedia", "Sound"),
                ),
                ("Metric_Type", tuple(metric.value for metric in REQUEST_METRICS)),
            ),
        ),
    )
}
