"""Shipping prices, and what one payment by card or bank debit may come to."""

from app.accounts.regions import home_country
from app.core.config import Settings
from app.core.money import Money

# In minor units. The yen has none, so its 50 are 50 yen.
MIN_CHARGE = {"AUD": 50, "CAD": 50, "EUR": 50, "GBP": 30, "JPY": 50, "USD": 50}
MAX_CHARGE = 99_999_999


def min_charge(currency: str) -> Money:
    """Return the least that can be paid by card in ``currency``."""
    return Money(MIN_CHARGE[currency], currency)


def is_too_small(amount: Money) -> bool:
    """Return whether ``amount`` is something, but less than a card payment may be."""
    return 0 < amount.amount < MIN_CHARGE[amount.currency]


def price_shipping(settings: Settings, *, country: str, ships: bool) -> Money:
    """Return what shipping one order to ``country`` costs; nothing when nothing ``ships``.

    The parts of a country that lie overseas are at home too, however an address names them.
    """
    if not ships:
        return Money.zero(settings.currency)
    if home_country(country) == home_country(settings.shipping_country):
        return Money(settings.shipping_domestic_amount, settings.currency)
    return Money(settings.shipping_international_amount, settings.currency)
