"""What someone says of an exemption certificate: the one form behind pages and the API."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from app.billing.states import ExemptionForm
from app.billing.tax_places import parse_place
from app.core.errors import FieldProblem, InvalidInputError
from app.core.text import TextConstraints, one_line

FORM_LABELS = {
    ExemptionForm.SST: "Streamlined Sales Tax certificate (F0003)",
    ExemptionForm.MTC: "Multistate Tax Commission certificate (MTC)",
    ExemptionForm.STATE: "State certificate or letter",
    ExemptionForm.OTHER: "Other",
}
FIELDS = ("form", "states", "number", "reason_code", "valid_from", "valid_to")
MAX_PLACES = 60
_MESSAGES = {
    "form": "Choose the kind of form.",
    "number": "Enter up to 60 characters.",
    "reason_code": "Enter up to 60 characters.",
    "valid_from": "Enter a date like 2026-11-22.",
    "valid_to": "Enter a date like 2026-11-22.",
}

_Short = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=60), AfterValidator(one_line)
]


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


_Day = Annotated[date | None, BeforeValidator(_empty_is_none)]


def _read_places(value: object) -> object:
    """Return the places that were typed, such as ``NY, New Jersey``."""
    if not isinstance(value, str):
        return value
    typed = [part.strip() for part in re.split(r"[,;\n]", value) if part.strip()]
    if not typed:
        msg = "Enter the states that the certificate covers, like NY, NJ."
        raise ValueError(msg)
    if len(typed) > MAX_PLACES:
        msg = f"Enter at most {MAX_PLACES} states."
        raise ValueError(msg)
    places = []
    for part in typed:
        place = parse_place(part)
        if place is None:
            msg = f"“{part[:40]}” is not a state. Enter two-letter codes, like NY, NJ."
            raise ValueError(msg)
        places.append(place)
    return sorted(set(places))


class ExemptionDraft(BaseModel):
    """What is printed on a certificate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: ExemptionForm
    places: Annotated[list[str], BeforeValidator(_read_places)] = Field(alias="states")
    number: _Short = ""
    reason_code: _Short = ""
    valid_from: _Day = None
    valid_to: _Day = None

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            msg = "Enter a last day that is not before the first day."
            raise ValueError(msg)
        return self


def parse_draft(values: Mapping[str, str]) -> ExemptionDraft:
    """Return the draft in the fields of a form.

    Raises:
        InvalidInputError: one problem for each field that is wrong.
    """
    try:
        return ExemptionDraft.model_validate({name: values.get(name, "") for name in FIELDS})
    except ValidationError as error:
        problems = []
        for found in error.errors():
            field = str(found["loc"][0]) if found["loc"] else "valid_to"
            message = _MESSAGES.get(field, "")
            if found["type"] == "value_error":
                message = str(found["msg"]).removeprefix("Value error, ")
            problems.append(FieldProblem(f"#/{field}", message or str(found["msg"])))
        raise InvalidInputError.of(*problems) from error
