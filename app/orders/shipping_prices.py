"""What sending discs costs: one price an order at home, another abroad."""

from app.accounts.overseas import home_country
from app.core.config import Settings
from app.core.money import Money


def shipping_price(settings: Settings, *, country: str, ships: bool) -> Money:
    """Return what shipping one order to ``country`` costs; nothing when nothing ``ships``.

    The parts of a country that lie overseas are at home too, however an address names them.
    """
    if not ships:
        return Money.zero(settings.currency)
    if home_country(country) == home_country(settings.shipping_country):
        return Money(settings.shipping_domestic_amount, settings.currency)
    return Money(settings.shipping_international_amount, settings.currency)
