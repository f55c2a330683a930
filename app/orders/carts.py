"""Carts: offers for one buyer, stored on the server and priced at each view."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.config import Settings
from app.core.db import insert_ignore
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.money import Money
from app.core.numbers import new_token
from app.offers.licensing import Buyer, NotOffered, OfferAnswer, build_offer_answer
from app.orders.agreed_lines import AgreedLine
from app.orders.charges import price_shipping
from app.orders.drafts import MAX_LINES, MAX_QUANTITY
from app.orders.models import Cart, CartLine

log = logging.getLogger(__name__)
CART_RETENTION = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class PriceChange:
    """What a line cost when the buyer last saw it, and what it costs now."""

    before: Money
    after: Money

    def words(self) -> str:
        """Return the sentence that the buyer reads."""
        return f"The price changed from {self.before.words()} to {self.after.words()}."


@dataclass(frozen=True, slots=True)
class CartLineView:
    """One line today: an answer with its price, or the reasons why there is none."""

    line: CartLine
    answer: OfferAnswer | None
    title: str
    reasons: list[str]
    changed_price: PriceChange | None

    @property
    def can_be_ordered(self) -> bool:
        """Whether the line can go to checkout as it is."""
        return self.answer is not None

    @property
    def total(self) -> Money | None:
        """What the line costs now; None if it can no longer be had."""
        return self.answer.price.total if self.answer else None


@dataclass(frozen=True, slots=True)
class CartReview:
    """A cart, priced and checked for today. The sums are of the lines that can be ordered."""

    cart: Cart
    buyer: Buyer
    lines: list[CartLineView]
    subtotal: Money
    shipping: Money
    total: Money
    ships: bool
    problems: list[str]

    @property
    def is_empty(self) -> bool:
        """Return whether it has no lines."""
        return not self.lines

    @property
    def can_check_out(self) -> bool:
        """Whether every line can be ordered as it is."""
        return bool(self.lines) and all(view.can_be_ordered for view in self.lines)


def create_cart(session: Session, *, buyer: Buyer) -> tuple[Cart, str]:
    """Create an empty cart; return it and its token, the cookie's value. Only a hash is stored."""
    token = new_token()
    cart = Cart(
        token_hash=_hash(token),
        customer_class=CustomerClass(buyer.customer_class),
        size=buyer.size,
        country=buyer.country,
        expires_at=clock.now() + CART_RETENTION,
        lines=[],
    )
    session.add(cart)
    session.flush()
    return cart, token


def find_cart(session: Session, token: str | None, *, for_order: bool = False) -> Cart | None:
    """Return the cart that ``token`` opens; None if it opens none, or one that has expired.

    ``for_order`` locks it, so that one cart leads to one order.
    """
    if not token:
        return None
    statement = select(Cart).where(Cart.token_hash == _hash(token))
    cart = session.scalar(statement.with_for_update() if for_order else statement)
    return cart if cart is not None and cart.expires_at > clock.now() else None


def buyer_of(cart: Cart) -> Buyer:
    """Return for whom everything in the cart is priced."""
    return Buyer(customer_class=cart.customer_class, size=cart.size, country=cart.country)


def update_buyer(session: Session, cart: Cart, *, buyer: Buyer) -> None:
    """Price the cart for another buyer: class, size and country are the whole cart's."""
    cart.customer_class = buyer.customer_class
    cart.size = buyer.size
    cart.country = buyer.country
    _extend_expiry(session, cart)


def add_line(session: Session, cart: Cart, *, sku: str, quantity: int = 1, on: date) -> OfferAnswer:
    """Add an offer to the cart, or ``quantity`` more discs of one that it has.

    Only what is on offer to this buyer today goes in; a watch link never does, it has no sku.

    Raises:
        InvalidInputError: not offered (with the reasons), or too many; nothing was added.
    """
    line = next((line for line in cart.lines if line.sku == sku), None)
    total_quantity = quantity
    answer = _get_answer(session, cart, sku=sku, quantity=total_quantity, on=on)
    if line is not None and answer.ships:
        total_quantity += line.quantity
        answer = _get_answer(session, cart, sku=sku, quantity=total_quantity, on=on)
    if line is None and len(cart.lines) >= MAX_LINES:
        problem = FieldProblem(
            "#/offer", (f"A cart holds {MAX_LINES} licenses. Place this order first.")
        )
        raise InvalidInputError.of(problem)
    if line is None:
        values = {"cart_id": cart.id, "sku": answer.sku, "quantity": total_quantity}
        insert_ignore(session, CartLine, values, index_elements=["cart_id", "sku"])
        session.refresh(cart, ["lines"])
        line = next(line for line in cart.lines if line.sku == answer.sku)
    _record_seen(line, total_quantity, answer)
    _extend_expiry(session, cart)
    return answer


def update_line(session: Session, cart: Cart, *, line_id: int, quantity: int, on: date) -> None:
    """Set the quantity of a line; 0 removes it.

    Raises:
        NotFoundError: the cart has no such line.
        InvalidInputError: not that many can be had, with the reasons; nothing was changed.
    """
    line = next((line for line in cart.lines if line.id == line_id), None)
    if line is None:
        detail = "This item is not in your cart."
        raise NotFoundError(detail)
    if quantity == 0:
        remove_line(session, cart, line_id=line_id)
        return
    answer = _get_answer(session, cart, sku=line.sku, quantity=quantity, on=on)
    _record_seen(line, quantity, answer)
    _extend_expiry(session, cart)


