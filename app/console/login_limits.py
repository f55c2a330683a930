"""Limits for wrong passwords and codes, shared by all workers.

An attempt is counted before it is checked, so that concurrent attempts can't all pass, and
uncounted if it is right. A browser that logged in before has its own count (a device cookie, see
OWASP), so that strangers can't lock a person out; other attempts are counted by network.
"""

import hashlib
from collections.abc import Iterator

from fastapi import Request
from fastapi.responses import Response

from app.core import throttle
from app.core.app_state import app_state
from app.core.networks import network_of
from app.core.numbers import new_token
from app.core.request_middleware import settings_of
from app.core.signing import Purpose, sign, unsign

WINDOW_SECONDS = 15 * 60
MAX_OF_ADDRESS = 50
MAX_OF_ACCOUNT_AND_ADDRESS = 10
MAX_OF_DEVICE = 10
# Attempts at one account from all unknown browsers: many addresses that guess in turn.
MAX_OF_ACCOUNT = 200
MAX_CODES = 6
COOKIE = "rr_device"
DEVICE_SECONDS = 180 * 24 * 3600


def count_password_attempt(request: Request, account: str) -> None:
    """Count an attempt at the password of ``account``.

    Raises:
        TooManyRequestsError: there were too many wrong attempts in 15 minutes.
    """
    for name, identity, limit in _password_limits(request, account):
        _count(request, name, identity, limit)


def uncount_password_attempt(request: Request, account: str) -> None:
    """Uncount the last attempt at the password of ``account``."""
    _release(
        request, *((name, identity) for name, identity, _ in _password_limits(request, account))
    )


def count_code_attempt(request: Request, account: str) -> None:
    """Count an attempt at the code of ``account``.

    Raises:
        TooManyRequestsError: there were too many wrong attempts; a code has only six digits.
    """
    _count(request, "login code", account, MAX_CODES)


def uncount_code_attempt(request: Request, account: str) -> None:
    """Uncount the last attempt at the code of ``account``."""
    _release(request, ("login code", account))


def remember_device(request: Request, response: Response, account: str) -> None:
    """Give the browser that ``account`` logged in with a count of its own."""
    settings = settings_of(request)
    if _device(request, account) is not None:
        return
    value = f"{_digest(account)}:{new_token()}"
    response.set_cookie(
        COOKIE,
        sign(settings, Purpose.LOGIN_DEVICE, value),
        max_age=DEVICE_SECONDS,
        path="/console",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def _password_limits(request: Request, account: str) -> Iterator[tuple[str, str, int]]:
    device = _device(request, account)
    if device is not None:
        yield "login device", device, MAX_OF_DEVICE
        return
    address = network_of(request)
    yield "login address", address, MAX_OF_ADDRESS
    yield "login account and address", f"{account} {address}", MAX_OF_ACCOUNT_AND_ADDRESS
    yield "login account", account, MAX_OF_ACCOUNT


def _device(request: Request, account: str) -> str | None:
    """Return the browser's ID if ``account`` logged in with it before."""
    signed = request.cookies.get(COOKIE, "")
    value = unsign(settings_of(request), Purpose.LOGIN_DEVICE, signed)
    owner, _, device = (value or "").partition(":")
    return device if owner == _digest(account) else None


def _digest(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:32]


def _count(request: Request, name: str, identity: str, limit: int) -> None:
    # Its own transaction, so that the attempt counts even if the request fails.
    with app_state(request).sessions.begin() as session:
        throttle.hit(session, name, identity, limit=limit, seconds=WINDOW_SECONDS)


def _release(request: Request, *counted: tuple[str, str]) -> None:
    with app_state(request).sessions.begin() as session:
        for name, identity in counted:
            throttle.release(session, name, identity, seconds=WINDOW_SECONDS)
