"""Identifiers with Stripe's prefixes."""

import secrets
from base64 import b64encode
from typing import Final

_LENGTHS: Final = {"cs_test_a1": 56, "req_": 14, "whsec_": 32}
_DEFAULT_LENGTH: Final = 24
_REMOVE_PUNCTUATION: Final = str.maketrans("", "", "+/=")


def new_id(prefix: str) -> str:
    """Return a new identifier, such as ``pi_`` followed by 24 letters and digits."""
    length = _LENGTHS.get(prefix, _DEFAULT_LENGTH)
    # Twice as many bytes as characters, because punctuation is removed.
    text = b64encode(secrets.token_bytes(2 * length)).decode()
    return prefix + text.translate(_REMOVE_PUNCTUATION)[:length]
