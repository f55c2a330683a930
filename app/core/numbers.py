"""Public numbers and secret tokens. Neither says how many there are."""

import secrets
import unicodedata

# Crockford's base 32: no I, L, O or U, so a number read out on the phone is not misheard.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
MAX_TYPED_LENGTH = 200
LOOKALIKES = str.maketrans("OIL", "011")


def new_number(prefix: str) -> str:
    """Return a random public number such as ``RR-7K3QF9TD``: forty random bits.

    Callers keep numbers unique in the database; a clash is one in a trillion for each pair.
    """
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def parse_number(text: str, prefix: str) -> str | None:
    """Return the public number that a person typed or pasted; None if it is none.

    Case, spaces, and dashes do not matter, the prefix may be missing, and the letters that the
    alphabet leaves out are read as the digits that they look like.

    >>> parse_number("rl ae6vgjwc", "RL"), parse_number("RL7K3Q F9TO", "RL")
    ('RL-AE6VGJWC', 'RL-7K3QF9T0')
    """
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text[:MAX_TYPED_LENGTH])))
    letters = letters.upper()
    before, body = letters[:-LENGTH], letters[-LENGTH:].translate(LOOKALIKES)
    if (before and not before.endswith(prefix)) or len(body) != LENGTH:
        return None
    return f"{prefix}-{body}" if set(body) <= set(ALPHABET) else None


def new_token() -> str:
    """Return a secret of 256 random bits for a link or a cookie, safe in a URL."""
    return secrets.token_urlsafe(32)
