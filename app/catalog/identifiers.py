"""Numbers that name films and discs: brought into their written form, check digits verified."""

import re
from collections.abc import Callable

from stdnum import ean, isan, isbn
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.iso7064 import mod_37_36

from app.catalog.kinds import IdentifierKind

UPC_DIGITS = 12
# With check characters: of a work, and of a version of it.
ISAN_LENGTHS = (17, 26)
OCLC_PREFIX = re.compile(r"^(?:\(OCoLC\))?(?:ocm|ocn|on)?0*", re.IGNORECASE)
EIDR = re.compile(r"10\.5240/([0-9A-F]{4}(?:-[0-9A-F]{4}){4})-([0-9A-Z])")
PATTERNS = {
    IdentifierKind.OCLC: (re.compile(r"[1-9][0-9]{0,13}"), "as digits, such as 1097463287"),
    IdentifierKind.IMDB: (re.compile(r"tt[0-9]{7,10}"), "as tt and seven digits or more"),
    IdentifierKind.WIKIDATA: (re.compile(r"Q[1-9][0-9]{0,11}"), "as Q and digits, such as Q42"),
}


def _upc(number: str) -> str:
    digits = ean.compact(number)
    if len(digits) != UPC_DIGITS:
        msg = f"a UPC has 12 digits, and {number!r} has {len(digits)}"
        raise ValueError(msg)
    # A UPC-A is an EAN-13 whose first digit is 0.
    return str(ean.validate("0" + digits))[1:]


def _ean(number: str) -> str:
    return str(ean.validate(number))


def _isbn(number: str) -> str:
    return str(isbn.validate(number, convert=True))


def _isan(number: str) -> str:
    if len(isan.compact(number, strip_check_digits=False)) not in ISAN_LENGTHS:
        msg = f"give ISAN {number!r} with its check characters: XXXX-XXXX-XXXX-XXXX-C"
        raise ValueError(msg)
    isan.validate(number)
    return str(isan.format(number))


def _eidr(number: str) -> str:
    wanted = number.strip().upper().removeprefix("HTTPS://DOI.ORG/")
    found = EIDR.fullmatch(wanted)
    if found is None:
        msg = f"an EIDR reads 10.5240/XXXX-XXXX-XXXX-XXXX-XXXX-C, and {number!r} does not"
        raise ValueError(msg)
    digits, check = found.groups()
    # ISO 7064 Mod 37,36 over the twenty hexadecimal digits.
    expected = mod_37_36.calc_check_digit(digits.replace("-", ""))
    if check != expected:
        msg = f"the check character of EIDR {number!r} should be {expected}, not {check}"
        raise ValueError(msg)
    return wanted


CHECKED: dict[IdentifierKind, Callable[[str], str]] = {
    IdentifierKind.UPC: _upc,
    IdentifierKind.EAN: _ean,
    IdentifierKind.ISBN: _isbn,
    IdentifierKind.ISAN: _isan,
    IdentifierKind.EIDR: _eidr,
}


def has_check_digit(kind: IdentifierKind) -> bool:
    """Whether numbers of this kind prove themselves."""
    return kind in CHECKED


def normalized(kind: IdentifierKind, value: str) -> str:
    """Return the number as its standard writes it; an ISBN-10 becomes an ISBN-13.

    Raises:
        ValueError: the form or the check digit is wrong; the message says which, and what was
            given.
    """
    check = CHECKED.get(kind)
    if check is not None:
        try:
            return check(value)
        except InvalidChecksum as error:
            msg = f"the check digit of {kind.label} {value!r} is wrong: look for a typing error"
            raise ValueError(msg) from error
        except ValidationError as error:
            msg = f"{kind.label} {value!r} cannot be right: {error}"
            raise ValueError(msg) from error
    pattern, words = PATTERNS[kind]
    wanted = value.strip()
    if pattern.fullmatch(wanted) is None:
        msg = f"{kind.label} {value!r} cannot be right: it reads {words}"
        raise ValueError(msg)
    return wanted


def equivalents(kind: IdentifierKind, value: str) -> tuple[tuple[IdentifierKind, str], ...]:
    """Return every way in which the catalog may know a number that a list gives.

    A UPC is an EAN with a 0 in front, an ISBN is an EAN as it is, and library systems write OCLC
    numbers with a prefix.

    >>> equivalents(IdentifierKind.OCLC, "(OCoLC)ocn001097463")
    ((<IdentifierKind.OCLC: 'oclc'>, '1097463'),)

    Raises:
        ValueError: the form or the check digit is wrong.
    """
    if kind is IdentifierKind.OCLC:
        value = OCLC_PREFIX.sub("", value.strip())
    if kind is IdentifierKind.UPC and len(ean.compact(value)) == UPC_DIGITS + 1:
        kind = IdentifierKind.EAN
    known = normalized(kind, value)
    if kind is IdentifierKind.UPC:
        return (kind, known), (IdentifierKind.EAN, f"0{known}")
    if kind is IdentifierKind.ISBN:
        return (kind, known), (IdentifierKind.EAN, known)
    if kind is IdentifierKind.EAN and known.startswith("0"):
        return (kind, known), (IdentifierKind.UPC, known[1:])
    return ((kind, known),)
