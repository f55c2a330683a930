"""Moments of an order as days where the institution is: UTC may be a day ahead, or behind."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.accounts.addresses import Address
from app.licenses.time_zones import time_zone_of
from app.offers.window_rules import format_day
from app.orders.models import Order


def local_date(order: Order, moment: datetime) -> date:
    """Return the day of ``moment`` where the institution is."""
    zone = ZoneInfo(time_zone_of(Address.model_validate(order.billing)))
    return moment.astimezone(zone).date()


def local_day(order: Order, moment: datetime) -> str:
    """Return the day of ``moment`` where the institution is, in words: ``November 30, 2026``."""
    return format_day(local_date(order, moment))
