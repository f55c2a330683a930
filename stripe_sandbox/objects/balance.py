"""Balance transactions: every movement of the (play) money, signed, with its fee."""

from stripe_sandbox.context import Context
from stripe_sandbox.ids import new_id
from stripe_sandbox.storage import Document, Transaction

_DAYS_TO_AVAILABLE = 2 * 86_400
DISPUTE_FEE = 1500


def card_fee(amount: int) -> int:
    """Return 2.9 % + 30 of the minor unit, half a unit rounded up."""
    return (amount * 29 + 500) // 1000 + 30


def bank_debit_fee(amount: int) -> int:
    """Return 0.8 %, half a unit rounded up, 500 at most."""
    return min((amount * 8 + 500) // 1000, 500)


def move(
    context: Context,
    *,
    kind: str,
    category: str,
    amount: int,
    fee: int,
    source: str,
    currency: str,
    description: str,
) -> Document:
    """Add ``amount`` (negative: take it) less ``fee`` to the balance, and return the record."""
    fees = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees" if amount > 0 else "Dispute fee",
            "type": "stripe_fee",
        }
    ]
    return context.tx.add(
        {
            "id": new_id("txn_"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": context.second + _DAYS_TO_AVAILABLE,
            "balance_type": "payments",
            "created": context.second,
            "currency": currency,
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": fees if fee else [],
            "net": amount - fee,
            "reporting_category": category,
            "source": source,
            "status": "pending",
            "type": kind,
        }
    )


def status(transaction: Document, *, now: int) -> str:
    """Return whether the money of a movement is available yet."""
    return "available" if transaction["available_on"] <= now else "pending"


def balance(tx: Transaction, *, now: int) -> Document:
    """Return the account's balance: the sum of its movements' net amounts."""
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for transaction in tx.select("balance_transaction"):
        by_currency = sums[status(transaction, now=now)]
        currency = transaction["currency"]
        by_currency[currency] = by_currency.get(currency, 0) + transaction["net"]
    shown: Document = {"object": "balance", "livemode": False}
    for name, by_currency in sums.items():
        shown[name] = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted((by_currency or {"usd": 0}).items())
        ]
    return shown
