"""API schemas of tax rates."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.accounts.addresses import CountryCode
from app.accounts.regions import RULES, region_code
from app.billing.states import TaxKind
from app.billing.tax_models import TaxRate
from app.billing.tax_places import name_place
from app.core.fields import Day
from app.core.text import TextConstraints, one_line

MAX_PERCENT = 100
MAX_DECIMALS = 4


def _exact_percent(text: str) -> str:
    message = "Enter a percentage from 0 to 100 with at most four decimals, like 8.875."
    try:
        percent = Decimal(text.removesuffix("%").strip())
    except InvalidOperation:
        raise ValueError(message) from None
    if not percent.is_finite() or not 0 <= percent <= MAX_PERCENT:
        raise ValueError(message)
    exponent = percent.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > MAX_DECIMALS:
        raise ValueError(message)
    return f"{percent.normalize():f}" if percent else "0"


class TaxRateIn(BaseModel):
    """A rate of tax in a place, for a kind of product."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: CountryCode = Field(examples=["US"])
    region: Annotated[str, TextConstraints(strip_whitespace=True, max_length=60)] = Field(
        default="",
        description=(
            "A state or province of the US or Canada. Empty: the whole country, where no region "
            "has a rate"
        ),
        examples=["NY"],
    )
    kind: TaxKind = Field(
        description=(
            "`tangible` (discs), `digital` (files), `license` (streams, and licenses without a "
            "delivery), `shipping`, or `charge`"
        )
    )
    name: Annotated[
        str,
        TextConstraints(strip_whitespace=True, min_length=1, max_length=100),
        AfterValidator(one_line),
    ] = Field(description="As documents name the tax", examples=["New York sales tax"])
    percent: Annotated[str, Field(max_length=20), AfterValidator(_exact_percent)] = Field(
        description="An exact decimal, as a string. `0` says that no tax is due",
        examples=["8.875"],
    )
    valid_from: Day | None = Field(default=None, description="The first day; null for today")
    valid_to: Day | None = Field(
        default=None, description="The last day; null: until further notice"
    )

    @model_validator(mode="after")
    def _region_exists(self) -> Self:
        if not self.region:
            return self
        if self.country not in RULES:
            msg = "Leave the region empty: only the US and Canada have rates by region."
            raise ValueError(msg)
        code = region_code(self.country, self.region)
        if code is None:
            raise ValueError(RULES[self.country].region_wanted)
        object.__setattr__(self, "region", code)
        return self


class TaxRateEndIn(BaseModel):
    """The last day of a rate."""

    model_config = ConfigDict(extra="forbid")

    valid_to: Day | None = Field(default=None, description="The last day; null for today")


class TaxRateOut(BaseModel):
    """A rate of tax."""

    ref: str = Field(examples=["TR-7K3QF9TD"])
    country: str
    region: str
    place: str = Field(examples=["New York"])
    kind: TaxKind
    name: str
    percent: str = Field(examples=["8.875"])
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, row: TaxRate) -> Self:
        """Return the rate in its API shape."""
        return cls(
            ref=row.ref,
            country=row.country,
            region=row.region,
            place=name_place(row.place),
            kind=row.kind,
            name=row.name,
            percent=row.percent_text,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
