"""The form for the buyer: customer class, size, and country."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.accounts.addresses import CountryCode
from app.accounts.customers import CLASSES, MAX_SIZE, CustomerClass
from app.offers.licensing import Buyer

_GROUPING = re.compile(r"(?<=\d)[,.\s'\u2019\u00a0](?=\d{3}(?:\D|$))")
# One number, maybe with text: "about 12,000 FTE", "12k", "1.2 million residents".
_NUMBER_IN_TEXT = re.compile(
    r"[^\W\d_\s.~(:]*[\s.~(:]*(?P<number>\d+(?:\.\d+)?)\s*"
    r"(?:(?P<times>k|thousand|m|mio|million)\b)?[^\W\d_]?[^\d,;/\-+]*",
    re.IGNORECASE,
)
_TIMES = {"k": 1000, "thousand": 1000, "m": 1_000_000, "mio": 1_000_000, "million": 1_000_000}


def parse_size(value: object) -> object:
    """Return a size as people type it; None for an empty field.

    >>> [parse_size(text) for text in ("4,200", "12,000 FTE", "ca. 1.2 million residents", " ")]
    ['4200', '12000', '1200000', None]
    """
    if not isinstance(value, str):
        return value
    text = _GROUPING.sub("", value.strip())
    match = _NUMBER_IN_TEXT.fullmatch(text)
    if match is None:
        return text or None
    times = _TIMES[match["times"].lower()] if match["times"] else 1
    number = Decimal(match["number"]) * times
    return str(int(number)) if number == int(number) else text


class BuyerForm(BaseModel):
    """The customer class, the size in its measure, and the country."""

    model_config = ConfigDict(frozen=True)

    customer_class: CustomerClass
    size: Annotated[Annotated[int, Field(ge=1, le=MAX_SIZE)] | None, BeforeValidator(parse_size)]
    country: CountryCode

    def buyer(self) -> Buyer:
        """Return the buyer for prices."""
        return Buyer(customer_class=self.customer_class, size=self.size, country=self.country)


def parse_buyer_form(form: Mapping[str, str]) -> tuple[Buyer | None, dict[str, str]]:
    """Return the buyer, or None and the problems by field."""
    try:
        buyer_form = BuyerForm.model_validate(
            {
                "customer_class": form.get("class", ""),
                "size": form.get("size", ""),
                "country": form.get("country", ""),
            }
        )
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        return None, {_NAMES[field]: text for field, text in PROBLEMS.items() if field in wrong}
    return buyer_form.buyer(), {}


_NAMES = {"customer_class": "class", "size": "size", "country": "country"}
PROBLEMS = {
    "customer_class": "Choose an institution type",
    "size": "Enter the size as a whole number, like 4200, or leave it empty",
    "country": "Choose your institution's country",
}

CLASS_CHOICES = [(str(code), facts.label) for code, facts in CLASSES.items()]
# For all classes, because each counts something else.
SIZE_HELP = (
    "Colleges: full-time-equivalent students. Schools and districts: students. Public libraries: "
    "people in the service area. Agencies, hospitals, and companies: staff. Groups: members. Some "
    "prices depend on size."
)


def size_question(customer_class: CustomerClass | None) -> str:
    """Return the question for the size in the measure of the class."""
    return CLASSES[customer_class].size_question if customer_class else "Size"


def size_questions() -> dict[str, str]:
    """Return the question for each class, for pages that change it with the class."""
    return {str(code): facts.size_question for code, facts in CLASSES.items()}
