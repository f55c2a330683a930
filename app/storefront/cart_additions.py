"""Licenses chosen on a list, put into the visitor's cart: what does not fit is named."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import InvalidInputError
from app.offers.licensing import Buyer
from app.orders import carts
from app.orders.drafts import MAX_LINES
from app.orders.models import Cart


def add_offers_to_cart(
    session: Session, token: str | None, skus: Sequence[str], buyer: Buyer
) -> tuple[Cart | None, str, list[str]]:
    """Put offers in the cart of ``token``, or in a new one, priced for ``buyer``.

    Return the cart, its secret, and why some of the offers did not go in. What is in it already
    is not put in twice.
    """
    if not skus:
        return None, "", ["Select at least one license."]
    cart = carts.find_cart(session, token)
    secret = token or ""
    if cart is None:
        cart, secret = carts.create_cart(session, buyer=buyer)
    elif carts.buyer_of(cart) != buyer:
        carts.update_buyer(session, cart, buyer=buyer)
    return cart, secret, _add(session, cart, skus)


def _add(session: Session, cart: Cart, skus: Sequence[str]) -> list[str]:
    held = {line.sku for line in cart.lines}
    wanted = [sku for sku in skus if sku not in held]
    free = MAX_LINES - len(held)
    problems = []
    for sku in wanted[:free]:
        try:
            carts.add_line(session, cart, sku=sku, on=clock.today())
        except InvalidInputError as error:
            problems += [f"{sku[:120]}: {problem.detail}" for problem in error.errors]
    if len(wanted) > free:
        problems.append(
            f"A cart holds {MAX_LINES} licenses. {len(wanted) - free} of your selections were not "
            f"added. Place this order first."
        )
    return problems
