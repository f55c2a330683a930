"""API schemas of the tax of an order."""

from typing import Literal

from pydantic import BaseModel, Field

from app.billing.states import TaxState
from app.core.money import MoneyOut


class TaxLineOut(BaseModel):
    """The tax of one amount of the order."""

    line: int | Literal["shipping", "charges"] = Field(
        description="A line's number, `shipping`, or `charges`"
    )
    name: str | None = Field(default=None, examples=["New York sales tax"])
    percent: str | None = Field(
        default=None, description="An exact decimal; null if no rate was used", examples=["8.875"]
    )
    amount: MoneyOut


class OrderTaxOut(BaseModel):
    """The tax of the order."""

    state: TaxState
    amount: MoneyOut | None = Field(description="Null while the tax is `unresolved`")
    note: str = Field(description="A sentence about it", examples=["No tax is charged."])
    lines: list[TaxLineOut] = Field(description="How it was computed; empty if no tax is charged")
