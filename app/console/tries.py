"""Tries at passwords and codes, counted by all workers together before each is looked at."""

from fastapi import Request

from app.core import throttle
from app.core.networks import network_of

WINDOW_SECONDS = 15 * 60
PER_ACCOUNT = 10
PER_ADDRESS = 50
CODES = 6


def count_password(request: Request, account: str) -> None:
    """Count one try at ``account``'s password, for the account and for where it comes from.

    Raises:
        TooManyRequestsError: there were too many of either within a quarter of an hour.
    """
    address = network_of(request)
    _count(request, "login address", address, PER_ADDRESS)
    _count(request, "login account", account, PER_ACCOUNT)


def count_code(request: Request, account: str) -> None:
    """Count one try at ``account``'s second step.

    Raises:
        TooManyRequestsError: a code has six digits, so few tries are all there are.
    """
    _count(request, "login code", account, CODES)


def _count(request: Request, name: str, identity: str, limit: int) -> None:
    # A transaction of its own, so that a try counts whatever becomes of the request.
    with request.app.state.sessions.begin() as session:
        throttle.hit(session, name, identity, limit=limit, seconds=WINDOW_SECONDS)