def remove_line(session: Session, cart: Cart, *, line_id: int) -> None:
    """Remove a line from the cart, if it has it."""
    if all(line.id != line_id for line in cart.lines):
        return  # a database refuses some numbers
    session.execute(delete(CartLine).where(CartLine.id == line_id, CartLine.cart_id == cart.id))
    session.flush()
    session.refresh(cart, ["lines"])
    _extend_expiry(session, cart)


def clear_cart(session: Session, cart: Cart) -> None:
    """Remove every line, as after an order was placed."""
    session.execute(delete(CartLine).where(CartLine.cart_id == cart.id))
    session.refresh(cart, ["lines"])


def restore_lines(
    session: Session, cart: Cart, lines: Sequence[AgreedLine], *, buyer: Buyer
) -> None:
    """Add the lines of an order or a quote of ``buyer`` to the cart again.

    Nothing is checked: the cart's page says what can no longer be ordered, and what has another
    price by now.

    Raises:
        InvalidInputError: both together are more than a cart holds; nothing was added.
    """
    if not cart.lines:
        cart.customer_class = buyer.customer_class
        cart.size = buyer.size
        cart.country = buyer.country
    existing = {line.sku: line for line in cart.lines}
    added = [line for line in lines if line.sku not in existing]
    if len(existing) + len(added) > MAX_LINES:
        detail = f"A cart holds {MAX_LINES} licenses. Remove some first."
        raise InvalidInputError.of(FieldProblem("#/cart", detail))
    for line in lines:
        if line.sku in existing:
            existing[line.sku].quantity = max(existing[line.sku].quantity, line.quantity)
            continue
        values = {
            "cart_id": cart.id,
            "sku": line.sku,
            "quantity": line.quantity,
            "seen_amount": line.total_amount,
            "seen_title": line.full_title,
        }
        insert_ignore(session, CartLine, values, index_elements=["cart_id", "sku"])
    _extend_expiry(session, cart)
    session.refresh(cart, ["lines"])


def acknowledge_prices(session: Session, cart: Cart, *, on: date) -> None:
    """Record that the buyer has seen today's prices, so that changes are shown once."""
    for line in cart.lines:
        answer = build_offer_answer(
            session, line.sku, buyer_of(cart), quantity=line.quantity, on=on
        )
        if isinstance(answer, OfferAnswer):
            _record_seen(line, line.quantity, answer)
    session.flush()


def price_cart(session: Session, cart: Cart, *, on: date, settings: Settings) -> CartReview:
    """Price and check every line for ``on``; say line by line what changed. Changes nothing."""
    buyer = buyer_of(cart)
    views = [_view(session, line, buyer, on, settings.currency) for line in cart.lines]
    subtotal = Money.zero(settings.currency)
    for view in views:
        if view.total is not None:
            subtotal += view.total
    ships = any(view.answer.ships for view in views if view.answer)
    shipping = price_shipping(settings, country=cart.country, ships=ships)
    problems = [f"{view.title}: {reason}" for view in views for reason in view.reasons]
    return CartReview(
        cart=cart,
        buyer=buyer,
        lines=views,
        subtotal=subtotal,
        shipping=shipping,
        total=subtotal + shipping,
        ships=ships,
        problems=problems,
    )


def full_title(answer: OfferAnswer) -> str:
    """Return the film and what is sold of it."""
    return f"{answer.offer.film.title}: {answer.title}"


def delete_expired(session: Session) -> int:
    """Delete carts that were not used for sixty days; return how many."""
    deleted = session.scalars(
        delete(Cart).where(Cart.expires_at < clock.now()).returning(Cart.id)
    ).all()
    return len(deleted)


def _view(session: Session, line: CartLine, buyer: Buyer, on: date, currency: str) -> CartLineView:
    answer = build_offer_answer(session, line.sku, buyer, quantity=line.quantity, on=on)
    if isinstance(answer, NotOffered):
        title = line.seen_title or answer.title or line.sku
        reasons = answer.reasons or ["This license is no longer available."]
        return CartLineView(line, None, title, list(reasons), None)
    if other := answer.refusal_in(currency):
        return CartLineView(line, None, full_title(answer), [other], None)
    changed = None
    if line.seen_amount is not None and line.seen_amount != answer.price.total.amount:
        changed = PriceChange(
            Money(line.seen_amount, answer.price.total.currency), answer.price.total
        )
    reasons = [changed.words()] if changed else []
    return CartLineView(line, answer, full_title(answer), reasons, changed)


def _get_answer(session: Session, cart: Cart, *, sku: str, quantity: int, on: date) -> OfferAnswer:
    if not 1 <= quantity <= MAX_QUANTITY:
        problem = FieldProblem("#/quantity", f"Enter a number from 1 to {MAX_QUANTITY}.")
        raise InvalidInputError.of(problem)
    answer = build_offer_answer(session, sku, buyer_of(cart), quantity=quantity, on=on)
    if isinstance(answer, NotOffered):
        raise InvalidInputError.of(FieldProblem("#/offer", " ".join(answer.reasons)))
    return answer


def _record_seen(line: CartLine, quantity: int, answer: OfferAnswer) -> None:
    line.quantity = quantity
    line.seen_amount = answer.price.total.amount
    line.seen_title = full_title(answer)


def _extend_expiry(session: Session, cart: Cart) -> None:
    cart.expires_at = clock.now() + CART_RETENTION
    session.flush()


def _hash(token: str) -> str:
    # Plain SHA-256 is enough, because the token has 256 random bits.
    return hashlib.sha256(token.encode()).hexdigest()
