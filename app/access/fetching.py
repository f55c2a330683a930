"""Fetching what campuses publish: SAML metadata and keys. Never inside a transaction."""

import ipaddress
import socket
from urllib.parse import urlsplit

from app.core.config import Settings

TIMEOUT_SECONDS = 8
# The metadata of a whole federation is a hundred times larger: of it, one entity is asked for.
MAX_BYTES = 2_000_000


class FetchError(Exception):
    """The address did not answer with what was asked for."""


def fetch_bytes(settings: Settings, url: str) -> bytes:
    """Return the bytes at an address that an institution entered.

    It must be a public https address, so that it cannot reach the store's own network. Where the
    sandbox runs, this machine will do.

    Raises:
        FetchError: as above; the message is a sentence for its author.
    """
    import requests  # noqa: PLC0415 - few requests need it

    _check_address(settings, url)
    try:
        with requests.get(
            url, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
        ) as answer:
            if answer.status_code != requests.codes.ok:
                msg = f"The address answered {answer.status_code}."
                raise FetchError(msg)
            body = answer.raw.read(MAX_BYTES + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        msg = f"The address did not answer ({type(error).__name__})."
        raise FetchError(msg) from error
    if len(body) > MAX_BYTES:
        msg = "The answer is larger than 2 MB. Enter the address of one entity."
        raise FetchError(msg)
    return bytes(body)


def check_url(settings: Settings, url: str) -> None:
    """Check the form of an address, without asking it.

    Raises:
        FetchError: it is not https; the message says so.
    """
    parts = urlsplit(url)
    is_local = settings.sandbox_enabled and parts.hostname in {"127.0.0.1", "localhost"}
    if parts.scheme != "https" and not (is_local and parts.scheme == "http"):
        msg = "Enter an address that starts with https://."
        raise FetchError(msg)
    if not parts.hostname or parts.username:
        msg = "Enter a whole address, like https://idp.example.edu/metadata."
        raise FetchError(msg)


def _check_address(settings: Settings, url: str) -> None:
    check_url(settings, url)
    if settings.sandbox_enabled:
        return
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, None)
    except OSError as error:
        msg = "The name of the server is not known."
        raise FetchError(msg) from error
    if not all(ipaddress.ip_address(each[4][0]).is_global for each in found):
        msg = "The address is not public."
        raise FetchError(msg)
