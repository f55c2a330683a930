"""Time zones of licensees, in whose calendar the dates of a license are."""

import logging
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel.core import get_global

from app.accounts.addresses import Address

log = logging.getLogger(__name__)

# The states of the United States and the provinces of Canada, by the zone in which most of their
# people live. A licensee on the other side of a line inside a state is an hour off, at midnight.
_STATES: dict[str, dict[str, str]] = {
    "US": {
        "America/New_York": "CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV",
        "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
        "America/Denver": "CO ID MT NM UT WY",
        "America/Phoenix": "AZ",
        "America/Los_Angeles": "CA NV OR WA",
        "America/Anchorage": "AK",
        "Pacific/Honolulu": "HI",
        "America/Puerto_Rico": "PR VI",
        "Pacific/Guam": "GU MP",
        "Pacific/Pago_Pago": "AS",
    },
    "CA": {
        "America/Toronto": "ON QC NU",
        "America/Vancouver": "BC YT",
        "America/Edmonton": "AB NT",
        "America/Regina": "SK",
        "America/Winnipeg": "MB",
        "America/Halifax": "NS NB PE",
        "America/St_Johns": "NL",
    },
}
_BY_STATE = {
    (country, state): zone
    for country, zones in _STATES.items()
    for zone, states in zones.items()
    for state in states.split()
}
# Countries with several zones, by where most of their people live.
_BY_COUNTRY = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "MX": "America/Mexico_City",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "US": "America/New_York",
}


def time_zone_of(address: Address) -> str:
    """Return the IANA zone of ``address``, as well as its state and country tell; else UTC.

    A zone that this machine has no data of gives UTC too: a paid order gets its license whatever
    the machine lacks, and a process does not start where zones are missing.
    """
    zone = _zone_of(address)
    if _is_known(zone):
        return zone
    log.error("zones.missing", extra={"zone": zone})
    return "UTC"


def latest_time_zone_of(country: str, *, at: datetime) -> str:
    """Return the zone of ``country`` in which a day ends last; UTC if it has none that is known.

    A last day then lasts to its end wherever in the country the reader is.
    """
    zones = [
        zone
        for zone, place in get_global("zone_territories").items()
        if place == country and "/" in zone and not zone.startswith("Etc/") and _is_known(zone)
    ]
    # The zone whose clocks show the least.
    return min(
        zones,
        key=lambda zone: at.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC),
        default="UTC",
    )


def find_missing_zones() -> list[str]:
    """Return the zones that a license may need and this machine has no data of."""
    needed = {*_BY_STATE.values(), *_BY_COUNTRY.values(), *_only_zones().values()}
    return sorted(zone for zone in needed if not _is_known(zone))


def _zone_of(address: Address) -> str:
    by_state = _BY_STATE.get((address.country, address.region.strip().upper()))
    if by_state is not None:
        return by_state
    if address.place in _BY_COUNTRY:
        return _BY_COUNTRY[address.place]
    return _only_zones().get(address.place, "UTC")


def _is_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (LookupError, OSError, ValueError):  # not there, not readable, or not zone data
        return False
    return True


@cache
def _only_zones() -> dict[str, str]:
    """Return the zone of each country that has just one."""
    zones: dict[str, list[str]] = {}
    for zone, country in get_global("zone_territories").items():
        if "/" in zone and not zone.startswith("Etc/"):
            zones.setdefault(country, []).append(zone)
    return {country: names[0] for country, names in zones.items() if len(names) == 1}
