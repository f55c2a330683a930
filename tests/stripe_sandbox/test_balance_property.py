"""Whatever happens, the money adds up: balance, charges, refunds, disputes and events agree."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stripe_sandbox import cards
from stripe_sandbox.background import run_due_actions
from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.context import Context
from stripe_sandbox.errors import StripeError
from stripe_sandbox.objects import disputes, payments, refunds, sessions
from stripe_sandbox.objects.balance import balance
from stripe_sandbox.objects.payments import Payer
from stripe_sandbox.storage import Database, Document

pytestmark = pytest.mark.once(on="postgresql")

PAYER = Payer(email="payer@example.edu", name="Ada")

ACTIONS = st.one_of(
    st.tuples(st.just("card"), st.sampled_from([card.number for card in cards.CARDS])),
    st.tuples(st.just("bank"), st.sampled_from([bank.account for bank in cards.BANKS])),
    st.tuples(st.just("authenticate"), st.booleans()),
    st.tuples(st.just("refund"), st.integers(1, 60_000)),
    st.tuples(st.just("fail_refund"), st.integers(0, 9)),
    st.tuples(st.just("dispute"), st.integers(0, 9)),
    st.tuples(st.just("decide"), st.booleans()),
    st.tuples(st.just("settle"), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 10_000)),
)


def _open(context: Context, amount: int) -> Document:
    price = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Book"}}
    return sessions.create(
        context,
        {
            "mode": "payment",
            "success_url": "http://127.0.0.1/",
            "line_items": [{"quantity": 1, "price_data": price}],
        },
    )


def _act(context: Context, action: str, value: object) -> None:
    tx = context.tx
    session = tx.select("checkout.session")[-1]
    intents, charges = tx.select("payment_intent"), tx.select("charge")
    match action, value:
        case "card", str(number):
            card = cards.card_for(number)
            assert card is not None
            payments.pay_by_card(
                context, session, card, number=number, expires=(12, 2034), payer=PAYER
            )
        case "bank", str(account):
            bank = cards.bank_for(account)
            assert bank is not None
            payments.pay_by_bank(context, session, bank, payer=PAYER)
        case "authenticate", bool(passed):
            payments.authenticate(context, session, passed=passed)
        case "refund", int(amount) if charges:
            refunds.create(context, {"charge": charges[-1]["id"], "amount": amount})
        case "fail_refund", int(number) if made := tx.select("refund"):
            refunds.fail(context, made[number % len(made)])
        case "dispute", int(number) if charges:
            disputes.create(context, charges[number % len(charges)])
        case "decide", bool(won) if made := tx.select("dispute"):
            disputes.decide(context, made[-1], won=won)
        case "settle", bool(well) if intents:
            payments.settle(context, intents[-1], failure=None if well else cards.BANKS[1])
        case _:
            pass


def _check(database: Database) -> None:
    with database.read() as tx:
        charges, made = tx.select("charge"), tx.select("refund")
        moved = tx.select("balance_transaction")
        fought = tx.select("dispute")
        total = balance(tx, now=0)
    kept = sum(charge["amount"] for charge in charges if charge["status"] == "succeeded")
    returned = sum(refund["amount"] for refund in made if refund["status"] != "failed")
    withdrawn = sum(dispute["amount"] for dispute in fought if dispute["status"] != "won")
    assert sum(transaction["amount"] for transaction in moved) == kept - returned - withdrawn
    fees = sum(transaction["fee"] for transaction in moved)
    assert total["pending"][0]["amount"] == kept - returned - withdrawn - fees
    for charge in charges:
        of_this = [refund for refund in made if refund["charge"] == charge["id"]]
        refunded = sum(refund["amount"] for refund in of_this if refund["status"] != "failed")
        assert charge["amount_refunded"] == refunded <= charge["amount"]
        assert charge["refunded"] is (refunded == charge["amount"])
    for transaction in moved:
        assert transaction["net"] == transaction["amount"] - transaction["fee"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(amounts=st.lists(st.integers(50, 50_000), min_size=1, max_size=3), data=st.data())
def test_balance_is_the_sum_of_all_transactions(
    tmp_path: Path, amounts: list[int], data: st.DataObject
) -> None:
    file = tmp_path / "sandbox.db"
    for old in tmp_path.glob("sandbox.db*"):
        old.unlink()
    now = [1_800_000_000.0]
    config = SandboxConfig(
        database=file, public_url="http://127.0.0.1:1", settle_seconds=60, clock=lambda: now[0]
    )
    database = Database(file)
    try:
        for amount in amounts:
            with database.write() as tx:
                _open(Context(tx, config, now[0]), amount)
            for action, value in data.draw(st.lists(ACTIONS, max_size=8)):
                if action == "wait":
                    now[0] += float(str(value))
                    run_due_actions(database, config)
                    continue
                # What is refused is undone.
                with suppress(StripeError), database.write() as tx:
                    _act(Context(tx, config, now[0]), action, value)
                _check(database)
        _check(database)
    finally:
        database.close()
