"""Every page of the store, by name, and how to come to it."""

from collections.abc import Callable, Mapping

from playwright.sync_api import Page

from app.accounts.demo import DEMO_PASSWORD
from tests.browser import buying
from tests.browser.orders import FILM, OrderDriver
from tests.faults.shoppers import Placed

# For anybody, before they have said who they are.
PUBLIC: Mapping[str, str] = {
    "home": "/",
    "films": "/films",
    "films filtered": "/films?subject=russia&sort=title",
    "search that finds nothing": "/films?q=zzzyyyxxx",
    "film": f"/films/{FILM}",
    "collections": "/collections",
    "collection": "/collections/russia-and-the-former-soviet-union",
    "subject": "/subjects/stalinism",
    "note": f"/films/{FILM}/notes",
    "recently added": "/recent",
    "leaving soon": "/leaving",
    "press": "/press?kind=review",
    "people": "/people?letter=G",
    "person": "/people/jessica-gorter",
    "empty cart": "/cart",
    "who": "/buyer",
    "look up a list": "/lookup",
    "film alert": "/alerts/new?subject=russia",
    "compare": "/compare?film=the-red-soul&film=alice-street",
    "verify": "/verify",
    "verify nothing": "/verify/RL-00000000",
    "how licensing works": "/how-licensing-works",
    "license text": "/license-texts/dvd-ppr/1.0",
    "terms": "/terms",
    "privacy": "/privacy",
    "accessibility": "/accessibility",
    "sign in": "/account/sign-in",
    "expired sign-in link": "/account/sign-in/link?token=x",
    "expired invitation": "/account/invitation?token=x",
    "not found": "/nothing/here",
}

MISSING = {"verify nothing", "expired sign-in link", "expired invitation", "not found"}


def see_checkout(page: Page) -> None:
    buying.choose_buyer(page)
    buying.put_dvd_in_cart(page)
    page.get_by_role("link", name="Go to checkout").click()


def see_checkout_errors(page: Page) -> None:
    see_checkout(page)
    page.get_by_role("button", name="Place order").click()
    page.get_by_role("alert").wait_for()


def see_who_errors(page: Page) -> None:
    page.goto("/buyer")
    page.get_by_role("button", name="Show my prices").click()
    page.get_by_role("alert").wait_for()


def see_cart(page: Page) -> None:
    buying.choose_buyer(page)
    buying.put_dvd_in_cart(page)


def see_quote(page: Page) -> None:
    see_cart(page)
    page.get_by_label("Email").fill("ada@example.edu")
    page.get_by_role("button", name="Get a quote").click()
    page.get_by_role("heading", name="Accept this quote").wait_for()


def see_quote_acceptance(page: Page) -> None:
    see_quote(page)
    page.get_by_role("link", name="Accept the quote").click()


def see_quote_errors(page: Page) -> None:
    see_quote_acceptance(page)
    page.get_by_role("button", name="Accept quote").click()
    page.get_by_role("alert").wait_for()


def see_list(page: Page) -> None:
    buying.choose_buyer(page)
    page.goto("/lookup")
    page.get_by_label("Titles, one per line").fill("The Red Soul\nGrass\nTiticut Follies")
    page.get_by_role("button", name="Look up titles").click()
    page.get_by_text("Wrong film?").click()


# Those that a visitor works up to.
VISITED: Mapping[str, Callable[[Page], None]] = {
    "film for a college": buying.choose_buyer,
    "cart": see_cart,
    "quote": see_quote,
    "quote to accept": see_quote_acceptance,
    "quote with errors": see_quote_errors,
    "list looked up": see_list,
    "checkout": see_checkout,
    "checkout with errors": see_checkout_errors,
    "who with errors": see_who_errors,
}


def _canceled(clerk: OrderDriver) -> Placed:
    return clerk.act(clerk.placed(), "cancel", {"reason": "Ordered twice"})


def _shipped(clerk: OrderDriver) -> Placed:
    return clerk.act(clerk.paid(), "ship", {"carrier": "usps", "tracking": "9400111899560000"})


def _refunded(clerk: OrderDriver) -> Placed:
    order = clerk.act(
        clerk.paid(), "refund", {"license_effect": "revoke", "reason": "Bought by mistake"}
    )
    return clerk.until(order, "payment_state", "refunded")


def _failed(clerk: OrderDriver) -> Placed:
    order = clerk.debited()
    clerk.end_debit(order.number, "fail")
    return clerk.until(order, "payment_state", "unpaid")


def _on_terms(clerk: OrderDriver) -> Placed:
    return clerk.act(clerk.placed(), "accept", {"po_number": "PO-77"})


# The buyer's page of an order in each state.
ORDERS: Mapping[str, Callable[[OrderDriver], Placed]] = {
    "placed": OrderDriver.placed,
    "on terms": _on_terms,
    "debited": OrderDriver.debited,
    "failed": _failed,
    "paid": OrderDriver.paid,
    "shipped": _shipped,
    "refunded": _refunded,
    "canceled": _canceled,
    "disputed": lambda clerk: clerk.dispute(clerk.paid()),
}


CONSOLE = (
    *(
        "queue",
        "orders",
        "quotes",
        "customers",
        "new-customer",
        "new-order",
        "emails",
        "licenses",
        "events?show=all",
        "disputes",
        "reconciliation",
        "films",
        "notes",
        "people",
        "imports",
    ),
    *("offers", "keys", "staff", "audit", "account"),
    # Forms: one with rows in rows, one with the most kinds of fields, one that only holds a list.
    *(f"films/{FILM}/edit/versions", f"offers/{FILM}-dvd-ppr/edit"),
    "collections/russia-and-the-former-soviet-union",
    *(f"films/{FILM}/history", f"films/{FILM}/files", f"films/{FILM}/masters", "media"),
)
# Lists whose first row leads to a page of its own.
CONSOLE_DETAILS = {"orders", "emails", "licenses", "events", "films", "people", "staff"}


def log_in(page: Page) -> None:
    """Log in to the console as who may do everything."""
    page.goto("/console/login")
    page.get_by_label("Email address").fill("admin@example.org")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("navigation", name="Console").wait_for()
