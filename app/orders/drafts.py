"""What a buyer asks for: the one form behind the API's order and the checkout page."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from app.accounts.addresses import AddressIn
from app.accounts.customers import MAX_SIZE, CustomerClass
from app.billing.states import PurchaseOrderKind
from app.core.email_address import Email
from app.core.fields import Day, Whole
from app.core.money import MoneyOut
from app.core.text import TextConstraints, one_line
from app.orders.charges import MAX_CHARGE

MAX_LINES = 50
MAX_QUANTITY = 100

Line = Annotated[
    str,
    TextConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(one_line),
]
OptionalLine = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=60), AfterValidator(one_line)
]
Name = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=200), AfterValidator(one_line)
]
Text = Annotated[str, TextConstraints(strip_whitespace=True, max_length=4000)]


EXAMPLE_ADDRESS: dict[str, JsonValue] = {
    "line1": "170 Claremont Avenue",
    "line2": "Library",
    "city": "New York",
    "region": "NY",
    "postal_code": "10027",
    "country": "US",
}


class Draft(BaseModel):
    """What a buyer sends: unknown fields are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True
    )


class DraftLine(Draft):
    """One offer and its quantity."""

    offer: Line = Field(description="The offer's `sku`", examples=["the-red-soul-dvd-ppr"])
    quantity: Whole = Field(
        default=1,
        ge=1,
        le=MAX_QUANTITY,
        description="Copies; more than one only for discs",
    )
    expected_amount: Whole | None = Field(
        default=None,
        ge=0,
        description=(
            "The line total you expect, in minor units. If the price has changed, the order is "
            "rejected. Leave it out to accept the current price."
        ),
    )
    starts_on: Day | None = Field(
        default=None,
        description=(
            "First day of the license, at most a year ahead, for a license that has a last day. "
            "Leave it out to begin on the day it is granted"
        ),
        examples=["2027-07-01"],
    )


class DraftBuyer(Draft):
    """The institution and its contact person."""

    institution: Line = Field(
        description="The licensee's name, as it should appear on the license",
        examples=[("Example College")],
    )
    customer_class: CustomerClass = Field(alias="class", examples=["college"])
    size: Whole | None = Field(
        default=None,
        ge=0,
        le=MAX_SIZE,
        description="In the measure of the class; see `/customer-classes`",
        examples=[4200],
    )
    contact_name: Line = Field(examples=["Ada Reader"])
    email: Email = Field(examples=["ada.reader@example.edu"])
    phone: Annotated[
        str, TextConstraints(strip_whitespace=True, max_length=40), AfterValidator(one_line)
    ] = ""


class AcceptedText(Draft):
    """A license text that the buyer read and accepts."""

    code: Line = Field(examples=["dvd-ppr"])
    version: Line = Field(examples=["1.0"])
    sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="The text's SHA-256 hash, to check that it is the same text",
    )


class DraftPurchaseOrder(Draft):
    """What a purchase order says besides its number."""

    kind: PurchaseOrderKind = Field(
        default=PurchaseOrderKind.SINGLE,
        description="`blanket` if several orders may use it; it then needs a limit and an expiry",
    )
    issued_on: Day | None = Field(default=None, description="Its date")
    expires_on: Day | None = Field(
        default=None, description="The last day on which it can be used", examples=["2027-06-30"]
    )
    limit: MoneyOut | None = Field(default=None, description="The most that it authorizes")
    ap_name: Name = Field(
        default="", description="Contact in accounts payable", examples=["Accounts Payable"]
    )
    ap_email: Email | None = Field(
        default=None,
        description="Where invoices go; null for the contact's email",
        examples=["ap@example.edu"],
    )


class Charge(Draft):
    """A free-text line that grants no license, such as captioning."""

    description: Line
    amount: Whole = Field(gt=0, le=MAX_CHARGE, description="Minor units of the order's currency")


class OrderDetails(Draft):
    """What an order says apart from its lines."""

    buyer: DraftBuyer
    billing_address: AddressIn
    shipping_address: AddressIn | None = Field(
        default=None, description="Required if a disc is shipped; otherwise ignored"
    )
    po_number: OptionalLine | None = Field(
        default=None, description="Your purchase order's number", examples=["PO-2026-0417"]
    )
    purchase_order: DraftPurchaseOrder | None = Field(
        default=None, description="Details of the purchase order in `po_number`"
    )
    note: Text = Field(default="", description="Order notes")
    accepted_texts: list[AcceptedText] = Field(
        default_factory=list,
        max_length=MAX_LINES,
        description="The license texts of all lines, in the versions the offers name",
    )


class OrderDraft(OrderDetails):
    """An order before it is one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"offer": "the-red-soul-dvd-ppr", "quantity": 1}],
                    "buyer": {
                        "institution": "Example College",
                        "class": "college",
                        "size": 4200,
                        "contact_name": "Ada Reader",
                        "email": "ada.reader@example.edu",
                        "phone": "+1 212 555 0100",
                    },
                    "billing_address": EXAMPLE_ADDRESS,
                    "shipping_address": EXAMPLE_ADDRESS,
                    "po_number": "PO-2026-0417",
                    "accepted_texts": [{"code": "dvd-ppr", "version": "1.1"}],
                }
            ]
        }
    )

    lines: list[DraftLine] = Field(min_length=1, max_length=MAX_LINES)
