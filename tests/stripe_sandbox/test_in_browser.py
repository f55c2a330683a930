"""The sandbox's pages in a real browser: by keyboard, without JavaScript, on a phone, for axe."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeAlias

import pytest
import stripe
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.accessibility import assert_not_faint_by_night, violations
from tests.browser.tabs import Tabs
from tests.stripe_sandbox.running import Sandbox

pytestmark = [pytest.mark.once, pytest.mark.browser]

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
Opener: TypeAlias = Callable[..., Page]


@pytest.fixture
def open_page(tabs: Tabs) -> Iterator[Opener]:
    with ExitStack() as stack:

        def opened(*, size: ViewportSize = DESKTOP, script: bool = True) -> Page:
            return stack.enter_context(tabs.lent(viewport=size, java_script_enabled=script))

        yield opened


def _status(sandbox: Sandbox, session: stripe.checkout.Session) -> str:
    return sandbox.client().v1.checkout.sessions.retrieve(session.id).payment_status


def _fill(page: Page, number: str) -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expires").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name of the card or account holder").fill("Ada Reader")
    page.get_by_role("button", name="Pay $410.00").click()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_declined_card_is_explained_and_another_one_pays_without_javascript(
    sandbox: Sandbox, open_page: Opener, size: ViewportSize
) -> None:
    session = sandbox.new_session()
    page = open_page(size=size, script=False)
    page.goto(session.url or "")

    _fill(page, "4000 0000 0000 0002")
    expect(page.get_by_role("alert")).to_contain_text("Your card was declined.")
    expect(page.get_by_label("Name of the card or account holder")).to_have_value("Ada Reader")
    _fill(page, "4242 4242 4242 4242")

    expect(page.get_by_role("heading", name="The store")).to_be_visible()
    assert page.url == f"{sandbox.receiver.url}/thanks?session={session.id}"
    assert _status(sandbox, session) == "paid"


def test_a_whole_payment_by_keyboard_alone(sandbox: Sandbox, open_page: Opener) -> None:
    session = sandbox.new_session()
    page = open_page()
    page.goto(session.url or "")
    keyboard = page.keyboard

    for _ in range(2):  # past the way back, to the mail address, which is filled in
        keyboard.press("Tab")
    expect(page.get_by_label("Email")).to_be_focused()
    keyboard.press("Tab")
    expect(page.get_by_label("Card", exact=False).first).to_be_focused()
    for typed in ("4242424242424242", "1234", "123", "Ada Reader"):
        keyboard.press("Tab")
        keyboard.type(typed)
    keyboard.press("Enter")

    expect(page.get_by_role("heading", name="The store")).to_be_visible()
    assert _status(sandbox, session) == "paid"


def test_choosing_a_bank_account_shows_what_it_needs(sandbox: Sandbox, open_page: Opener) -> None:
    session = sandbox.new_session()
    page = open_page(script=False)
    page.goto(session.url or "")
    expect(page.get_by_label("Card number")).to_be_visible()

    page.get_by_label("US bank account").check()
    expect(page.get_by_label("Card number")).to_be_hidden()
    page.get_by_label("Fails later: insufficient funds").check()
    page.get_by_label("Name of the card or account holder").fill("Ada Reader")
    page.get_by_role("button", name="Pay $410.00").click()

    expect(page.get_by_role("heading", name="The store")).to_be_visible()
    assert _status(sandbox, session) == "unpaid"
    assert sandbox.client().v1.payment_intents.list().data[0].status == "processing"


def test_a_test_card_fills_itself_in_and_three_d_secure_is_confirmed(
    sandbox: Sandbox, open_page: Opener
) -> None:
    session = sandbox.new_session()
    page = open_page(script=False)
    page.goto(session.url or "")

    page.get_by_role("link", name="Use card 4000 0025 0000 3155").click()
    page.get_by_role("button", name="Pay $410.00").click()
    page.get_by_role("button", name="Complete authentication").click()

    expect(page.get_by_role("heading", name="The store")).to_be_visible()
    assert _status(sandbox, session) == "paid"


def test_back_link_leads_to_the_store_and_leaves_the_session_open(
    sandbox: Sandbox, open_page: Opener
) -> None:
    session = sandbox.new_session()
    page = open_page()
    page.goto(session.url or "")

    page.get_by_role("link", name="Back to the store without paying").click()

    assert page.url == f"{sandbox.receiver.url}/cart"
    assert sandbox.client().v1.checkout.sessions.retrieve(session.id).status == "open"


def test_dashboard_settles_a_bank_debit_and_sets_switches(
    sandbox: Sandbox, open_page: Opener
) -> None:
    session = sandbox.paid_session(account="000222222227")
    page = open_page(script=False)
    page.goto(sandbox.url)

    page.get_by_role("button", name="Settle now").click()
    expect(page.get_by_role("button", name="Settle now")).to_have_count(0)
    assert _status(sandbox, session) == "paid"
    page.get_by_role("link", name="Fault switches").click()
    page.get_by_label("Extra copies").fill("3")
    page.get_by_label("Hold deliveries").check()
    page.get_by_role("button", name="Save switches").click()

    expect(page.get_by_label("Extra copies")).to_have_value("3")
    assert sandbox.state()["faults"]["hold"] is True
    page.get_by_role("button", name="Turn all off").click()
    expect(page.get_by_label("Hold deliveries")).not_to_be_checked()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_pass_axe_and_fit_the_screen(
    sandbox: Sandbox, open_page: Opener, size: ViewportSize
) -> None:
    paid, opened, waiting, ended = (sandbox.new_session() for _ in range(4))
    sandbox.control(f"sessions/{paid.id}/pay")
    sandbox.control(f"sessions/{waiting.id}/pay", card="4000002500003155")
    sandbox.client().v1.checkout.sessions.expire(ended.id)
    charge = sandbox.client().v1.charges.list().data[0]
    page = open_page(size=size)
    found = []

    for path in (
        f"/c/pay/{opened.id}", f"/c/pay/{waiting.id}/authenticate", f"/c/pay/{ended.id}",
        f"/receipts/{charge.id}", "/", "/sandbox/faults", "/nothing",
    ):  # fmt: skip
        page.goto(sandbox.url + path)
        found += [(path, rule["id"]) for rule in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append((path, "too wide"))
        assert_not_faint_by_night(page)
    page.goto(opened.url or "")
    page.get_by_role("button", name="Pay $410.00").click()
    found += [("mistakes", rule["id"]) for rule in violations(page)]
    assert_not_faint_by_night(page)

    assert found == []
