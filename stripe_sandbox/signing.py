"""Stripe's signature of a webhook delivery: ``t=<seconds>,v1=<HMAC-SHA256 of "t.body">``."""

import hashlib
import hmac


def signature(body: bytes, *, secret: str, at: int) -> str:
    """Return the value of the ``Stripe-Signature`` header."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"
