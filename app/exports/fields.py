"""Data fields of a MARC record, made of clean text."""

from pymarc import Field, Indicators, Subfield

from app.exports.texts import clean


def data(tag: str, indicators: str, *subfields: tuple[str, str]) -> Field:
    """Return a data field; ``indicators`` are two characters, a space for a blank.

    Subfields without a text are left out.
    """
    cleaned = [Subfield(code, clean(value)) for code, value in subfields]
    return Field(
        tag=tag,
        indicators=Indicators(*indicators),
        subfields=[subfield for subfield in cleaned if subfield.value],
    )
