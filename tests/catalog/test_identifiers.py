import pytest

from app.catalog.enums import IdentifierKind
from app.catalog.identifiers import equivalents, has_check_digit, normalized, read_numbers

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("kind", "given", "written"),
    [
        ("isbn", "978-0-9771037-9-9", "9780977103799"),
        ("isbn", "0-306-40615-2", "9780306406157"),
        ("upc", "0 36000 29145 2", "036000291452"),
        ("ean", "4006381333931", "4006381333931"),
        # Two real ones, from the registry's own documentation.
        ("eidr", "10.5240/7791-8534-2C23-9030-8610-5", "10.5240/7791-8534-2C23-9030-8610-5"),
        ("eidr", "10.5240/ea73-79d7-1b2b-b378-3a73-m", "10.5240/EA73-79D7-1B2B-B378-3A73-M"),
        (
            "eidr",
            "https://doi.org/10.5240/EA73-79D7-1B2B-B378-3A73-M",
            "10.5240/EA73-79D7-1B2B-B378-3A73-M",
        ),
        ("isan", "0000-0000-D07A-0090-Q-0000-0000-X", "0000-0000-D07A-0090-Q-0000-0000-X"),
        ("isan", "0000-0001-8947-0000-8", "0000-0001-8947-0000-8"),
        ("oclc", " 1097463287 ", "1097463287"),
        ("imdb", "tt7523172", "tt7523172"),
        ("wikidata", "Q42", "Q42"),
        # As catalogs and spreadsheets write them.
        ("isbn", "9780977103799 (DVD)", "9780977103799"),
        ("isbn", "ISBN-13: 978–0–9771037–9–9 : $24.95", "9780977103799"),  # noqa: RUF001
        ("isbn", "0-8044-2957-X (pbk.)", "9780804429573"),
        ("isbn", "306406152", "9780306406157"),
        ("isbn", "9780977103799.0", "9780977103799"),
        ("upc", "36000291452.0", "036000291452"),
        ("upc", "UPC 036000291452 DVD", "036000291452"),
        ("ean", "4006381333931 [Blu-ray]", "4006381333931"),
    ],
)
def test_a_good_number_is_written_as_its_standard_writes_it(
    kind: str, given: str, written: str
) -> None:
    assert normalized(IdentifierKind(kind), given) == written


@pytest.mark.parametrize(
    ("kind", "given", "complaint"),
    [
        ("isbn", "9780977103798", "check digit of ISBN '9780977103798' is wrong"),
        ("isbn", "97809771", "ISBN '97809771' is invalid"),
        ("upc", "036000291453", "check digit of UPC '036000291453' is wrong"),
        ("upc", "4006381333931", "a UPC has 12 digits, and '4006381333931' has 13"),
        ("upc", "7.86936E+11", "A spreadsheet shortened UPC '7.86936E\\+11'"),
        ("isbn", "9,78098E+12", "A spreadsheet shortened ISBN '9,78098E\\+12'"),
        ("upc", "03600029145x", "UPC '03600029145x' is invalid"),
        ("ean", "4006381333932", "check digit of EAN"),
        ("eidr", "10.5240/7791-8534-2C23-9030-8610-6", "should be 5, not 6"),
        ("eidr", "7791-8534-2C23-9030-8610-5", "in full: 10.5240/XXXX"),
        ("isan", "0000-0000-D07A-0090-A-0000-0000-X", "check digit of ISAN"),
        ("isan", "0000-0000-D07A-0090", "with its check characters"),
        ("isan", "0000-0000-D07A-0090-Q-0000-0000", "with its check characters"),
        ("isan", "xyzzyxyzzyxyzzyxy", "ISAN 'xyzzyxyzzyxyzzyxy' is invalid"),
        ("oclc", "ocm1", "OCLC number 'ocm1' is invalid. Enter it as digits"),
        ("imdb", "7523172", "Enter it as tt and seven digits or more"),
        ("wikidata", "42", "Enter it as Q and digits"),
    ],
)
def test_a_bad_number_is_refused_with_what_is_wrong(kind: str, given: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace(".", r"\.")):
        normalized(IdentifierKind(kind), given)


def test_equivalents_of_several_numbers_are_those_that_can_be_right() -> None:
    cell = "9780977103799 (DVD); 9780977103798 (Blu-ray)"
    assert {value for _, value in equivalents(IdentifierKind.ISBN, cell)} == {"9780977103799"}
    with pytest.raises(ValueError, match="check digit"):
        equivalents(IdentifierKind.ISBN, "9780977103798; 9780977103797")


def test_read_numbers_notes_what_cannot_be_right_and_reads_the_rest() -> None:
    numbers, notes = read_numbers(
        [
            (IdentifierKind.ISBN, "ask the vendor"),
            (IdentifierKind.OCLC, "1097463.0"),
            (IdentifierKind.UPC, ""),
        ]
    )
    assert numbers == ((IdentifierKind.OCLC, "1097463"),)
    assert len(notes) == 1
    assert notes[0].startswith("Ignored: ISBN 'ask the vendor' is invalid")


def test_only_numbers_with_check_digits_prove_themselves() -> None:
    assert {kind for kind in IdentifierKind if has_check_digit(kind)} == {
        IdentifierKind.UPC,
        IdentifierKind.EAN,
        IdentifierKind.ISBN,
        IdentifierKind.EIDR,
        IdentifierKind.ISAN,
    }
