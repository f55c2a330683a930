"""What a signed-in person may see: the rule that every page, list, feed, and file goes by."""

from sqlalchemy import ColumnElement, false, func, select

from app.institutions.member_models import Member, MemberRole
from app.licenses.models import License
from app.orders.models import Order

BUYERS = (MemberRole.LIBRARIAN, MemberRole.APPROVER)


def can_see_orders(member: Member) -> bool:
    """Return whether the person sees orders and quotes, whose links can change them."""
    return member.institution_id is None or member.has_role(*BUYERS)


def can_see_invoices(member: Member) -> bool:
    """Return whether the person sees invoices."""
    return can_see_orders(member) or member.has_role(MemberRole.ACCOUNTS_PAYABLE)


def of_member(member: Member) -> ColumnElement[bool]:
    """Return the condition of the orders that concern the person, whatever their role.

    They are the institution's, or without an institution those of the person's own address.
    """
    if member.institution_id is not None:
        return Order.institution_id == member.institution_id
    return func.lower(Order.email) == member.email.lower()


def visible_orders(member: Member) -> ColumnElement[bool]:
    """Return the condition of the orders that the person may open."""
    return of_member(member) if can_see_orders(member) else false()


def visible_licenses(member: Member) -> ColumnElement[bool]:
    """Return the condition of the licenses that the person may see: everyone sees what they show.

    A license names its order by number.
    """
    return License.order_number.in_(select(Order.number).where(of_member(member)))
