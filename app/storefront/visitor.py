"""What cookies say about a visitor: the buyer, the cart, the last order.

A cached public page depends on no other cookies than ``header_cookies`` or ``film_cookies`` return.
Its route declares which.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.accounts.customers import CLASSES
from app.core.errors import NotFoundError
from app.core.public_reads import Cookies
from app.core.request_middleware import settings_of
from app.core.signing import Purpose, sign, unsign
from app.offers.licensing import Buyer
from app.offers.pricing import MEASURE_LABELS
from app.orders.models import Order
from app.orders.queries import get_order_for_buyer
from app.storefront.buyer_form import BuyerForm
from app.web.formats import country
from app.web.rendering import CART_COUNT_COOKIE, cart_count

BUYER_COOKIE = "rr_buyer"
CART_COOKIE = "rr_cart"
ORDER_COOKIE = "rr_order"
QUOTE_COOKIE = "rr_quote"
# Where to go after several licenses were added at once.
FILLED_CART = "/cart?filled=1"
# Characters that URLs keep (RFC 3986), with the percent signs of escapes.
URL_CHARACTERS = "/?#[]@!$&'()*+,;=:%"
COOKIE_SECONDS = 60 * 24 * 60 * 60


def buyer_of_visit(request: Request) -> Buyer | None:
    """Return the visitor's buyer; None if unknown, or if the cookie was altered."""
    signed = request.cookies.get(BUYER_COOKIE, "")
    value = unsign(settings_of(request), Purpose.BUYER, signed)
    if value is None:
        return None
    customer_class, _, rest = value.partition(":")
    size, _, code = rest.partition(":")
    try:
        # Checked again, because a class or country may have been removed since.
        form = BuyerForm.model_validate(
            {"customer_class": customer_class, "size": size, "country": code}
        )
    except ValidationError:
        return None
    return form.buyer()


BuyerDep = Annotated[Buyer | None, Depends(buyer_of_visit)]


def remember_buyer(request: Request, response: Response, buyer: Buyer) -> None:
    """Save the buyer in a cookie."""
    _set_cookie(request, response, BUYER_COOKIE, signed_buyer(request, buyer))


def signed_buyer(request: Request, buyer: Buyer) -> str:
    """Return the cookie value of a buyer; equal buyers have equal values."""
    size = "" if buyer.size is None else buyer.size
    value = f"{buyer.customer_class}:{size}:{buyer.country}"
    return sign(settings_of(request), Purpose.BUYER, value)


def cart_token(request: Request) -> str | None:
    """Return the secret of the visitor's cart; None without one."""
    return request.cookies.get(CART_COOKIE) or None


CartTokenDep = Annotated[str | None, Depends(cart_token)]


def remember_cart(request: Request, response: Response, *, token: str, lines: int) -> None:
    """Save the cart's secret, and its number of lines for the page header."""
    _set_cookie(request, response, CART_COOKIE, token)
    _set_cookie(request, response, CART_COUNT_COOKIE, str(lines))


def remember_order(request: Request, response: Response, *, number: str, token: str) -> None:
    """Save the last order, so that the cart links to it while it is unpaid."""
    _set_cookie(request, response, ORDER_COOKIE, f"{number}.{token}")


def last_order(request: Request, session: Session) -> Order | None:
    """Return the last order of the visitor, if any."""
    number, _, token = request.cookies.get(ORDER_COOKIE, "").partition(".")
    try:
        return get_order_for_buyer(session, number, token) if token else None
    except NotFoundError:
        return None


def remember_quote(request: Request, response: Response, *, number: str, token: str) -> None:
    """Save the quote that the next quote of the cart takes the place of."""
    _set_cookie(request, response, QUOTE_COOKIE, f"{number}.{token}")


def quote_to_replace(request: Request) -> str:
    """Return that quote, as number and token; empty if there is none."""
    return request.cookies.get(QUOTE_COOKIE, "")[:250]


def forget_quote(request: Request, response: Response) -> None:
    """Delete the cookie of that quote."""
    secure = settings_of(request).secure_cookies
    response.delete_cookie(QUOTE_COOKIE, secure=secure, httponly=True, samesite="lax")


def buyer_words(buyer: Buyer) -> str:
    """Return ``a college or university, 4,200 FTE students, United States``."""
    facts = CLASSES[buyer.customer_class]
    kind = facts.label if facts.label.startswith("K-12") else facts.label.lower()
    size = None
    if buyer.size is not None:
        size = f"{buyer.size:,} {MEASURE_LABELS[facts.size_measure]}"
    return ", ".join(part for part in (f"a {kind}", size, country(buyer.country)) if part)


def local_path(path: str, otherwise: str = "/films") -> str:
    """Return ``path`` if it is in this store, else ``otherwise``, so that no form leads elsewhere.

    >>> local_path("//evil.example/")
    '/films'
    >>> local_path("/films?q=a%26b&q=é")
    '/films?q=a%26b&q=%C3%A9'
    """
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    is_plain = path.isprintable() and "\\" not in path
    return quote(path, safe=URL_CHARACTERS) if is_ours and is_plain else otherwise


def _set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=settings_of(request).secure_cookies,
    )


def header_cookies(request: Request) -> Cookies:
    """Return the cookie that every page depends on: the number of cart lines in its header."""
    count = cart_count(request)
    return ((CART_COUNT_COOKIE, str(count)),) if count else ()


def film_cookies(request: Request) -> Cookies:
    """Return the cookies that pages with prices depend on: the header's, and the buyer."""
    buyer = buyer_of_visit(request)
    cookies = header_cookies(request)
    return (*cookies, (BUYER_COOKIE, signed_buyer(request, buyer))) if buyer else cookies
