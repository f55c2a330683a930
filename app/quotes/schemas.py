"""API schemas of quotes."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.customers import CustomerClass
from app.core.fields import Day
from app.core.money import MoneyOut
from app.licenses.schemas import RightsSentenceOut
from app.offers.schemas import PriceLineOut
from app.orders.schemas import ChargeOut, DocumentOut, OrderFilmOut, ThreadItemOut
from app.quotes.drafts import Approver, Reason
from app.quotes.states import QuoteState


class QuoteLineOut(BaseModel):
    """One line, as it was quoted."""

    number: int
    sku: str
    title: str
    film: OrderFilmOut
    delivery: Literal["dvd", "bluray", "file", "stream"]
    ships: bool
    term: str = Field(examples=["3 years"])
    starts_on: date | None = Field(
        description="First day of the license that was agreed; null: the day of the grant"
    )
    ends_on: date | None = Field(
        description="Last day of the license that was agreed; null: by the term"
    )
    renews: str | None = Field(description="The number of the license that it follows")
    rights_text: list[RightsSentenceOut] = Field(description="The rights as sentences, as quoted")
    price_explanation: list[PriceLineOut]
    quantity: int
    unit: MoneyOut
    total: MoneyOut
    list_unit: MoneyOut | None = Field(description="The list price, if another price was agreed")
    price_reason: str = Field(description="Why another price was agreed; empty: the list price")


class QuoteTextOut(BaseModel):
    """A license text to accept with the quote."""

    code: str
    version: str
    title: str
    sha256: str
    url: str


class QuoteBuyerOut(BaseModel):
    """For whom the quote is."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    institution: str = Field(description="Empty: asked at acceptance")
    customer_class: CustomerClass = Field(alias="class")
    size: int | None
    country: str
    contact_name: str
    email: str
    phone: str


class QuoteOut(BaseModel):
    """A quote, as the holders of its link see it."""

    number: str = Field(examples=["RQ-7K3QF9TD"])
    url: str = Field(description="The quote's page; the link includes the access token")
    state: QuoteState
    created_at: datetime
    valid_through: date = Field(description="The last day, where the buyer is")
    expires_at: datetime = Field(description="The end of that day")
    buyer: QuoteBuyerOut
    po_number: str | None
    note: str
    lines: list[QuoteLineOut]
    charges: list[ChargeOut] = Field(description="Free-text lines, such as captioning")
    subtotal: MoneyOut = Field(description="The sum of the lines, without charges")
    shipping: MoneyOut
    total: MoneyOut = Field(description="Before tax, which depends on the address")
    tax_note: str = Field(description="What to know of tax", examples=["No tax is charged."])
    license_texts: list[QuoteTextOut] = Field(description="To accept with the quote")
    documents: list[DocumentOut]
    can_be_accepted: bool
    problems: list[str] = Field(description="Why it cannot be accepted now; empty if it can")
    revision: int
    supersedes: str | None = Field(description="The number of the quote that this one replaced")
    superseded_by: str | None
    order_number: str | None = Field(description="The order that it became")
    accepted_by: Approver | None = Field(description="The approver; null: the quote's contact")
    accepted_at: datetime | None


class CreatedQuoteOut(QuoteOut):
    """A quote just made, with the secret that opens it later."""

    token: str | None = Field(
        description=(
            "Send it as `X-Quote-Token`. It is returned only here. Null when a request without an "
            "API key repeats its `Idempotency-Key`"
        )
    )


class StaffQuoteOut(QuoteOut):
    """A quote with all that staff know of it."""

    created_by: str
    close_reason: str = Field(description="Why it was declined or withdrawn")
    thread: list[ThreadItemOut]


class QuoteSummaryOut(BaseModel):
    """A quote in a list."""

    number: str
    state: QuoteState
    created_at: datetime
    valid_through: date
    institution: str
    email: str
    titles: list[str]
    total: MoneyOut
    order_number: str | None


class ExtendIn(BaseModel):
    """Move the last day. The buyer gets an email."""

    model_config = ConfigDict(extra="forbid")

    valid_through: Day = Field(examples=["2027-03-31"])
    reason: Reason = Field(examples=["The board meets in March"])


class WithdrawIn(BaseModel):
    """Withdraw the quote. The buyer can read the reason."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = Field(examples=["The owner ended our contract"])
