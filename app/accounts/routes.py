"""What anyone may ask about the kinds of customers."""

from fastapi import APIRouter

from app.accounts.schemas import CustomerClassesOut, CustomerClassOut
from app.core.public_reads import public_read

router = APIRouter(tags=["customer classes"])


@router.get("/customer-classes", summary="List institution types")
@public_read()
def customer_classes() -> CustomerClassesOut:
    """List every institution type with its code, name, and size measure.

    Prices depend on the class, and within it on the size: full-time-equivalent enrollment,
    population served, staff or members. Anyone may call this.
    """
    return CustomerClassesOut(items=CustomerClassOut.all())
