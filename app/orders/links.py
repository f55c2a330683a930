"""Addresses of an order's pages, as emails print them: the store's on the day of the order."""

from app.licenses.models import License
from app.orders.models import Order


def order_url(order: Order) -> str:
    """Return the buyer's secret page."""
    return f"{order.seller['base_url']}/orders/{order.number}?token={order.access_token}"


def mailed_order_url(order: Order) -> str:
    """Return the buyer's page for an email to the buyer's address, where it can be confirmed."""
    confirm = f"&confirm={order.confirmation_token}" if order.is_unconfirmed else ""
    return f"{order_url(order)}{confirm}"


def purchase_order_file_url(order: Order, sha256: str) -> str:
    """Return where the buyer downloads a PDF of the order's purchase order."""
    path = f"/orders/{order.number}/purchase-order/{sha256}.pdf?token={order.access_token}"
    return f"{order.seller['base_url']}{path}"


def certificate_url(order: Order, license_: License, kind: str = "pdf") -> str:
    """Return where the certificate of ``license_`` can be had, as ``pdf`` or ``json``."""
    path = f"/licenses/{license_.number}/certificate.{kind}?token={license_.access_token}"
    return f"{order.seller['base_url']}{path}"


def remove_token(url: str) -> str:
    """Return the address without its secret."""
    return url.partition("?")[0]


def console_order_url(order: Order) -> str:
    """Return the staff's page of the order."""
    return f"{order.seller['base_url']}/console/orders/{order.number}"


def store_url(order: Order) -> str:
    """Return the store's front door."""
    return f"{order.seller['base_url']}/"


def verification_url(order: Order, license_: License) -> str:
    """Return where anyone can check ``license_``."""
    return f"{order.seller['base_url']}/verify/{license_.number}"
