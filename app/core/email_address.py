"""Email addresses that mail servers deliver to: one rule for orders, alerts, notes and staff."""
# ruff: noqa: PLC0415 - the library takes a tenth of a second to load, and few requests need it

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import ErrorDetails

from app.core.text import TextConstraints

MAX_LENGTH = 254
ASCII_ONLY = "must have only ASCII characters before the @"


def parse_email(text: str) -> str:
    """Return an address as it is stored and sent to, with the domain in ASCII (punycode).

    Not every mail server takes letters beyond ASCII before the @ (SMTPUTF8), so they are refused
    here, where the person can still choose another address.

    Raises:
        ValueError: no email could be delivered there.
    """
    from email_validator import EmailNotValidError, validate_email

    local, _, domain = text.rpartition("@")
    if domain and not local.isascii():
        raise ValueError(ASCII_ONLY)
    try:
        checked = validate_email(
            text, check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        msg = "Enter an email address, like name@college.edu."
        raise ValueError(msg) from error
    address = checked.ascii_email
    if address is None or len(address) > MAX_LENGTH:
        msg = f"Enter an email address of up to {MAX_LENGTH} characters."
        raise ValueError(msg)
    return address


def format_email_problem(problem: ErrorDetails, usual: str) -> str:
    """Return what a form says of a refused address: the usual sentence, or why it is special."""
    return (
        f"Enter another email address. It {ASCII_ONLY}" if (ASCII_ONLY in problem["msg"]) else usual
    )


Email = Annotated[
    str,
    TextConstraints(strip_whitespace=True, min_length=3, max_length=MAX_LENGTH),
    AfterValidator(parse_email),
]
