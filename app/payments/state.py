"""The state of an application that takes payments."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from app.core.app_state import AppState
from app.payments.gateway import StripeGateway


@dataclass(slots=True, kw_only=True)
class StoreState(AppState):
    """The application's state and its gateway to Stripe."""

    gateway: StripeGateway


def store_state(connection: HTTPConnection) -> StoreState:
    """Return the state of the store that answers this request."""
    return cast("StoreState", connection.app.state)
