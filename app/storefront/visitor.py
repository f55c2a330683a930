"""What we know of a visitor: for whom they buy, and which cart is theirs. Both sit in cookies."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.accounts.customers import CLASSES
from app.core.errors import NotFoundError
from app.core.request_middleware import settings_of
from app.core.signing import Purpose, sign, unsign
from app.offers.licensing import Buyer
from app.offers.pricing import MEASURE_LABELS
from app.orders.models import Order
from app.orders.queries import get_order_for_buyer
from app.storefront.buyer_form import BuyerForm
from app.web.formats import country
from app.web.rendering import CART_COUNT_COOKIE

BUYER_COOKIE = "rr_buyer"
CART_COOKIE = "rr_cart"
ORDER_COOKIE = "rr_order"
# After several licenses went into it at once.
FILLED_CART = "/cart?filled=1"
# What stands in an address as it is (RFC 3986), the percent signs of what is escaped already too.
IN_ADDRESSES = "/?#[]@!$&'()*+,;=:%"
COOKIE_SECONDS = 60 * 24 * 60 * 60


def buyer_of_visit(request: Request) -> Buyer | None:
    """Return for whom the visitor buys; None if they have not said, or the cookie was changed."""
    signed = request.cookies.get(BUYER_COOKIE, "")
    value = unsign(settings_of(request), Purpose.BUYER, signed)
    if value is None:
        return None
    customer_class, _, rest = value.partition(":")
    size, _, code = rest.partition(":")
    try:
        # Checked again: a class or country may be gone since the cookie was made.
        form = BuyerForm.model_validate(
            {"customer_class": customer_class, "size": size, "country": code}
        )
    except ValidationError:
        return None
    return form.buyer()


BuyerDep = Annotated[Buyer | None, Depends(buyer_of_visit)]


def remember_buyer(request: Request, response: Response, buyer: Buyer) -> None:
    """Keep for whom the visitor buys, so that it is asked once."""
    _keep(request, response, BUYER_COOKIE, signed_buyer(request, buyer))


def signed_buyer(request: Request, buyer: Buyer) -> str:
    """Return the cookie that says for whom a visitor buys: one text for one buyer."""
    size = "" if buyer.size is None else buyer.size
    value = f"{buyer.customer_class}:{size}:{buyer.country}"
    return sign(settings_of(request), Purpose.BUYER, value)


def cart_token(request: Request) -> str | None:
    """Return the secret that opens the visitor's cart; None without one."""
    return request.cookies.get(CART_COOKIE) or None


CartTokenDep = Annotated[str | None, Depends(cart_token)]


def remember_cart(request: Request, response: Response, *, token: str, lines: int) -> None:
    """Keep the cart's secret, and how many lines it has for the page's header."""
    _keep(request, response, CART_COOKIE, token)
    _keep(request, response, CART_COUNT_COOKIE, str(lines))


def remember_order(request: Request, response: Response, *, number: str, token: str) -> None:
    """Keep which order the visitor placed last, so that the cart leads back to it while unpaid."""
    _keep(request, response, ORDER_COOKIE, f"{number}.{token}")


def last_order(request: Request, session: Session) -> Order | None:
    """Return the order that the visitor placed last, if there is one."""
    number, _, token = request.cookies.get(ORDER_COOKIE, "").partition(".")
    try:
        return get_order_for_buyer(session, number, token) if token else None
    except NotFoundError:
        return None


def buyer_words(buyer: Buyer) -> str:
    """Return the buyer in words: ``a college or university, 4,200 FTE students, United States``."""
    facts = CLASSES[buyer.customer_class]
    kind = facts.label if facts.label.startswith("K-12") else facts.label.lower()
    size = None
    if buyer.size is not None:
        size = f"{buyer.size:,} {MEASURE_LABELS[facts.size_measure]}"
    return ", ".join(part for part in (f"a {kind}", size, country(buyer.country)) if part)


def local_path(path: str, otherwise: str = "/films") -> str:
    """Return ``path`` if it is one of ours, else ``otherwise``: a form never leads elsewhere.

    >>> local_path("//evil.example/")
    '/films'
    >>> local_path("/films?q=a%26b&q=é")
    '/films?q=a%26b&q=%C3%A9'
    """
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    is_plain = path.isprintable() and "\\" not in path
    return quote(path, safe=IN_ADDRESSES) if is_ours and is_plain else otherwise


def _keep(request: Request, response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=settings_of(request).secure_cookies,
    )
