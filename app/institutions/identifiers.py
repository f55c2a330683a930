"""Identifiers and email domains of institutions, brought into their written form. Pure."""

import re
from collections.abc import Callable

from stdnum import isil
from stdnum.exceptions import ValidationError

from app.core.email_address import parse_email
from app.core.email_domains import INSTITUTIONAL, is_free_email
from app.core.numbers import ALPHABET
from app.institutions.models import IdentifierScheme

SCHEME_LABELS = {
    IdentifierScheme.ROR: "ROR ID",
    IdentifierScheme.IPEDS: "IPEDS UNITID",
    IdentifierScheme.NCES: "NCES ID",
    IdentifierScheme.ISIL: "ISIL",
    IdentifierScheme.SAN: "SAN",
    IdentifierScheme.OCLC: "OCLC symbol",
}
ROR = re.compile(r"(?:https?://)?(?:ror\.org/)?(0[0-9a-hj-km-np-tv-z]{6})([0-9]{2})")
SAN = re.compile(r"(?:SAN )?([0-9]{3})-?([0-9]{3})([0-9X])")
SAN_WEIGHTS = (7, 6, 5, 4, 3, 2)
PATTERNS = {
    IdentifierScheme.IPEDS: (re.compile(r"[1-9][0-9]{5}"), "Enter six digits, like 190150."),
    # A district, a public school, and a private school.
    IdentifierScheme.NCES: (
        re.compile(r"[0-9]{7}|[0-9]{12}|[A-Z0-9][0-9]{7}"),
        "Enter 7 digits for a district, 12 for a public school, or 8 characters for a private one.",
    ),
    IdentifierScheme.OCLC: (
        re.compile(r"[A-Z0-9@#$%&*'+/-]{3,9}"),
        "Enter 3 to 9 characters, like DLC.",
    ),
}


def parse_identifier(scheme: IdentifierScheme, text: str) -> str:
    """Return an identifier as its scheme writes it.

    >>> parse_identifier(IdentifierScheme.ROR, "ror.org/00hj8s172")
    'https://ror.org/00hj8s172'
    >>> parse_identifier(IdentifierScheme.SAN, "1691503")
    '169-1503'

    Raises:
        ValueError: its form or its check digits are wrong.
    """
    text = " ".join(text.split())
    if scheme in CHECKED:
        return CHECKED[scheme](text)
    pattern, problem = PATTERNS[scheme]
    if not pattern.fullmatch(text.upper()):
        raise ValueError(problem)
    return text.upper()


def _parse_ror(text: str) -> str:
    match = ROR.fullmatch(text.lower())
    if match is None:
        msg = "Enter the ROR ID, like https://ror.org/00hj8s172."
        raise ValueError(msg)
    number = 0
    for letter in match[1].upper():
        number = number * 32 + ALPHABET.index(letter)
    # ISO 7064 Mod 97-10 of the number that the letters spell in base 32.
    if int(match[2]) != 98 - number * 100 % 97:
        msg = "The last two digits of this ROR ID do not match the rest. Check for a typing error."
        raise ValueError(msg)
    return f"https://ror.org/{match[1]}{match[2]}"


def _parse_san(text: str) -> str:
    match = SAN.fullmatch(text.upper())
    if match is None:
        msg = "Enter the SAN as seven digits, like 169-1503."
        raise ValueError(msg)
    digits = match[1] + match[2]
    total = sum(weight * int(digit) for weight, digit in zip(SAN_WEIGHTS, digits, strict=True))
    if "0123456789X"[-total % 11] != match[3]:
        msg = "The last digit of this SAN does not match the rest. Check for a typing error."
        raise ValueError(msg)
    return f"{match[1]}-{match[2]}{match[3]}"


def _parse_isil(text: str) -> str:
    try:
        return str(isil.format(isil.validate(text)))
    except ValidationError as error:
        msg = "Enter the ISIL with its country, like US-NNC."
        raise ValueError(msg) from error


CHECKED: dict[IdentifierScheme, Callable[[str], str]] = {
    IdentifierScheme.ROR: _parse_ror,
    IdentifierScheme.SAN: _parse_san,
    IdentifierScheme.ISIL: _parse_isil,
}


def parse_domain(text: str) -> str:
    """Return an institution's email domain in lower case and ASCII (punycode).

    >>> parse_domain(" @Bücher.Example.EDU ")
    'xn--bcher-kva.example.edu'

    Raises:
        ValueError: it is no domain, or many institutions or people use it.
    """
    typed = text.strip().lower().removeprefix("@").rstrip(".")
    try:
        domain = parse_email(f"name@{typed}").partition("@")[2]
    except ValueError as error:
        msg = "Enter the part of an email address after the @, like example.edu."
        raise ValueError(msg) from error
    if is_free_email(domain):
        msg = f"Anyone can get an address at {domain}. Invite people with their addresses instead."
        raise ValueError(msg)
    if INSTITUTIONAL.fullmatch(domain):
        msg = f"Many institutions are below {domain}. Enter the domain of this one."
        raise ValueError(msg)
    return domain
