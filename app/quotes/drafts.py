"""What a buyer sends to get a quote, and to accept it."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from app.accounts.addresses import AddressIn, CountryCode
from app.accounts.customers import MAX_SIZE, CustomerClass
from app.core.email_address import Email
from app.core.fields import Whole
from app.core.text import TextConstraints, one_line
from app.orders.drafts import (
    EXAMPLE_ADDRESS,
    MAX_LINES,
    AcceptedText,
    Draft,
    DraftLine,
    DraftPurchaseOrder,
    Line,
    OptionalLine,
    Text,
)

OptionalName = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=200), AfterValidator(one_line)
]
ShortText = Annotated[str, TextConstraints(strip_whitespace=True, max_length=500)]
Reason = Annotated[str, TextConstraints(strip_whitespace=True, min_length=1, max_length=500)]

_EXAMPLE_BUYER: dict[str, JsonValue] = {
    "institution": "Example College",
    "class": "college",
    "size": 4200,
    "email": "ada.reader@example.edu",
}


class QuoteBuyer(Draft):
    """For whom a quote is. Only the class and the email address are required."""

    institution: OptionalName = Field(
        default="",
        description="The licensee's name. If you leave it out, it is asked at acceptance",
        examples=["Example College"],
    )
    customer_class: CustomerClass = Field(alias="class", examples=["college"])
    size: Whole | None = Field(
        default=None,
        ge=0,
        le=MAX_SIZE,
        description="In the measure of the class; see `/customer-classes`",
        examples=[4200],
    )
    country: CountryCode | None = Field(
        default=None,
        description="Of the billing address, ISO 3166-1 alpha-2; by default the store's country",
        examples=["US"],
    )
    contact_name: OptionalName = Field(default="", examples=["Ada Reader"])
    email: Email = Field(examples=["ada.reader@example.edu"])
    phone: Annotated[
        str, TextConstraints(strip_whitespace=True, max_length=40), AfterValidator(one_line)
    ] = ""


class SupersededQuote(Draft):
    """The quote that a new one takes the place of."""

    number: Annotated[str, TextConstraints(max_length=40)] = Field(examples=["RQ-7K3QF9TD"])
    token: Annotated[str, TextConstraints(max_length=200)]


class QuoteDraft(Draft):
    """A quote before it is one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"offer": "the-red-soul-dvd-ppr", "quantity": 1}],
                    "buyer": _EXAMPLE_BUYER,
                }
            ]
        }
    )

    lines: list[DraftLine] = Field(min_length=1, max_length=MAX_LINES)
    buyer: QuoteBuyer
    po_number: OptionalLine | None = Field(
        default=None, description="For the order, unless another is given at acceptance"
    )
    note: Text = Field(default="", description="Notes to the seller")
    supersedes: SupersededQuote | None = Field(
        default=None, description="An open or expired quote of yours that this one replaces"
    )


class Approver(Draft):
    """The person who accepts a quote for its institution, if not its buyer."""

    name: Line = Field(examples=["Ben Dean"])
    title: OptionalName = Field(default="", examples=["Dean of the Library"])
    email: Email = Field(examples=["ben.dean@example.edu"])


class QuoteAcceptance(Draft):
    """What an order needs besides what its quote says."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "billing_address": EXAMPLE_ADDRESS,
                    "shipping_address": EXAMPLE_ADDRESS,
                    "po_number": "PO-2026-0417",
                    "contact_name": "Ada Reader",
                    "accepted_texts": [{"code": "dvd-ppr", "version": "1.1"}],
                }
            ]
        }
    )

    billing_address: AddressIn
    shipping_address: AddressIn | None = Field(
        default=None, description="Required if a disc is shipped; otherwise ignored"
    )
    accepted_texts: list[AcceptedText] = Field(
        default_factory=list,
        max_length=MAX_LINES,
        description="The quote's `license_texts`, in the versions that it names",
    )
    po_number: OptionalLine | None = Field(
        default=None, description="Your purchase order's number", examples=["PO-2026-0417"]
    )
    purchase_order: DraftPurchaseOrder | None = Field(
        default=None, description="Details of the purchase order in `po_number`"
    )
    institution: OptionalName = Field(
        default="", description="Required if the quote has none; otherwise ignored"
    )
    contact_name: OptionalName = Field(
        default="",
        description="Required if the quote has none and no approver is named; otherwise ignored",
    )
    accepted_by: Approver | None = Field(default=None, description="Null: the quote's contact")
    approval: str = Field(
        default="",
        max_length=500,
        description="Required with `accepted_by`: the `approver` value of the link that we emailed "
        "to the approver when the quote was shared",
    )
    note: Text = Field(default="", description="Order notes")
