"""Money as whole minor units with a currency. Never a float."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Whole

# Currencies we sell in, and how many decimals each has (ISO 4217, table A.1).
DECIMALS = {"AUD": 2, "CAD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "USD": 2}
SYMBOLS = {"AUD": "A$", "CAD": "CA$", "EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}

MAX_TYPED = 10**12


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in the minor unit of ``currency``: ``Money(2500, "USD")`` is 25 dollars."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in DECIMALS:
            msg = f"unsupported currency {self.currency!r}"
            raise ValueError(msg)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return nothing at all, in ``currency``."""
        return cls(0, currency)

    def __add__(self, other: "Money") -> "Money":
        self._refuse_other_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._refuse_other_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.amount * count, self.currency)

    def percent(self, rate: Decimal) -> "Money":
        """Return ``rate`` per cent of this amount, halves rounded away from zero.

        This is the store's one rounding rule (docs/pricing.md).

        >>> Money(1005, "USD").percent(Decimal("50"))
        Money(amount=503, currency='USD')
        """
        return self._rounded(Decimal(self.amount) * rate / 100)

    def prorate(self, part: int, whole: int) -> "Money":
        """Return the share ``part / whole`` of this amount, halves rounded away from zero.

        >>> Money(90000, "USD").prorate(1077, 1096)
        Money(amount=88440, currency='USD')
        """
        return self._rounded(Decimal(self.amount) * part / whole)

    def decimal(self) -> Decimal:
        """Return the amount in whole units: ``Decimal("25.00")`` for 2500 cents."""
        return Decimal(self.amount).scaleb(-DECIMALS[self.currency])

    @classmethod
    def parse(cls, typed: str, currency: str) -> Self:
        """Return an amount as a person types it; an empty text is zero.

        >>> Money.parse("$1,234.50", "USD")
        Money(amount=123450, currency='USD')

        Raises:
            ValueError: the text is no amount, or has too many decimals for the currency.
        """
        problem = f"Enter an amount like {cls(39800, currency).words()}."
        try:
            amount = Decimal(typed.replace(",", "").lstrip("$€£¥ ") or "0")
            amount = amount.scaleb(DECIMALS[currency])
        except InvalidOperation as error:
            raise ValueError(problem) from error
        if not amount.is_finite() or amount != amount.to_integral_value():
            raise ValueError(problem)
        if not 0 <= amount < MAX_TYPED:
            raise ValueError(problem)
        return cls(int(amount), currency)

    def words(self) -> str:
        """Return the amount as people in the United States read it.

        >>> Money(-123450, "USD").words()
        '-$1,234.50'
        """
        sign = "-" if self.amount < 0 else ""
        return f"{sign}{SYMBOLS[self.currency]}{abs(self.decimal()):,.{DECIMALS[self.currency]}f}"

    def words_in(self, country: str) -> str:
        """Return the amount as a buyer in ``country`` reads it: abroad, with its currency.

        >>> Money(39900, "USD").words_in("US"), Money(39900, "USD").words_in("CA")
        ('$399.00', '$399.00 USD')
        """
        # Loaded with the first order that is shown: most answers have no need of it.
        from babel.numbers import get_territory_currencies  # noqa: PLC0415

        if self.currency in get_territory_currencies(country):
            return self.words()
        return f"{self.words()} {self.currency}"

    def __str__(self) -> str:
        return f"{self.decimal():,.{DECIMALS[self.currency]}f} {self.currency}"

    def _rounded(self, exact: Decimal) -> "Money":
        return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), self.currency)

    def _refuse_other_currency(self, other: "Money") -> None:
        if other.currency != self.currency:
            msg = f"cannot mix {other.currency} with {self.currency}"
            raise ValueError(msg)


class MoneyOut(BaseModel):
    """Money in the API."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": 39800, "currency": "USD"}]}
    )

    amount: Whole = Field(description="Whole minor units of `currency`; 39800 is $398.00")
    currency: str = Field(description="ISO 4217 code", examples=["USD"])

    @classmethod
    def of(cls, money: Money) -> Self:
        """Return ``money`` in its API shape."""
        return cls(amount=money.amount, currency=money.currency)
