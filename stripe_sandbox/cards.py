"""The test cards and bank accounts, and their outcomes. The numbers are Stripe's.

Source: https://docs.stripe.com/testing and https://docs.stripe.com/payments/ach-direct-debit.
"""

from dataclasses import dataclass
from enum import StrEnum


class After(StrEnum):
    """What happens after a test card is charged."""

    NOTHING = "nothing"
    DISPUTE = "dispute"
    REFUND_FAILS = "refund_fails"
    REFUND_IS_SLOW = "refund_is_slow"


@dataclass(frozen=True, slots=True)
class Card:
    """A test card. ``decline`` is Stripe's decline code, or None if it pays."""

    number: str
    outcome: str
    brand: str = "visa"
    code: str = "card_declined"
    decline: str | None = None
    message: str = ""
    authenticates: bool = False
    after: After = After.NOTHING

    @property
    def spaced(self) -> str:
        """The number in groups, as on a card."""
        if self.brand == "amex":
            return f"{self.number[:4]} {self.number[4:10]} {self.number[10:]}"
        return " ".join(self.number[start : start + 4] for start in range(0, 16, 4))


_DECLINED = "Your card was declined."

CARDS = (
    Card("4242424242424242", "Pays"),
    Card("4000000000000002", "Is declined", decline="generic_decline", message=_DECLINED),
    Card(
        "4000000000009995",
        "Has insufficient funds",
        decline="insufficient_funds",
        message="Your card has insufficient funds.",
    ),
    Card("4000002500003155", "Asks for 3-D Secure first", authenticates=True),
    Card("4000000000000259", "Pays, then is disputed", after=After.DISPUTE),
    Card("4000000000005126", "Pays; its refund fails later", after=After.REFUND_FAILS),
    Card("4000000000007726", "Pays; its refund takes a while", after=After.REFUND_IS_SLOW),
    Card(
        "4000000000000069",
        "Has expired",
        code="expired_card",
        decline="expired_card",
        message="Your card has expired.",
    ),
    Card(
        "4000000000000127",
        "Has a wrong security code",
        code="incorrect_cvc",
        decline="incorrect_cvc",
        message="Your card's security code is incorrect.",
    ),
    Card(
        "4000000000000119",
        "Meets a processing error",
        code="processing_error",
        decline="processing_error",
        message="An error occurred while processing your card. Try again in a little bit.",
    ),
    Card("5555555555554444", "Pays (Mastercard)", brand="mastercard"),
    Card("378282246310005", "Pays (American Express)", brand="amex"),
)

LISTED_CARDS = CARDS[:7]
"""The cards on the hosted page. README.md lists the rest."""

_NOT_A_TEST_CARD = Card(
    "",
    "",
    decline="test_mode_live_card",
    message=(
        "Your card was declined. This is a test page: use one of the test card numbers listed "
        "on it, never a real card."
    ),
)


def card_for(number: str) -> Card | None:
    """Return the card of a number without spaces, or None if it is not a card number.

    A valid number that is not a test card gets a card that is declined.
    """
    for card in CARDS:
        if card.number == number:
            return card
    return _NOT_A_TEST_CARD if is_card_number(number) else None


def is_card_number(number: str) -> bool:
    """Return whether ``number`` has the length and the check digit (Luhn) of a card."""
    if not (number.isascii() and number.isdecimal() and 12 <= len(number) <= 19):  # noqa: PLR2004 - ISO/IEC 7812
        return False
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


@dataclass(frozen=True, slots=True)
class Bank:
    """A test account for bank debits. ``failure`` is Stripe's failure code, or None."""

    account: str
    outcome: str
    failure: str | None = None
    message: str = ""

    @property
    def last4(self) -> str:
        """The last four digits of the account number."""
        return self.account[-4:]


ROUTING_NUMBER = "110000000"
BANK_NAME = "STRIPE TEST BANK"
BANKS = (
    Bank("000123456789", "Settles later"),
    Bank(
        "000222222227",
        "Fails later: insufficient funds",
        "insufficient_funds",
        "The customer's account has insufficient funds to cover this payment.",
    ),
    Bank(
        "000111111113",
        "Fails later: account closed",
        "account_closed",
        "The customer's bank account has been closed.",
    ),
)


def bank_for(account: str) -> Bank | None:
    """Return the test account of a number, or None."""
    return next((bank for bank in BANKS if bank.account == account), None)
