"""Orders in their API shape."""

from typing import Any

from sqlalchemy.orm import Session

from app.accounts.addresses import Address
from app.billing.invoice_queries import find_invoices_of_order
from app.billing.invoice_schemas import InvoiceOut
from app.billing.states import TaxState
from app.core.money import Money, MoneyOut
from app.core.text import isolate
from app.licenses.models import License
from app.licenses.schemas import RightsSentenceOut
from app.licenses.verification import status_today
from app.offers.schemas import PriceLineOut
from app.orders import links
from app.orders.acceptance import find_warnings
from app.orders.allocations import AllocationOut
from app.orders.carriers import tracking_url
from app.orders.deliveries import find_deliveries
from app.orders.history import find_public_history, find_thread
from app.orders.holds import find_holds
from app.orders.models import Order, OrderIssue, OrderLine, Refund, Shipment, printed_number
from app.orders.next_steps import can_be_paid, next_steps
from app.orders.purchase_order_view import purchase_order_out
from app.orders.refunds import refundable
from app.orders.schemas import (
    AgreedPriceOut,
    ChargeOut,
    CustomerOut,
    DocumentOut,
    HistoryItemOut,
    HoldOut,
    OrderBuyerOut,
    OrderFilmOut,
    OrderIssueOut,
    OrderLicenseOut,
    OrderLineOut,
    OrderNoteOut,
    OrderOut,
    OrderPaymentOut,
    OrderRefundOut,
    OrderSummaryOut,
    OrderTextOut,
    PaymentOut,
    PlacedOrderOut,
    ShipmentLineOut,
    ShipmentOut,
    StaffOrderOut,
    StaffRefundOut,
    ThreadItemOut,
)
from app.orders.tax_schemas import OrderTaxOut, TaxLineOut


def order_out(session: Session, order: Order) -> OrderOut:
    """Return the order as its buyer sees it."""
    return OrderOut(**_common(session, order), payments=_payments(order))


def placed_out(session: Session, order: Order) -> PlacedOrderOut:
    """Return an order just placed, with its secret."""
    return PlacedOrderOut(
        **_common(session, order), payments=_payments(order), token=order.access_token
    )


def remove_secrets(placed: PlacedOrderOut) -> PlacedOrderOut:
    """Return the order without what opens it or its certificates."""
    lines = [
        line.model_copy(update={"license": _license_without_secrets(line.license)})
        for line in placed.lines
    ]
    update = {"token": None, "url": links.remove_token(placed.url), "lines": lines}
    nothing: dict[str, object] = {"documents": [], "invoices": [], "deliveries": []}
    return placed.model_copy(update={**update, **nothing})


def _license_without_secrets(license_: OrderLicenseOut | None) -> OrderLicenseOut | None:
    if license_ is None:
        return None
    names = ("certificate_url", "certificate_json_url")
    return license_.model_copy(
        update={name: links.remove_token(getattr(license_, name)) for name in names}
    )


