"""Validation of form input: a model, or an error next to each field."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.catalog import countries_languages
from app.console.fields import parse_money
from app.console.forms.field_types import (
    TODAY,
    Field,
    FieldGroup,
    FieldType,
    Rows,
    Shape,
    find_shape,
)
from app.console.forms.input_values import InputValues
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError
from app.offers.territories import WORLD

Model = TypeVar("Model", bound=BaseModel)
SEPARATORS = re.compile(r"[,;\n]")
LENGTH = re.compile(r"[0-9]{1,3}(:[0-5]?[0-9]){1,2}")
MAX_NUMBER_LENGTH = 9
LIMITS = {
    "string_too_long": "Enter up to {max_length} characters.",
    "too_long": "Enter up to {max_length} items.",
    "too_short": "Enter at least {min_length} items.",
}
ERROR_MESSAGES = {
    "greater_than_equal": "Enter {ge} or more.",
    "less_than_equal": "Enter {le} or less.",
    "url_parsing": "Enter a URL that starts with https://.",
    "url_scheme": "Enter a URL that starts with https://.",
    "string_pattern_mismatch": "Enter one line without control characters.",
}


def validate_form(
    model: type[Model],
    shapes: Sequence[Shape],
    typed: InputValues,
    *,
    extra: Mapping[str, Any] | None = None,
    reshape: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    currency: str = "USD",
) -> Model:
    """Return ``model`` from the input and the ``extra`` values.

    ``reshape`` converts the plain values where the model has another structure.

    Raises:
        InvalidInputError: with an error for each invalid field.
    """
    parsed, problems = parse_values(shapes, typed, currency=currency)
    invalid_pointers = {problem.pointer for problem in problems}
    try:
        result = model.model_validate({**(extra or {}), **reshape(parsed)})
    except ValidationError as error:
        for detail in error.errors():
            problem = _problem(shapes, detail)
            if not any(_within(problem.pointer, pointer) for pointer in invalid_pointers):
                problems.append(problem)
    else:
        if not problems:
            return result
    raise InvalidInputError.of(*problems)


def parse_values(
    shapes: Sequence[Shape], typed: InputValues, *, currency: str = "USD"
) -> tuple[dict[str, Any], list[FieldProblem]]:
    """Return the input as plain values, and the errors of parsing it."""
    problems: list[FieldProblem] = []
    return _parse_values(shapes, typed, "#/", problems, inside=False, currency=currency), problems


def _parse_values(
    shapes: Sequence[Shape],
    typed: InputValues,
    pointer: str,
    problems: list[FieldProblem],
    *,
    inside: bool,
    currency: str,
) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for shape in shapes:
        here = pointer + shape.name
        value = typed[shape.name]
        if isinstance(shape, Rows):
            parsed[shape.name] = [
                _parse_values(
                    shape.fields,
                    row,
                    f"{here}/{position}/",
                    problems,
                    inside=True,
                    currency=currency,
                )
                for position, row in enumerate(value)
            ]
        elif isinstance(shape, FieldGroup):
            parsed[shape.name] = _parse_values(
                shape.fields, value, f"{here}/", problems, inside=True, currency=currency
            )
        elif value or shape.kind in {FieldType.CHECK, FieldType.CHECKS}:
            try:
                parsed[shape.name] = _parse_field(shape, value, currency)
            except ValueError as error:
                problems.append(FieldProblem(here, shape.invalid or str(error)))
        elif shape.required:
            problems.append(FieldProblem(here, shape.required))
        elif shape.empty == TODAY:
            parsed[shape.name] = clock.today().isoformat()
        elif not inside or shape.empty is not None:
            parsed[shape.name] = shape.empty
    return parsed


def _parse_field(field: Field, value: Any, currency: str) -> Any:  # noqa: ANN401 - by its kind
    if field.kind is FieldType.MONEY:
        try:
            money = parse_money(field.name, value, currency)
        except InvalidInputError as error:
            raise ValueError(error.errors[0].detail) from error
        return {"amount": money.amount, "currency": money.currency}
    reader = READERS.get(field.kind)
    return reader(value) if reader else value


def _parse_whole(text: str) -> int:
    digits = text.replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > MAX_NUMBER_LENGTH:
        msg = "Enter a whole number."
        raise ValueError(msg)
    return int(digits)


def _parse_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        msg = "Enter a date like 2026-11-22."
        raise ValueError(msg) from None


def _parse_length(text: str) -> str:
    if not LENGTH.fullmatch(text):
        msg = "Enter a length in minutes and seconds, like 10:47."
        raise ValueError(msg)
    return text


def _parse_percent(text: str) -> int:
    number = re.fullmatch(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?", text.removesuffix("%").strip())
    if number is None:
        msg = "Enter a percentage like 50 or 12.5."
        raise ValueError(msg)
    return int(number[1]) * 100 + int((number[2] or "").ljust(2, "0"))


def _parse_list(read: Callable[[str], str]) -> Callable[[str], list[str]]:
    def several(text: str) -> list[str]:
        return [read(part.strip()) for part in SEPARATORS.split(text) if part.strip()]

    return several


def _parse_territory(text: str) -> list[str]:
    if text.strip().lower() in {"world", "worldwide"}:
        return [WORLD]
    return _parse_list(countries_languages.parse_country)(text)


READERS: Mapping[FieldType, Callable[[Any], object]] = {
    FieldType.WHOLE: _parse_whole,
    FieldType.DATE: _parse_date,
    FieldType.LENGTH: _parse_length,
    FieldType.PERCENT: _parse_percent,
    FieldType.CHECK: bool,
    FieldType.CHECKS: list,
    FieldType.LINES: lambda text: [line.strip() for line in text.split("\n") if line.strip()],
    FieldType.LANGUAGE: countries_languages.parse_language,
    FieldType.LANGUAGES: _parse_list(countries_languages.parse_language),
    FieldType.COUNTRIES: _parse_list(countries_languages.parse_country),
    FieldType.TERRITORY: _parse_territory,
}


def _problem(shapes: Sequence[Shape], error: ErrorDetails) -> FieldProblem:
    path = list(error["loc"])
    shape = find_shape(shapes, path)
    if isinstance(shape, Field):
        # An item of a list: the page can only point to the whole field.
        while path and isinstance(path[-1], int):
            path.pop()
    elif isinstance(shape, Rows) and shape.error_field and path and isinstance(path[-1], int):
        path.append(shape.error_field)
        shape = find_shape(shapes, path)
    pointer = "#/" + "/".join(map(str, path))
    return FieldProblem(pointer, _message(shape if isinstance(shape, Field) else None, error))


def _message(field: Field | None, error: ErrorDetails) -> str:
    """Return the message for an error."""
    kind, facts = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(facts["error"])
    wrong = field.invalid if field is not None else ""
    if field is not None and kind in {"missing", "string_too_short", "enum", "literal_error"}:
        return field.required or wrong or "Choose one of the options."
    if kind in LIMITS:
        return LIMITS[kind].format(**facts).replace(" 1 items", " one item")
    message = ERROR_MESSAGES.get(kind, "").format(**facts)
    return wrong or message or error["msg"].replace("Input should be", "Enter")


def _within(pointer: str, outer: str) -> bool:
    return pointer == outer or pointer.startswith(f"{outer}/")
