"""A person's licenses as JSON, as a CSV file, and as a calendar of their last days."""

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Self

from icalendar import Calendar, Event
from pydantic import BaseModel, Field

from app.core.config import Settings
from app.core.spreadsheets import escape_formula
from app.licenses.certificates import verification_url
from app.licenses.models import License
from app.licenses.schemas import RightsSentenceOut
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_statement, status_today
from app.offers.bundles import RightsBundle
from app.offers.states import DELIVERY_LABELS, Delivery
from app.offers.window_rules import format_day

CALENDAR_TYPE = "text/calendar; charset=utf-8"
# How often programs read the calendar again (RFC 7986, 5.7).
REFRESH_EVERY = timedelta(hours=12)


class MemberLicenseOut(BaseModel):
    """A license of the signed-in person's institution, with its documents."""

    number: str = Field(examples=["RL-7K3QF9TD"])
    status: LicenseStatus = Field(description="Status today, in the licensee's time zone")
    statement: str = Field(description="The status as a sentence")
    film_title: str
    film_slug: str
    offer: str
    delivery: str
    versions: list[str]
    quantity: int
    licensee: str
    sites: list[str]
    territory: list[str]
    rights: RightsBundle
    rights_text: list[RightsSentenceOut]
    term: str = Field(examples=["3 years"])
    starts_on: date
    ends_on: date | None = Field(description="Last day of the term; null when there is no end date")
    time_zone: str
    granted_on: date
    text_code: str
    text_version: str
    order_number: str
    po_number: str | None
    certificate_url: str
    certificate_json_url: str
    verification_url: str
    marc_url: str | None = Field(description="MARC 21 records of the order; null if not active")

    @classmethod
    def of(cls, row: License, settings: Settings) -> Self:
        """Return the license in its API shape."""
        status = status_today(row)
        return cls(
            number=row.number,
            status=status,
            statement=status_statement(row, status),
            film_title=row.film_title,
            film_slug=row.film_slug,
            offer=row.offer_title,
            delivery=row.delivery,
            versions=list(row.version_labels),
            quantity=row.quantity,
            licensee=row.licensee,
            sites=list(row.sites),
            territory=list(row.territory),
            rights=RightsBundle.model_validate(row.rights),
            rights_text=[RightsSentenceOut.model_validate(each) for each in row.rights_text],
            term=row.term_words,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            time_zone=row.time_zone,
            granted_on=row.granted_on,
            text_code=row.text_code,
            text_version=row.text_version,
            order_number=row.order_number,
            po_number=row.po_number,
            certificate_url=_certificate_url(row, settings, "pdf"),
            certificate_json_url=_certificate_url(row, settings, "json"),
            verification_url=verification_url(row, settings),
            marc_url=settings.url(f"/me/orders/{row.order_number}/records.mrc")
            if status is LicenseStatus.ACTIVE
            else None,
        )


def write_csv(licenses: Iterable[License], settings: Settings) -> str:
    """Return the licenses as CSV, one a line; cells that look like formulas are escaped."""
    file = io.StringIO()
    names = [name for name in MemberLicenseOut.model_fields if name not in {"rights", "marc_url"}]
    writer = csv.DictWriter(file, names, lineterminator="\r\n")
    writer.writeheader()
    for license_ in licenses:
        row = MemberLicenseOut.of(license_, settings)
        cells = row.model_dump(mode="json", include=set(names))
        cells["rights_text"] = "; ".join(f"{s.question} {s.short}" for s in row.rights_text)
        writer.writerow({name: _cell(value) for name, value in cells.items()})
    return file.getvalue()


def write_calendar(licenses: Iterable[License], settings: Settings, *, name: str) -> bytes:
    """Return a calendar with an all-day event on the last day of each license that has one.

    The same license is the same event whenever the calendar is read. It holds no secret link,
    because people share calendars.
    """
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.store_id}//Reelright//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH_EVERY, {"VALUE": "DURATION"})
    for license_ in licenses:
        if license_.ends_on is not None:
            calendar.add_component(_event(license_, license_.ends_on, settings))
    written: bytes = calendar.to_ical()
    return written


def _event(license_: License, ends_on: date, settings: Settings) -> Event:
    status = status_today(license_)
    film = f"{license_.film_title} ({DELIVERY_LABELS[Delivery(license_.delivery)]})"
    lines = [
        status_statement(license_, status),
        f"License {license_.number}: {license_.offer_title}",
        f"Term: {license_.term_words}, from {format_day(license_.starts_on)}",
        f"Licensee: {license_.licensee}",
        f"Order: {license_.order_number}",
    ]
    if license_.po_number:
        lines.append(f"Purchase order: {license_.po_number}")
    event = Event()
    event.add("uid", f"{license_.number}@{settings.store_id}")
    event.add("dtstamp", license_.updated_at)
    event.add("last-modified", license_.updated_at)
    event.add("dtstart", ends_on)
    event.add("dtend", ends_on + timedelta(days=1))
    event.add("summary", f"License ends: {film}")
    event.add("description", "\n".join(lines))
    event.add("url", verification_url(license_, settings))
    event.add("transp", "TRANSPARENT")
    event.add("status", "CANCELLED" if status is LicenseStatus.REVOKED else "CONFIRMED")
    return event


def _cell(value: object) -> str:
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return "" if value is None else escape_formula(str(value))


def _certificate_url(license_: License, settings: Settings, kind: str) -> str:
    path = f"/licenses/{license_.number}/certificate.{kind}?token={license_.access_token}"
    return settings.url(path)
