"""Public numbers and secret tokens. Neither says how many there are."""

import secrets

# Crockford's base 32: no I, L, O or U, so a number read out on the phone is not misheard.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8


def new_number(prefix: str) -> str:
    """Return a random public number such as ``RR-7K3QF9TD``: forty random bits.

    Callers keep numbers unique in the database; a clash is one in a trillion for each pair.
    """
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def new_token() -> str:
    """Return a secret of 256 random bits for a link or a cookie, safe in a URL."""
    return secrets.token_urlsafe(32)
