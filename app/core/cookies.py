"""Over https our cookies have the prefix ``__Host-``: another host of the domain cannot set them.

Browsers take a cookie with that prefix only from the host itself, over https, for all its paths
(RFC 6265bis, 4.1.3.2). The rest of the store knows the plain names.
"""

import re

OWN = b"rr_"
PREFIX = b"__Host-"
PATH = re.compile(rb"; path=[^;]*", re.IGNORECASE)


def read_cookies(header: bytes) -> bytes:
    """Return a ``Cookie`` header with plain names, without such as another host may have set.

    >>> read_cookies(b"__Host-rr_cart=1; rr_cart=evil; other=2")
    b'rr_cart=1; other=2'
    """
    cookies = [cookie.strip() for cookie in header.split(b";")]
    kept = [cookie.removeprefix(PREFIX) for cookie in cookies if not cookie.startswith(OWN)]
    return b"; ".join(kept)


def write_cookie(header: bytes) -> bytes:
    """Return a ``Set-Cookie`` header with the prefix, and for all paths, as the prefix demands.

    >>> write_cookie(b"rr_staff=1; HttpOnly; Path=/console; Secure")
    b'__Host-rr_staff=1; HttpOnly; Path=/; Secure'
    """
    if not header.startswith(OWN):
        return header
    return PREFIX + PATH.sub(b"; Path=/", header)
