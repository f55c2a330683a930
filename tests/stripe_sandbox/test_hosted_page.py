"""The hosted page without a browser: every test card, and whatever can be wrong in the form."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
import stripe

from stripe_sandbox.cards import CARDS, LISTED_CARDS, Card, is_card_number
from tests.stripe_sandbox.running import Sandbox

pytestmark = pytest.mark.once(on="postgresql")

FORM = {
    "email": "librarian@example.edu",
    "method": "card",
    "number": "4242 4242 4242 4242",
    "expires": "12 / 34",
    "cvc": "123",
    "name": "Ada Reader",
    "account": "000123456789",
}


def _post(address: str | None, **changed: str) -> httpx2.Response:
    assert address is not None
    return httpx2.post(address, data=FORM | changed, follow_redirects=False, timeout=20)


def _paid(sandbox: Sandbox, id_: str) -> stripe.checkout.Session:
    return sandbox.client().v1.checkout.sessions.retrieve(
        id_, params={"expand": ["payment_intent.latest_charge"]}
    )


def test_page_shows_the_order_and_the_test_cards(sandbox: Sandbox) -> None:
    session = sandbox.new_session()

    text = httpx2.get(session.url or "").text

    for shown in ("$410.00", "Field Guide", "ORDER-1001", "TEST", "librarian@example.edu"):
        assert shown in text
    for card in LISTED_CARDS:
        assert card.spaced in text
        assert card.outcome in text
    assert "<script" not in text


def test_card_pays_and_redirects_to_the_store(sandbox: Sandbox) -> None:
    session = sandbox.new_session()

    answer = _post(session.url)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{sandbox.receiver.url}/thanks?session={session.id}"
    paid = _paid(sandbox, session.id)
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert (intent.status, intent.amount_received) == ("succeeded", 41000)
    assert intent.metadata is not None
    assert intent.metadata.to_dict() == {"order": "ORDER-1001"}
    assert intent.latest_charge.payment_method_details is not None
    assert intent.latest_charge.payment_method_details.card is not None
    assert intent.latest_charge.payment_method_details.card.last4 == "4242"
    assert paid.customer_details is not None
    assert paid.customer_details.name == "Ada Reader"


def test_only_four_digits_of_a_card_are_stored(sandbox: Sandbox) -> None:
    session = sandbox.new_session()
    _post(session.url, number="4000000000000010")
    _post(session.url, number="5555555555554444")

    for file in sandbox.config.database.parent.iterdir():
        assert b"4000000000000010" not in file.read_bytes()


@pytest.mark.parametrize("card", [card for card in CARDS if card.decline], ids=lambda c: c.decline)
def test_declined_card_can_be_followed_by_another(sandbox: Sandbox, card: Card) -> None:
    number, message = card.number, card.message
    session = sandbox.new_session()

    declined = _post(session.url, number=number)

    assert declined.status_code == 402
    assert message.replace("'", "&#39;") in declined.text
    assert 'value="Ada Reader"' in declined.text
    waiting = _paid(sandbox, session.id)
    assert (waiting.status, waiting.payment_status) == ("open", "unpaid")
    assert isinstance(waiting.payment_intent, stripe.PaymentIntent)
    assert waiting.payment_intent.last_payment_error is not None
    assert waiting.payment_intent.last_payment_error.message == message
    assert _post(session.url).status_code == 303
    assert _paid(sandbox, session.id).payment_status == "paid"


def test_real_card_number_is_declined(sandbox: Sandbox) -> None:
    session = sandbox.new_session()

    answer = _post(session.url, number="4111111111111111")

    assert answer.status_code == 402
    assert "never a real card" in answer.text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", "nobody"),
        ("email", ""),
        ("number", ""),
        ("number", "4242 4242 4242 4241"),
        ("number", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"),
        ("expires", "13/34"),
        ("expires", "01/20"),
        ("expires", "soon"),
        ("cvc", "12"),
        ("name", "  "),
        ("method", "cheque"),
    ],
)
def test_problem_is_shown_at_its_field_and_values_stay(
    sandbox: Sandbox, field: str, typed: str
) -> None:
    session = sandbox.new_session()

    answer = _post(session.url, **{field: typed})

    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert "Your payment was not completed" in answer.text
    if field != "name":
        assert 'value="Ada Reader"' in answer.text
    assert _paid(sandbox, session.id).payment_intent is None


def test_a_double_click_pays_once(sandbox: Sandbox) -> None:
    session = sandbox.new_session()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _post(session.url), range(8)))

    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert sandbox.state()["objects"]["charge"] == 1
    completed = sandbox.client().v1.events.list(params={"type": "checkout.session.completed"})
    assert len(completed.data) == 1


def test_three_d_secure_can_be_failed_and_completed(sandbox: Sandbox) -> None:
    session = sandbox.new_session()

    waiting = _post(session.url, number="4000 0025 0000 3155")
    assert waiting.headers["location"] == f"/c/pay/{session.id}/authenticate"
    address = sandbox.url + waiting.headers["location"]
    assert "Is this you?" in httpx2.get(address).text
    assert _paid(sandbox, session.id).payment_status == "unpaid"

    failed = httpx2.post(address, data={"answer": "fail"})
    assert failed.status_code == 402
    assert "unable to authenticate" in failed.text
    assert httpx2.get(address).headers["location"] == f"/c/pay/{session.id}"

    _post(session.url, number="4000 0025 0000 3155")
    passed = httpx2.post(address, data={"answer": "complete"})
    assert passed.headers["location"] == f"{sandbox.receiver.url}/thanks?session={session.id}"
    intent = _paid(sandbox, session.id).payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.payment_method_details is not None
    card = intent.latest_charge.payment_method_details.card
    assert card is not None
    assert card.three_d_secure is not None
    assert card.three_d_secure.result == "authenticated"


def test_receipt_shows_payment_and_refunds(sandbox: Sandbox) -> None:
    session = sandbox.paid_session()
    intent = session.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    sandbox.client().v1.refunds.create(params={"payment_intent": intent.id, "amount": 1200})

    receipt = httpx2.get(intent.latest_charge.receipt_url or "")

    assert receipt.status_code == 200
    for shown in ("$410.00", "Visa ending in 4242", "\u2212$12.00", "$398.00", "Field Guide"):
        assert shown in receipt.text
    assert httpx2.get(f"{sandbox.url}/receipts/ch_x").status_code == 404


def test_form_may_redirect_to_its_store_only(sandbox: Sandbox) -> None:
    page = httpx2.get(sandbox.new_session().url or "")

    policy = page.headers["content-security-policy"]
    assert f"form-action 'self' {sandbox.receiver.url}" in policy
    assert "default-src 'none'" in policy
    assert httpx2.get(f"{sandbox.url}/c/pay/cs_test_x").status_code == 404


def test_test_cards_have_valid_check_digits() -> None:
    assert [card.number for card in CARDS if not is_card_number(card.number)] == []
    assert not is_card_number("4242424242424241")
