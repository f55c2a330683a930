"""Who buys: the three questions that are asked once, and what may be answered."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.accounts.addresses import CountryCode
from app.accounts.customers import CLASSES, MAX_SIZE, CustomerClass
from app.offers.licensing import Buyer

_GROUPING = re.compile(r"(?<=\d)[,.\s'\u2019\u00a0](?=\d{3}(?:\D|$))")
# One number, perhaps with words around it: "about 12,000 FTE", "12k", "1.2 million residents".
_WORDED = re.compile(
    r"[^\W\d_\s.~(:]*[\s.~(:]*(?P<number>\d+(?:\.\d+)?)\s*"
    r"(?:(?P<times>k|thousand|m|mio|million)\b)?[^\W\d_]?[^\d,;/\-+]*",
    re.IGNORECASE,
)
_TIMES = {"k": 1000, "thousand": 1000, "m": 1_000_000, "mio": 1_000_000, "million": 1_000_000}


def whole_number(value: object) -> object:
    """Read a size as people type it; nothing typed is None.

    >>> [whole_number(text) for text in ("4,200", "12,000 FTE", "ca. 1.2 million residents", " ")]
    ['4200', '12000', '1200000', None]
    """
    if not isinstance(value, str):
        return value
    text = _GROUPING.sub("", value.strip())
    found = _WORDED.fullmatch(text)
    if found is None:
        return text or None
    times = _TIMES[found["times"].lower()] if found["times"] else 1
    number = Decimal(found["number"]) * times
    return str(int(number)) if number == int(number) else text


class BuyerForm(BaseModel):
    """The class, the size as the class counts it, and the country."""

    model_config = ConfigDict(frozen=True)

    customer_class: CustomerClass
    size: Annotated[Annotated[int, Field(ge=1, le=MAX_SIZE)] | None, BeforeValidator(whole_number)]
    country: CountryCode

    def buyer(self) -> Buyer:
        """Return what prices are asked with."""
        return Buyer(customer_class=self.customer_class, size=self.size, country=self.country)


def parse_buyer_form(form: Mapping[str, str]) -> tuple[Buyer | None, dict[str, str]]:
    """Return the buyer, or None and what is wrong by the field's name."""
    try:
        who = BuyerForm.model_validate(
            {
                "customer_class": form.get("class", ""),
                "size": form.get("size", ""),
                "country": form.get("country", ""),
            }
        )
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        return None, {_NAMES[field]: words for field, words in PROBLEMS.items() if field in wrong}
    return who.buyer(), {}


_NAMES = {"customer_class": "class", "size": "size", "country": "country"}
PROBLEMS = {
    "customer_class": "Choose an institution type",
    "size": "Enter the size as a whole number, like 4200, or leave it empty",
    "country": "Choose your institution's country",
}

CLASS_CHOICES = [(str(code), facts.label) for code, facts in CLASSES.items()]
# One question for all until we know the class: what is counted differs.
SIZE_HELP = (
    "Colleges: full-time-equivalent students. Schools and districts: students. Public libraries: "
    "people in the service area. Agencies, hospitals, and companies: staff. Groups: members. Some "
    "prices depend on size."
)


def size_question(customer_class: CustomerClass | None) -> str:
    """Return the question for the size in the measure of the class."""
    return CLASSES[customer_class].size_question if customer_class else "Size"


def size_questions() -> dict[str, str]:
    """Return the question for every class, for a page that changes it as one is chosen."""
    return {str(code): facts.size_question for code, facts in CLASSES.items()}
