"""What staff enter for a buyer: an order with agreed prices, charges, and terms."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from app.core.email_address import Email
from app.core.fields import Whole
from app.core.text import TextConstraints, one_line
from app.orders.charges import MAX_CHARGE
from app.orders.drafts import EXAMPLE_ADDRESS, MAX_LINES, Charge, DraftLine, OrderDetails

MAX_CHARGES = 20
MAX_TERMS_DAYS = 365

Reason = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=500), AfterValidator(one_line)
]
ShortLine = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=200), AfterValidator(one_line)
]


class TextsAcceptedBy(StrEnum):
    """The document by which a buyer accepted the license texts of an order that staff enter."""

    PURCHASE_ORDER = "purchase_order"
    EMAIL = "email"
    SIGNED_AGREEMENT = "signed_agreement"

    @property
    def label(self) -> str:
        """The document as a noun."""
        return {"purchase_order": "Purchase order", "email": "Email"}.get(
            self.value, "Signed agreement"
        )


class StaffLine(DraftLine):
    """One offer, at its list price or at a price that staff agreed with the buyer."""

    unit_amount: Whole | None = Field(
        default=None,
        ge=0,
        le=MAX_CHARGE,
        description="The agreed price of one copy, in minor units; null for the list price",
        examples=[30000],
    )
    price_reason: Reason = Field(
        default="",
        description="Why the price differs from the list price; then it is required",
        examples=["Consortium discount"],
    )


class StaffOrderDraft(OrderDetails):
    """An order that staff enter for a buyer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [
                        {
                            "offer": "the-red-soul-dvd-ppr",
                            "quantity": 1,
                            "unit_amount": 34900,
                            "price_reason": "Consortium discount",
                        }
                    ],
                    "charges": [{"description": "Captioning", "amount": 5000}],
                    "buyer": {
                        "institution": "Example College",
                        "class": "college",
                        "size": 4200,
                        "contact_name": "Ada Reader",
                        "email": "ada.reader@example.edu",
                    },
                    "billing_address": EXAMPLE_ADDRESS,
                    "shipping_address": EXAMPLE_ADDRESS,
                    "po_number": "PO-2026-0417",
                    "accepted_texts": [{"code": "dvd-ppr", "version": "1.1"}],
                    "texts_accepted_by": "purchase_order",
                    "payment": "terms",
                    "terms_days": 45,
                    "purchase_order": {"ap_email": "ap@example.edu"},
                }
            ]
        }
    )

    lines: list[StaffLine] = Field(min_length=1, max_length=MAX_LINES)
    charges: list[Charge] = Field(
        default_factory=list, max_length=MAX_CHARGES, description="Lines that grant no license"
    )
    shipping_amount: Whole | None = Field(
        default=None,
        ge=0,
        le=MAX_CHARGE,
        description="The agreed shipping price, in minor units; null for the store's own",
    )
    institution_ref: ShortLine | None = Field(
        default=None,
        description="The institution's record, `IN-...`, if the order belongs to one",
    )
    approved_by: Email | None = Field(
        default=None,
        description=(
            "The email of the member of staff who approved the prices. Required for a discount "
            "above the store's limit"
        ),
    )
    texts_accepted_by: TextsAcceptedBy = Field(
        description="How the buyer accepted the license texts in `accepted_texts`"
    )
    payment: Literal["terms", "link"] = Field(
        default="link",
        description=(
            "`terms`: accept the order now, on its purchase order. `link`: email the buyer a link "
            "to pay"
        ),
    )
    terms_days: Whole | None = Field(
        default=None,
        ge=0,
        le=MAX_TERMS_DAYS,
        description="Days until payment is due; null for the default",
    )
