"""How many orders one sender may place: each writes emails, so not by the thousand."""

from fastapi import Request
from sqlalchemy.orm import Session

from app.core import throttle
from app.core.networks import network_of

HOUR = 60 * 60


def count_order(session: Session, request: Request, *, email: str, limit: int) -> None:
    """Count an order for where it comes from and for the address that its emails go to.

    Raises:
        TooManyRequestsError: more than ``limit`` of either within an hour.
    """
    address = network_of(request)
    throttle.hit(session, "orders from", address, limit=limit, seconds=HOUR)
    throttle.hit(session, "orders of", email.lower(), limit=limit, seconds=HOUR)
