"""Bank debits, refunds and disputes: money that comes later, goes back, or is fought over."""

from pathlib import Path

import pytest
import stripe

from tests.stripe_sandbox.running import Receiver, Sandbox, running

pytestmark = pytest.mark.once(on="postgresql")

SETTLES, FAILS = "000123456789", "000222222227"


def _intent(session: stripe.checkout.Session) -> stripe.PaymentIntent:
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    return session.payment_intent


def _charge(session: stripe.checkout.Session) -> stripe.Charge:
    charge = _intent(session).latest_charge
    assert isinstance(charge, stripe.Charge)
    return charge


def _again(sandbox: Sandbox, session: stripe.checkout.Session) -> stripe.checkout.Session:
    return sandbox.client().v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["payment_intent.latest_charge"]}
    )


def _types(sandbox: Sandbox) -> list[str]:
    """Every event's type, oldest first."""
    events = sandbox.client().v1.events.list(params={"limit": 100})
    return [str(event.type) for event in events.data][::-1]


def test_a_bank_debit_completes_unpaid_and_settles(sandbox: Sandbox) -> None:
    session = sandbox.paid_session(account=SETTLES)
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    assert _intent(session).status == "processing"
    assert (_charge(session).status, _charge(session).paid) == ("pending", False)
    assert _charge(session).id.startswith("py_")

    sandbox.clock.ahead = sandbox.config.settle_seconds + 1
    sandbox.wait_for(
        lambda: "checkout.session.async_payment_succeeded" in sandbox.receiver.types(), "settling"
    )

    settled = _again(sandbox, session)
    assert settled.payment_status == "paid"
    assert (_intent(settled).status, _intent(settled).amount_received) == ("succeeded", 41000)
    assert _charge(settled).paid is True
    assert _types(sandbox) == [
        "payment_intent.created", "charge.pending", "payment_intent.processing",
        "checkout.session.completed", "charge.succeeded", "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]  # fmt: skip


def test_bank_debit_fails_as_its_account_says(sandbox: Sandbox) -> None:
    session = sandbox.paid_session(account=FAILS)

    sandbox.clock.ahead = sandbox.config.settle_seconds + 1
    sandbox.wait_for(
        lambda: "checkout.session.async_payment_failed" in sandbox.receiver.types(), "failing"
    )

    failed = _again(sandbox, session)
    assert (failed.status, failed.payment_status) == ("complete", "unpaid")
    assert _intent(failed).status == "requires_payment_method"
    assert _charge(failed).failure_code == "insufficient_funds"
    assert sandbox.client().v1.balance_transactions.list().data == []


def test_bank_debit_settles_at_once_on_request(sandbox: Sandbox) -> None:
    settled = sandbox.paid_session(account=FAILS)
    failed = sandbox.paid_session(account=SETTLES)

    sandbox.control(f"payments/{_intent(settled).id}/settle")
    sandbox.control(f"payments/{_intent(failed).id}/fail")

    assert _again(sandbox, settled).payment_status == "paid"
    assert _again(sandbox, failed).payment_status == "unpaid"
    twice = sandbox.raw("POST", f"/sandbox/payments/{_intent(settled).id}/settle")
    assert twice.status_code == 400


def test_a_bank_debit_settles_by_itself(tmp_path: Path, receiver: Receiver) -> None:
    with running(tmp_path, receiver, settle_seconds=0.1) as sandbox:
        session = sandbox.paid_session(account=SETTLES)

        sandbox.wait_for(
            lambda: _again(sandbox, session).payment_status == "paid", "settling by itself"
        )


def test_refunds_are_partial_or_full_and_never_more(sandbox: Sandbox) -> None:
    session = sandbox.paid_session()
    intent = _intent(session).id
    refunds = sandbox.client().v1.refunds

    first = refunds.create(
        params={"payment_intent": intent, "amount": 1200, "metadata": {"line": "2"}}
    )
    assert (first.status, first.amount, first.charge) == ("succeeded", 1200, _charge(session).id)
    assert _charge(_again(sandbox, session)).amount_refunded == 1200
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        refunds.create(params={"payment_intent": intent, "amount": 39801})
    rest = refunds.create(params={"charge": _charge(session).id})
    assert rest.amount == 39800
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refunds.create(params={"payment_intent": intent})

    assert refused.value.code == "charge_already_refunded"
    assert _charge(_again(sandbox, session)).refunded is True
    listed = refunds.list(params={"payment_intent": intent})
    assert [refund.id for refund in listed.data] == [rest.id, first.id]
    assert _types(sandbox).count("refund.created") == 2
    assert _types(sandbox).count("charge.refunded") == 2


def test_an_unpaid_intent_cannot_be_refunded(sandbox: Sandbox) -> None:
    session = sandbox.paid_session(account=SETTLES)

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        sandbox.client().v1.refunds.create(params={"payment_intent": _intent(session).id})
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        sandbox.client().v1.refunds.create(params={"payment_intent": "pi_x"})
    with pytest.raises(stripe.InvalidRequestError, match="payment_intent or charge"):
        sandbox.client().v1.refunds.create()


@pytest.mark.parametrize("how", ["card", "switch", "control"])
def test_refund_can_fail_later_and_restores_the_charge(sandbox: Sandbox, how: str) -> None:
    if how == "switch":
        sandbox.control("faults", refuse_refunds=1)
    session = sandbox.paid_session(card="4000000000005126" if how == "card" else "")
    refund = sandbox.client().v1.refunds.create(params={"payment_intent": _intent(session).id})
    assert refund.status == "succeeded"

    if how == "control":
        sandbox.control(f"refunds/{refund.id}/fail")
    else:
        sandbox.clock.ahead = 2
    sandbox.wait_for(lambda: "refund.failed" in sandbox.receiver.types(), "the refund's failure")

    failed = sandbox.client().v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    assert _charge(_again(sandbox, session)).amount_refunded == 0
    assert sandbox.client().v1.refunds.create(params={"charge": _charge(session).id}).id


def test_a_slow_refund_succeeds_later(sandbox: Sandbox) -> None:
    session = sandbox.paid_session(card="4000000000007726")
    refund = sandbox.client().v1.refunds.create(params={"payment_intent": _intent(session).id})
    assert refund.status == "pending"

    sandbox.clock.ahead = sandbox.config.settle_seconds + 1
    sandbox.wait_for(lambda: "refund.updated" in sandbox.receiver.types(), "the refund")

    assert sandbox.client().v1.refunds.retrieve(refund.id).status == "succeeded"


def test_the_dispute_card_is_disputed_and_its_charge_not_refundable(sandbox: Sandbox) -> None:
    session = sandbox.paid_session(card="4000000000000259")
    sandbox.clock.ahead = 2
    sandbox.wait_for(lambda: "charge.dispute.created" in sandbox.receiver.types(), "the dispute")

    dispute = (
        sandbox.client().v1.disputes.list(params={"payment_intent": _intent(session).id}).data[0]
    )

    assert (dispute.amount, dispute.reason, dispute.status) == (
        41000, "fraudulent", "needs_response",
    )  # fmt: skip
    assert _charge(_again(sandbox, session)).disputed is True
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client().v1.refunds.create(params={"charge": _charge(session).id})
    assert refused.value.code == "charge_disputed"


@pytest.mark.parametrize(("evidence", "status"), [("winning", "won"), ("losing", "lost")])
def test_evidence_decides_a_dispute(sandbox: Sandbox, evidence: str, status: str) -> None:
    session = sandbox.paid_session()
    opened = sandbox.control(f"charges/{_charge(session).id}/dispute", reason="duplicate")
    disputes = sandbox.client().v1.disputes
    draft = disputes.update(
        opened["id"], params={"evidence": {"customer_name": "Ada"}, "submit": False}
    )
    assert (draft.status, draft.evidence_details.submission_count) == ("needs_response", 0)

    decided = disputes.update(
        opened["id"], params={"evidence": {"uncategorized_text": f"{evidence}_evidence"}}
    )

    assert decided.status == status
    types = _types(sandbox)
    assert types[-1] == "charge.dispute.closed"
    assert ("charge.dispute.funds_reinstated" in types) is (status == "won")
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        disputes.close(opened["id"])


def test_a_dispute_is_accepted_by_closing_it(sandbox: Sandbox) -> None:
    session = sandbox.paid_session()
    opened = sandbox.control(f"payments/{_intent(session).id}/dispute")

    assert sandbox.client().v1.disputes.close(opened["id"]).status == "lost"
    again = sandbox.raw("POST", f"/sandbox/payments/{_intent(session).id}/dispute")
    assert again.status_code == 400