def staff_out(session: Session, order: Order) -> StaffOrderOut:
    """Return the order with all that staff know of it."""
    issues = sorted(order.issues, key=lambda issue: issue.cleared_at is not None)
    holds = find_holds(order)
    common = _common(session, order)
    common["purchase_order"] = purchase_order_out(session, order, is_staff=True)
    return StaffOrderOut(
        **common,
        customer=CustomerOut(ref=order.customer.ref, name=order.customer.name)
        if order.customer is not None
        else None,
        class_verified=order.class_verified,
        confirmed_at=order.confirmed_at,
        is_unconfirmed=order.is_unconfirmed,
        agreed_prices=[
            AgreedPriceOut(
                line=line.number,
                list_unit=MoneyOut.of(line.list_unit),
                unit=MoneyOut.of(line.unit),
                reason=line.price_reason,
                agreed_by=line.agreement.get("agreed_by", ""),
                approved_by=line.agreement.get("approved_by", ""),
            )
            for line in order.lines
            if line.list_unit is not None
        ],
        attention=[_issue(issue) for issue in issues],
        warnings=find_warnings(session, order),
        holds=[HoldOut(shipment=shipment_id, reason=why) for shipment_id, why in holds.items()],
        payments=[
            PaymentOut(
                id=payment.id,
                method=payment.method,
                number=printed_number(payment),
                reference=payment.reference,
                amount=MoneyOut.of(payment.money),
                received_at=payment.received_at,
                receipt_url=payment.receipt_url,
                recorded_by=payment.recorded_by,
            )
            for payment in order.payments
        ],
        all_refunds=[_staff_refund(refund) for refund in order.refunds],
        refundable={
            str(part): MoneyOut.of(Money(amount, order.currency))
            for part, amount in refundable(order).items()
        },
        notes=[
            OrderNoteOut(author=note.author, body=note.body, written_at=note.created_at)
            for note in order.notes
        ],
        thread=[
            ThreadItemOut(
                at=entry.at,
                actor=entry.actor_label,
                via=entry.via,
                action=entry.action,
                about=entry.object_ref,
                reason=entry.reason,
            )
            for entry in find_thread(session, order)
        ],
    )


def summary_out(order: Order) -> OrderSummaryOut:
    """Return the order as a list shows it."""
    return OrderSummaryOut(
        number=order.number,
        state=order.state,
        payment_state=order.payment_state,
        fulfillment_state=order.fulfillment_state,
        placed_at=order.created_at,
        institution=order.institution,
        email=order.email,
        po_number=order.po_number,
        titles=[line.full_title for line in order.lines],
        total=MoneyOut.of(order.total),
        balance=MoneyOut.of(order.balance),
        attention=order.attention,
    )


def shipment_out(shipment: Shipment, *, is_on_hold: bool) -> ShipmentOut:
    """Return a shipment in its API shape."""
    return ShipmentOut(
        id=shipment.id,
        kind=shipment.kind,
        state=shipment.state,
        is_on_hold=is_on_hold,
        replaces=shipment.replaces_id,
        carrier=shipment.carrier,
        tracking=shipment.tracking,
        tracking_url=tracking_url(shipment.carrier, shipment.tracking),
        packed_at=shipment.packed_at,
        shipped_at=shipment.shipped_at,
        lines=[ShipmentLineOut(**entry) for entry in shipment.lines],
    )


def _common(session: Session, order: Order) -> dict[str, Any]:
    granted = [line.license for line in order.lines if line.license is not None]
    holds = find_holds(order)
    return {
        "number": order.number,
        "url": links.order_url(order),
        "state": order.state,
        "payment_state": order.payment_state,
        "fulfillment_state": order.fulfillment_state,
        "placed_at": order.created_at,
        "expires_at": order.expires_at,
        "due_on": order.due_on,
        "buyer": OrderBuyerOut(
            institution=order.institution,
            customer_class=order.customer_class,
            size=order.size,
            contact_name=order.contact_name,
            email=order.email,
            phone=order.phone,
        ),
        "billing_address": Address.model_validate(order.billing),
        "shipping_address": Address.model_validate(order.shipping) if order.shipping else None,
        "po_number": order.po_number,
        "quote_number": order.quote_number,
        "purchase_order": purchase_order_out(session, order),
        "note": order.note,
        "lines": [_line(order, line) for line in order.lines],
        "charges": [
            ChargeOut(description=text, amount=MoneyOut.of(amount))
            for text, amount in order.priced_charges
        ],
        "subtotal": MoneyOut.of(order.subtotal),
        "shipping": MoneyOut.of(order.shipping_price),
        "tax": _tax(order),
        "invoices": [
            InvoiceOut.of(invoice) for invoice in find_invoices_of_order(session, order.number)
        ],
        "total": MoneyOut.of(order.total),
        "paid": MoneyOut.of(order.paid),
        "refunded": MoneyOut.of(order.refunded),
        "balance": MoneyOut.of(order.balance),
        "can_be_paid": can_be_paid(order),
        "accepted_texts": [OrderTextOut.model_validate(text) for text in order.accepted_texts],
        "shipments": [
            shipment_out(shipment, is_on_hold=shipment.id in holds) for shipment in order.shipments
        ],
        "deliveries": find_deliveries(session, order),
        "refunds": [
            OrderRefundOut(
                amount=MoneyOut.of(refund.money),
                status=refund.status,
                requested_at=refund.created_at,
            )
            for refund in order.refunds
        ],
        "documents": [
            DocumentOut(
                label=f"Certificate {license_.number}: {isolate(license_.film_title)}",
                url=links.certificate_url(order, license_),
            )
            for license_ in granted
        ],
        "next_steps": next_steps(order),
        "history": [
            HistoryItemOut(at=item.at, text=item.text)
            for item in find_public_history(session, order)
        ],
    }


