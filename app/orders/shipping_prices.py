"""What sending discs costs: one price an order at home, another abroad."""

from app.core.config import Settings
from app.core.money import Money


def shipping_price(settings: Settings, *, country: str, ships: bool) -> Money:
    """Return what shipping one order to ``country`` costs; nothing when nothing ``ships``."""
    if not ships:
        return Money.zero(settings.currency)
    if country == settings.shipping_country:
        return Money(settings.shipping_domestic_amount, settings.currency)
    return Money(settings.shipping_international_amount, settings.currency)
