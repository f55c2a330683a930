"""The states of tax, exemptions, purchase orders, and invoices, and their transitions."""

from collections.abc import Mapping
from enum import StrEnum


class TaxState(StrEnum):
    """What is known of the tax of an order. Unresolved tax is never counted as zero."""

    NONE = "none"
    EXEMPT = "exempt"
    CHARGED = "charged"
    UNRESOLVED = "unresolved"


class TaxSource(StrEnum):
    """What decides the tax of an order: the setting of that day, or later a person."""

    NONE = "none"
    RATES = "rates"
    STRIPE = "stripe"
    STAFF = "staff"


class TaxKind(StrEnum):
    """What a rate of tax applies to."""

    TANGIBLE = "tangible"
    DIGITAL = "digital"
    LICENSE = "license"
    SHIPPING = "shipping"
    CHARGE = "charge"


class ExemptionState(StrEnum):
    """How far staff have come with an exemption certificate."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVOKED = "revoked"


EXEMPTION_TRANSITIONS: Mapping[ExemptionState, frozenset[ExemptionState]] = {
    ExemptionState.PENDING: frozenset({ExemptionState.APPROVED, ExemptionState.REJECTED}),
    ExemptionState.APPROVED: frozenset({ExemptionState.REVOKED}),
    ExemptionState.REJECTED: frozenset(),
    ExemptionState.REVOKED: frozenset(),
}


class ExemptionForm(StrEnum):
    """The form that a certificate is written on."""

    SST = "sst_f0003"
    MTC = "mtc"
    STATE = "state"
    OTHER = "other"


class PurchaseOrderKind(StrEnum):
    """Whether a purchase order is for one order, or for all until its balance is used."""

    SINGLE = "single"
    BLANKET = "blanket"


class PurchaseOrderState(StrEnum):
    """How far staff have come with a purchase order."""

    RECEIVED = "received"
    COUNTERED = "countered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CLOSED = "closed"


class PurchaseOrderSource(StrEnum):
    """How a purchase order reached us."""

    CHECKOUT = "checkout"
    QUOTE = "quote"
    UPLOAD = "upload"
    API = "api"
    STAFF = "staff"


class PurchaseOrderDecision(StrEnum):
    """What staff decided when they reviewed a purchase order for one order."""

    COMPARED = "compared"
    COUNTERED = "countered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


PURCHASE_ORDER_TRANSITIONS: Mapping[PurchaseOrderState, frozenset[PurchaseOrderState]] = {
    PurchaseOrderState.RECEIVED: frozenset(
        {
            PurchaseOrderState.COUNTERED,
            PurchaseOrderState.ACCEPTED,
            PurchaseOrderState.REJECTED,
            PurchaseOrderState.CLOSED,
        }
    ),
    PurchaseOrderState.COUNTERED: frozenset(
        {
            PurchaseOrderState.RECEIVED,
            PurchaseOrderState.ACCEPTED,
            PurchaseOrderState.REJECTED,
            PurchaseOrderState.CLOSED,
        }
    ),
    PurchaseOrderState.ACCEPTED: frozenset({PurchaseOrderState.CLOSED}),
    PurchaseOrderState.REJECTED: frozenset({PurchaseOrderState.RECEIVED}),
    PurchaseOrderState.CLOSED: frozenset(),
}


class InvoiceState(StrEnum):
    """What became of an invoice."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    WRITTEN_OFF = "written_off"


# A payment that bounces, or is voided, opens a paid invoice again; so does undoing a write-off.
INVOICE_TRANSITIONS: Mapping[InvoiceState, frozenset[InvoiceState]] = {
    InvoiceState.OPEN: frozenset({InvoiceState.PAID, InvoiceState.VOID, InvoiceState.WRITTEN_OFF}),
    InvoiceState.PAID: frozenset({InvoiceState.OPEN, InvoiceState.VOID}),
    InvoiceState.WRITTEN_OFF: frozenset({InvoiceState.OPEN, InvoiceState.PAID}),
    InvoiceState.VOID: frozenset(),
}