def _tax(order: Order) -> OrderTaxOut:
    is_known = order.tax_state is not TaxState.UNRESOLVED
    return OrderTaxOut(
        state=order.tax_state,
        amount=MoneyOut.of(order.tax) if is_known else None,
        note=order.tax_note,
        lines=[
            TaxLineOut(
                line=entry["line"],
                name=entry.get("name"),
                percent=entry.get("percent"),
                amount=MoneyOut(amount=entry["amount"], currency=order.currency),
            )
            for entry in order.tax_lines
            if "line" in entry and is_known
        ],
    )


def _payments(order: Order) -> list[OrderPaymentOut]:
    return [
        OrderPaymentOut(
            method=payment.method,
            amount=MoneyOut.of(payment.money),
            number=printed_number(payment),
            received_at=payment.received_at,
            receipt_url=payment.receipt_url,
        )
        for payment in order.payments
    ]


def _line(order: Order, line: OrderLine) -> OrderLineOut:
    snapshot = line.snapshot
    return OrderLineOut(
        number=line.number,
        sku=line.sku,
        title=line.title,
        film=OrderFilmOut(slug=line.film_slug, title=line.film_title),
        delivery=snapshot["delivery"],
        ships=line.ships,
        term=snapshot["term"]["words"],
        starts_on=line.starts_on,
        rights_text=[RightsSentenceOut.model_validate(row) for row in snapshot["rights_text"]],
        price_explanation=[
            PriceLineOut(label=row["label"], amount=MoneyOut(**row["amount"]))
            for row in snapshot["price"]["lines"]
        ],
        quantity=line.quantity,
        unit=MoneyOut.of(line.unit),
        list_unit=MoneyOut.of(line.list_unit) if line.list_unit is not None else None,
        total=MoneyOut.of(line.total),
        refunded=MoneyOut.of(line.refunded),
        license=_license(order, line.license) if line.license else None,
    )


def _license(order: Order, license_: License) -> OrderLicenseOut:
    return OrderLicenseOut(
        number=license_.number,
        status=status_today(license_),
        starts_on=license_.starts_on,
        ends_on=license_.ends_on,
        certificate_url=links.certificate_url(order, license_),
        certificate_json_url=links.certificate_url(order, license_, "json"),
        verification_url=links.verification_url(order, license_),
    )


def _issue(issue: OrderIssue) -> OrderIssueOut:
    return OrderIssueOut(
        id=issue.id,
        code=issue.code,
        detail=issue.detail,
        raised_at=issue.created_at,
        cleared_at=issue.cleared_at,
        cleared_by=issue.cleared_by,
    )


def _staff_refund(refund: Refund) -> StaffRefundOut:
    return StaffRefundOut(
        id=refund.id,
        amount=MoneyOut.of(refund.money),
        status=refund.status,
        requested_at=refund.created_at,
        origin=refund.origin,
        reference=refund.reference,
        payment_reference=refund.payment.reference,
        reason=refund.reason,
        license_effect=refund.license_effect,
        allocations=[AllocationOut.model_validate(entry) for entry in refund.allocations],
        requested_by=refund.requested_by,
        settled_at=refund.settled_at,
        failure=refund.failure,
    )
