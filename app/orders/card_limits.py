"""What one payment by card or bank debit may come to: Stripe refuses less, and more. Pure.

https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
"""

from app.core.money import Money

# In minor units. The yen has none, so its 50 are 50 yen.
MIN_CHARGE = {"AUD": 50, "CAD": 50, "EUR": 50, "GBP": 30, "JPY": 50, "USD": 50}
MAX_CHARGE = 99_999_999


def minimum(currency: str) -> Money:
    """Return the least that can be paid by card in ``currency``."""
    return Money(MIN_CHARGE[currency], currency)


def is_too_small(amount: Money) -> bool:
    """Return whether ``amount`` is something, but less than a card payment may be."""
    return 0 < amount.amount < MIN_CHARGE[amount.currency]
