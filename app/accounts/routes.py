"""What anyone may ask about the kinds of customers."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.accounts.customers import CLASSES, CustomerClass, SizeMeasure
from app.core.public_reads import public_read

router = APIRouter(tags=["customer classes"])


class CustomerClassOut(BaseModel):
    """A type of institution that can license films."""

    code: CustomerClass = Field(description="What the API takes as `class`")
    label: str = Field(examples=["College or university"])
    plural_label: str = Field(examples=["Colleges and universities"])
    size_measure: SizeMeasure = Field(description="What `size` measures for this class")
    size_question: str
    examples: str

    @classmethod
    def all(cls) -> "list[CustomerClassOut]":
        """Return every class, in the order in which forms offer them."""
        return [
            cls(
                code=code,
                label=facts.label,
                plural_label=facts.plural_label,
                size_measure=facts.size_measure,
                size_question=facts.size_question,
                examples=facts.examples,
            )
            for code, facts in CLASSES.items()
        ]


class CustomerClassesOut(BaseModel):
    """Every customer class. The list is short and complete, so it has no pages."""

    items: list[CustomerClassOut]


@router.get("/customer-classes", summary="List institution types")
@public_read()
def customer_classes() -> CustomerClassesOut:
    """List every institution type with its code, name, and size measure.

    Prices depend on the class, and within it on the size: full-time-equivalent enrollment,
    population served, staff or members. Anyone may call this.
    """
    return CustomerClassesOut(items=CustomerClassOut.all())
