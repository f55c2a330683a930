"""Moments of an order as days where the institution is: UTC may be a day ahead, or behind."""

from datetime import datetime
from zoneinfo import ZoneInfo

from app.accounts.addresses import Address
from app.licenses.zones import time_zone_of
from app.offers.windows import day
from app.orders.models import Order


def local_day(order: Order, moment: datetime) -> str:
    """Return the day of ``moment`` where the institution is, in words: ``November 30, 2026``."""
    zone = ZoneInfo(time_zone_of(Address.model_validate(order.billing)))
    return day(moment.astimezone(zone).date())
