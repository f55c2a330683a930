"""How a caller says for whom a license is asked."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.accounts.customers import MAX_SIZE, CustomerClass
from app.offers.licensing import Buyer
from app.offers.territories import countries

DEFAULT_COUNTRY = "US"


def _check_country(code: str) -> str:
    if code.upper() not in countries():
        msg = f"{code!r} is not a country code."
        raise ValueError(msg)
    return code.upper()


BuyerCountry = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2}$"), AfterValidator(_check_country)
]


class BuyerParams(BaseModel):
    """The class, size, and country of an institution."""

    model_config = ConfigDict(extra="forbid")

    customer_class: CustomerClass = Field(
        alias="class", description="The institution type", examples=["college"]
    )
    size: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SIZE,
        description="In the measure of the class; see customer-classes",
        examples=[4200],
    )
    country: BuyerCountry = Field(
        default=DEFAULT_COUNTRY, description="ISO 3166-1 alpha-2 code", examples=["US"]
    )

    def buyer(self) -> Buyer:
        """Return who asks."""
        return Buyer(customer_class=self.customer_class, size=self.size, country=self.country)
