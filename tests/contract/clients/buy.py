"""Buy a film's first license with the generated client, twice: once by a quote. Print JSON."""

import json
import sys
import urllib.request
from urllib.parse import urlsplit

from reelright_films_client import Client
from reelright_films_client.api.licensing import get_licensing, post_availability
from reelright_films_client.api.orders import get_order, post_order, start_checkout
from reelright_films_client.api.quotes import get_quote, post_acceptance, post_quote
from reelright_films_client.models import (
    AcceptedText,
    AddressIn,
    AvailabilityIn,
    AvailabilityOut,
    AvailabilityRowIn,
    CheckoutOut,
    CreatedQuoteOut,
    CustomerClass,
    DraftBuyer,
    DraftLine,
    LicensingOut,
    OrderDraft,
    OrderOut,
    PlacedOrderOut,
    QuoteAcceptance,
    QuoteBuyer,
    QuoteDraft,
    QuoteOut,
)

url, sandbox_url, film = sys.argv[1:]
client = Client(base_url=url)

licensing = get_licensing.sync(film, client=client, class_=CustomerClass.COLLEGE, size=4200)
assert isinstance(licensing, LicensingOut), licensing
offer = licensing.offers[0]

asked = AvailabilityIn(class_=CustomerClass.COLLEGE, size=4200, rows=[AvailabilityRowIn(slug=film)])
available = post_availability.sync(client=client, body=asked)
assert isinstance(available, AvailabilityOut), available
row = available.rows[0]

address = AddressIn(
    line1="1 College Row", city="Ithaca", region="NY", postal_code="14850", country="US"
)
draft = OrderDraft(
    lines=[DraftLine(offer=offer.sku, quantity=1)],
    buyer=DraftBuyer(
        institution="Generated College",
        class_=CustomerClass.COLLEGE,
        size=4200,
        contact_name="Ada Reader",
        email="ada@generated.example.edu",
    ),
    billing_address=address,
    shipping_address=address,
    accepted_texts=[AcceptedText(code=offer.license_text.code, version=offer.license_text.version)],
)
placed = post_order.sync(client=client, body=draft, idempotency_key="generated-python")
assert isinstance(placed, PlacedOrderOut), placed


def pay(number: str, token: str | None) -> None:
    """Pay an order on the sandbox's payment page."""
    checkout = start_checkout.sync(number, client=client, x_order_token=token)
    assert isinstance(checkout, CheckoutOut), checkout
    session_id = urlsplit(checkout.url).path.rsplit("/", maxsplit=1)[-1]
    page = f"{sandbox_url}/sandbox/sessions/{session_id}/pay"
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(page, b"{}", headers)).close()  # noqa: S310


pay(placed.number, placed.token)
order = get_order.sync(placed.number, client=client, x_order_token=placed.token)
assert isinstance(order, OrderOut), order

wanted = QuoteDraft(
    lines=[DraftLine(offer=offer.sku, quantity=1)],
    buyer=QuoteBuyer(class_=CustomerClass.COLLEGE, size=4200, email="ada@generated.example.edu"),
)
quote = post_quote.sync(client=client, body=wanted, idempotency_key="generated-python-quote")
assert isinstance(quote, CreatedQuoteOut), quote
shown = get_quote.sync(quote.number, client=client, x_quote_token=quote.token)
assert isinstance(shown, QuoteOut), shown
assert (shown.lines, shown.total, shown.order_number) == (quote.lines, quote.total, None)
acceptance = QuoteAcceptance(
    billing_address=address,
    shipping_address=address,
    institution="Generated College",
    contact_name="Ada Reader",
    accepted_texts=[
        AcceptedText(code=text.code, version=text.version, sha256=text.sha256)
        for text in quote.license_texts
    ],
)
quoted = post_acceptance.sync(
    quote.number, client=client, body=acceptance, x_quote_token=quote.token
)
assert isinstance(quoted, PlacedOrderOut), quoted
pay(quoted.number, quoted.token)
accepted = get_quote.sync(quote.number, client=client, x_quote_token=quote.token)
assert isinstance(accepted, QuoteOut), accepted
assert accepted.order_number == quoted.number
assert quoted.total == quote.total
print(
    json.dumps(
        {
            "outcome": row.outcome,
            "offers": [each.sku for each in row.licensing.offers],
            "amount": offer.price.amount,
            "sku": offer.sku,
            "number": order.number,
            "token": placed.token,
            "total": order.total.amount,
            "quoted": {"number": quoted.number, "token": quoted.token},
        }
    )
)
