"""Balance transactions: each movement of the (play) money, with its sign and fee."""

from stripe_sandbox.context import Context
from stripe_sandbox.ids import new_id
from stripe_sandbox.storage import Document, Transaction

_SECONDS_UNTIL_AVAILABLE = 2 * 86_400
DISPUTE_FEE = 1500


def card_fee(amount: int) -> int:
    """Return 2.9 % + 30 of the minor unit, half a unit rounded up."""
    return (amount * 29 + 500) // 1000 + 30


def bank_debit_fee(amount: int) -> int:
    """Return 0.8 %, half a unit rounded up, 500 at most."""
    return min((amount * 8 + 500) // 1000, 500)


def add_transaction(
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
    """Return a new balance transaction over ``amount``, which may be negative, less ``fee``."""
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
            "available_on": context.second + _SECONDS_UNTIL_AVAILABLE,
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
    """Return ``available`` or ``pending``."""
    return "available" if transaction["available_on"] <= now else "pending"


def balance(tx: Transaction, *, now: int) -> Document:
    """Return the account's balance: the sum of the net amounts of its transactions."""
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for transaction in tx.select("balance_transaction"):
        by_currency = sums[status(transaction, now=now)]
        currency = transaction["currency"]
        by_currency[currency] = by_currency.get(currency, 0) + transaction["net"]
    document: Document = {"object": "balance", "livemode": False}
    for name, by_currency in sums.items():
        document[name] = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted((by_currency or {"usd": 0}).items())
        ]
    return document
