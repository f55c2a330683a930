"""Numbers that name films and discs: brought into their written form, check digits verified."""

import re
import unicodedata
from collections.abc import Callable, Iterable

from stdnum import ean, isan, isbn
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.iso7064 import mod_37_36

from app.catalog.enums import IdentifierKind

UPC_DIGITS, MIN_UPC_DIGITS = 12, 9
ISBN_10_DIGITS = 10
# With check characters: of a work, and of a version of it.
ISAN_LENGTHS = (17, 26)
OCLC_PREFIX = re.compile(r"^(?:\(OCoLC\))?(?:ocm|ocn|on)?0*", re.IGNORECASE)
# What catalogs write around a number: "ISBN 978…", "978… (DVD)", "978… : $24.95".
LABEL = re.compile(
    r"^(?:isbn(?:[- ]?1[03])?|upc(?:-a)?|ean(?:-13)?|gtin|eidr|isan)\b[\s:#.]*", re.IGNORECASE
)
AFTER_NUMBER = re.compile(
    r"(?<=[0-9A-Z])\s*[(\[].*$|(?<=[0-9X])\s*:.*$|(?<=[0-9A-Z])\s+(?=[^\W\d])(?!X$).*$",
    re.IGNORECASE | re.DOTALL,
)
BETWEEN_NUMBERS = re.compile(r"[;|\n]|,\s")
# What spreadsheets make of a long number.
DECIMALS = re.compile(r"(\d+)[.,]0+")
SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
DASHES = str.maketrans(
    dict.fromkeys(
        "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}", "-"
    )
)
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
        msg = f"enter ISAN {number!r} with its check characters: XXXX-XXXX-XXXX-XXXX-C"
        raise ValueError(msg)
    isan.validate(number)
    return str(isan.format(number))


def _eidr(number: str) -> str:
    wanted = number.strip().upper().removeprefix("HTTPS://DOI.ORG/")
    match = EIDR.fullmatch(wanted)
    if match is None:
        msg = f"enter EIDR {number!r} in full: 10.5240/XXXX-XXXX-XXXX-XXXX-XXXX-C"
        raise ValueError(msg)
    digits, check = match.groups()
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

    A label in front, a qualifier or price behind, and zeros that a spreadsheet dropped or added
    make no difference.

    >>> normalized(IdentifierKind.ISBN, "ISBN 978-0-9771037-9-9 (DVD)")
    '9780977103799'

    Raises:
        ValueError: the form or the check digit is wrong; the message says which, and what was
            given.
    """
    check = CHECKED.get(kind)
    if check is not None:
        try:
            return check(_without_additions(kind, value))
        except InvalidChecksum as error:
            msg = f"The check digit of {kind.label} {value!r} is wrong. Check for a typing error."
            raise ValueError(msg) from error
        except ValidationError as error:
            msg = f"{kind.label} {value!r} is invalid: {error}"
            raise ValueError(msg) from error
    pattern, words = PATTERNS[kind]
    wanted = value.strip()
    if pattern.fullmatch(wanted) is None:
        msg = f"{kind.label} {value!r} is invalid. Enter it {words}."
        raise ValueError(msg)
    return wanted


def equivalents(kind: IdentifierKind, value: str) -> tuple[tuple[IdentifierKind, str], ...]:
    """Return every way in which the catalog may know a number that a list gives.

    A UPC is an EAN with a 0 in front, an ISBN is an EAN as it is, and library systems write OCLC
    numbers with a prefix. Of several numbers in one cell those that can be right are taken.

    >>> equivalents(IdentifierKind.OCLC, "(OCoLC)ocn001097463")
    ((<IdentifierKind.OCLC: 'oclc'>, '1097463'),)

    Raises:
        ValueError: the form or the check digit is wrong.
    """
    numbers = [form.strip() for form in BETWEEN_NUMBERS.split(value) if form.strip()] or [value]
    forms: dict[tuple[IdentifierKind, str], None] = {}
    wrong: ValueError | None = None
    for form in numbers:
        try:
            forms.update(dict.fromkeys(_forms_of(kind, form)))
        except ValueError as error:
            wrong = wrong or error
    if wrong is not None and not forms:
        raise wrong
    return tuple(forms)


def read_numbers(
    numbers: Iterable[tuple[IdentifierKind, str]],
) -> tuple[tuple[tuple[IdentifierKind, str], ...], list[str]]:
    """Return what can be read of the numbers in a row of a list, and a sentence on each other."""
    identifiers: list[tuple[IdentifierKind, str]] = []
    notes: list[str] = []
    for kind, value in numbers:
        try:
            identifiers += equivalents(kind, value) if value.strip() else ()
        except ValueError as error:
            words = str(error).removesuffix(".")
            notes.append(f"Ignored: {words}.")
    return tuple(identifiers), notes


def _without_additions(kind: IdentifierKind, value: str) -> str:
    text = unicodedata.normalize("NFKC", value).translate(DASHES).strip().strip("'\"=")
    text = AFTER_NUMBER.sub("", LABEL.sub("", text)).strip(" .,;:")
    if SHORTENED.fullmatch(text):
        msg = (
            f"A spreadsheet shortened {kind.label} {value!r}, and its last digits are lost. "
            f"Format the column as text, then enter the number again."
        )
        raise ValueError(msg)
    if whole := DECIMALS.fullmatch(text):
        text = whole[1]
    if kind is IdentifierKind.UPC and text.isdigit() and MIN_UPC_DIGITS <= len(text) < UPC_DIGITS:
        return text.zfill(UPC_DIGITS)
    if kind is IdentifierKind.ISBN and len(text) == ISBN_10_DIGITS - 1 and text[:-1].isdigit():
        return text.zfill(ISBN_10_DIGITS)
    return text


def _forms_of(kind: IdentifierKind, value: str) -> tuple[tuple[IdentifierKind, str], ...]:
    if kind is IdentifierKind.OCLC:
        number = DECIMALS.sub(r"\1", unicodedata.normalize("NFKC", value).strip())
        value = OCLC_PREFIX.sub("", number)
    if kind is IdentifierKind.UPC:
        value = _without_additions(kind, value)
        if len(ean.compact(value)) == UPC_DIGITS + 1:
            kind = IdentifierKind.EAN
    number = normalized(kind, value)
    if kind is IdentifierKind.UPC:
        return (kind, number), (IdentifierKind.EAN, f"0{number}")
    if kind is IdentifierKind.ISBN:
        return (kind, number), (IdentifierKind.EAN, number)
    if kind is IdentifierKind.EAN and number.startswith("0"):
        return (kind, number), (IdentifierKind.UPC, number[1:])
    return ((kind, number),)
