"""What a signed-in person may see: the rule that every page, list, feed, and file goes by."""

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.billing.models import Invoice
from app.institutions.member_models import Member, MemberRole
from app.licenses.models import License
from app.orders.models import Order
from app.quotes.models import Quote

BUYERS = (MemberRole.LIBRARIAN, MemberRole.APPROVER)


def sees_all_orders(member: Member) -> bool:
    """Return whether the person sees every order and quote of the institution, not only theirs."""
    return member.has_role(*BUYERS)


def sees_all_invoices(member: Member) -> bool:
    """Return whether the person sees every invoice of the institution."""
    return member.has_role(*BUYERS, MemberRole.ACCOUNTS_PAYABLE)


def sees_statement(member: Member) -> bool:
    """Return whether the person sees the statement of account of the institution."""
    return member.institution_id is not None and sees_all_invoices(member)


def sees_usage(member: Member) -> bool:
    """Return whether the person sees what the institution used, and makes keys to its reports."""
    return member.institution_id is not None and sees_all_orders(member)


def of_member(member: Member) -> ColumnElement[bool]:
    """Return the condition of the orders that concern the person, whatever their role.

    They are the confirmed ones of the institution, and of the unconfirmed ones those of the
    person's own address. Without an institution they are those of that address.
    """
    if member.institution_id is not None:
        is_ours = Order.institution_id == member.institution_id
        return and_(is_ours, or_(Order.confirmed_at.is_not(None), _is_own(member)))
    return _is_own(member)


def visible_orders(member: Member) -> ColumnElement[bool]:
    """Return the condition of the orders that the person may open: their links change orders."""
    concern = of_member(member)
    return concern if sees_all_orders(member) else and_(concern, _is_own(member))


def visible_quotes(member: Member) -> ColumnElement[bool]:
    """Return the condition of the quotes that the person may open."""
    own = func.lower(Quote.email) == member.email.lower()
    if member.institution_id is None:
        return own
    of_institution = Quote.institution_id == member.institution_id
    seen = or_(Quote.is_confirmed, own) if sees_all_orders(member) else own
    return and_(of_institution, seen)


def visible_invoices(member: Member) -> ColumnElement[bool]:
    """Return the condition of the invoices that the person may open.

    They are those of the orders that the person may open, or of all that concern the person.
    Without an institution they are also those that were sent to the person's own address.
    """
    sees_all = member.institution_id is not None and sees_all_invoices(member)
    orders = of_member(member) if sees_all else visible_orders(member)
    of_orders = Invoice.order_number.in_(select(Order.number).where(orders))
    if member.institution_id is None:
        return or_(of_orders, func.lower(Invoice.email) == member.email.lower())
    return of_orders


def _is_own(member: Member) -> ColumnElement[bool]:
    return func.lower(Order.email) == member.email.lower()


def visible_licenses(member: Member) -> ColumnElement[bool]:
    """Return the condition of the licenses that the person may see: everyone sees what they show.

    A license names its order by number.
    """
    return License.order_number.in_(select(Order.number).where(of_member(member)))
