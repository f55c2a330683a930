"""All that a public page may depend on of its visitor: what its route declares.

An endpoint sees no other cookie than these functions return: a page that came to depend on one more
would show its visitor nothing of it, and never show it to another.
"""

from fastapi import Request

from app.core.public_reads import Cookies
from app.storefront.visitor import BUYER_COOKIE, buyer_of_visit, signed_buyer
from app.web.rendering import CART_COUNT_COOKIE, cart_count


def header_cookies(request: Request) -> Cookies:
    """Return what every page shows of a visitor: in its header, how full the cart is."""
    count = cart_count(request)
    return ((CART_COUNT_COOKIE, str(count)),) if count else ()


def film_cookies(request: Request) -> Cookies:
    """Return what prices on a page depend on: the header's, and for whom the visitor buys."""
    buyer = buyer_of_visit(request)
    cookies = header_cookies(request)
    return (*cookies, (BUYER_COOKIE, signed_buyer(request, buyer))) if buyer else cookies
