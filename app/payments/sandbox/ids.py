"""Identifiers with Stripe's prefixes."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTHS = {"cs_test_a1": 56, "evt_": 24, "req_": 14, "whsec_": 32}


def new_id(prefix: str) -> str:
    """Return a new identifier, such as ``pi_`` followed by 24 letters and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTHS.get(prefix, 24)))
