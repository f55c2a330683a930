"""Labels and shapes of all states. The color repeats them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.billing.states import ExemptionState, InvoiceState, PurchaseOrderState
from app.catalog.enums import FilmStatus
from app.catalog.file_enums import FileState
from app.core.email_models import EmailStatus
from app.imports.lines import LineOutcome
from app.imports.models import ImportState
from app.licenses.states import LicenseStatus
from app.media.master_states import MasterState, PackageState
from app.notes.states import NoteStatus
from app.offers.states import OfferStatus
from app.orders.states import (
    DisputeStatus,
    FulfillmentState,
    OrderState,
    PaymentState,
    RefundStatus,
    ShipmentState,
)
from app.quotes.states import QuoteState


class Shape(StrEnum):
    """The drawing next to a label, distinct without color."""

    EMPTY = "empty"
    HALF = "half"
    FULL = "full"
    CHECK = "check"
    CROSS = "cross"
    ALERT = "alert"
    BACK = "back"
    PAUSE = "pause"


class Tone(StrEnum):
    """The color of a status."""

    QUIET = "quiet"
    WAIT = "wait"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class StatusMark:
    """Label, shape, and color of one status."""

    label: str
    shape: Shape
    tone: Tone


ORDER: Mapping[str, StatusMark] = {
    OrderState.SUBMITTED: StatusMark("Submitted", Shape.EMPTY, Tone.WAIT),
    OrderState.ACCEPTED: StatusMark("Accepted", Shape.HALF, Tone.WAIT),
    OrderState.COMPLETED: StatusMark("Completed", Shape.CHECK, Tone.GOOD),
    OrderState.CANCELED: StatusMark("Canceled", Shape.CROSS, Tone.QUIET),
    OrderState.EXPIRED: StatusMark("Expired", Shape.CROSS, Tone.QUIET),
}
QUOTE: Mapping[str, StatusMark] = {
    QuoteState.OPEN: StatusMark("Open", Shape.EMPTY, Tone.WAIT),
    QuoteState.ACCEPTED: StatusMark("Accepted", Shape.CHECK, Tone.GOOD),
    QuoteState.DECLINED: StatusMark("Declined", Shape.CROSS, Tone.QUIET),
    QuoteState.EXPIRED: StatusMark("Expired", Shape.PAUSE, Tone.QUIET),
    QuoteState.SUPERSEDED: StatusMark("Superseded", Shape.BACK, Tone.QUIET),
    QuoteState.WITHDRAWN: StatusMark("Withdrawn", Shape.CROSS, Tone.BAD),
}
PAYMENT: Mapping[str, StatusMark] = {
    PaymentState.UNPAID: StatusMark("Unpaid", Shape.EMPTY, Tone.WAIT),
    PaymentState.PENDING: StatusMark("Processing", Shape.PAUSE, Tone.WAIT),
    PaymentState.PARTIALLY_PAID: StatusMark("Partially paid", Shape.HALF, Tone.WAIT),
    PaymentState.PAID: StatusMark("Paid", Shape.FULL, Tone.GOOD),
    PaymentState.PARTIALLY_REFUNDED: StatusMark("Partially refunded", Shape.BACK, Tone.QUIET),
    PaymentState.REFUNDED: StatusMark("Refunded", Shape.BACK, Tone.QUIET),
    PaymentState.DISPUTED: StatusMark("Disputed", Shape.ALERT, Tone.BAD),
    PaymentState.WRITTEN_OFF: StatusMark("Written off", Shape.CROSS, Tone.QUIET),
}
FULFILLMENT: Mapping[str, StatusMark] = {
    FulfillmentState.NONE: StatusMark("Not delivered", Shape.EMPTY, Tone.WAIT),
    FulfillmentState.PARTIAL: StatusMark("Partially delivered", Shape.HALF, Tone.WAIT),
    FulfillmentState.FULFILLED: StatusMark("Delivered", Shape.FULL, Tone.GOOD),
}
PURCHASE_ORDER: Mapping[str, StatusMark] = {
    PurchaseOrderState.RECEIVED: StatusMark("In review", Shape.EMPTY, Tone.WAIT),
    PurchaseOrderState.COUNTERED: StatusMark("Correction requested", Shape.PAUSE, Tone.WAIT),
    PurchaseOrderState.ACCEPTED: StatusMark("Accepted", Shape.CHECK, Tone.GOOD),
    PurchaseOrderState.REJECTED: StatusMark("Rejected", Shape.CROSS, Tone.BAD),
    PurchaseOrderState.CLOSED: StatusMark("Closed", Shape.CROSS, Tone.QUIET),
}
SHIPMENT: Mapping[str, StatusMark] = {
    ShipmentState.PENDING: StatusMark("To pack", Shape.EMPTY, Tone.WAIT),
    ShipmentState.PACKED: StatusMark("Packed", Shape.HALF, Tone.WAIT),
    ShipmentState.SHIPPED: StatusMark("Shipped", Shape.FULL, Tone.GOOD),
    ShipmentState.CANCELED: StatusMark("Canceled", Shape.CROSS, Tone.QUIET),
}
# The same states for files and streams.
ELECTRONIC_DELIVERY: Mapping[str, StatusMark] = {
    ShipmentState.PENDING: StatusMark("To deliver", Shape.EMPTY, Tone.WAIT),
    ShipmentState.PACKED: StatusMark("Prepared", Shape.HALF, Tone.WAIT),
    ShipmentState.SHIPPED: StatusMark("Delivered", Shape.FULL, Tone.GOOD),
    ShipmentState.CANCELED: StatusMark("Canceled", Shape.CROSS, Tone.QUIET),
}
REFUND: Mapping[str, StatusMark] = {
    RefundStatus.REQUESTED: StatusMark("Requested", Shape.EMPTY, Tone.WAIT),
    RefundStatus.PENDING: StatusMark("Processing", Shape.PAUSE, Tone.WAIT),
    RefundStatus.SUCCEEDED: StatusMark("Refunded", Shape.CHECK, Tone.GOOD),
    RefundStatus.FAILED: StatusMark("Failed", Shape.ALERT, Tone.BAD),
}
LICENSE: Mapping[str, StatusMark] = {
    LicenseStatus.SCHEDULED: StatusMark("Scheduled", Shape.PAUSE, Tone.WAIT),
    LicenseStatus.ACTIVE: StatusMark("Active", Shape.FULL, Tone.GOOD),
    LicenseStatus.SUSPENDED: StatusMark("Suspended", Shape.PAUSE, Tone.BAD),
    LicenseStatus.EXPIRED: StatusMark("Expired", Shape.CROSS, Tone.QUIET),
    LicenseStatus.REVOKED: StatusMark("Revoked", Shape.CROSS, Tone.BAD),
    LicenseStatus.REPLACED: StatusMark("Replaced", Shape.CROSS, Tone.QUIET),
}
EMAIL: Mapping[str, StatusMark] = {
    EmailStatus.QUEUED: StatusMark("Queued", Shape.PAUSE, Tone.WAIT),
    EmailStatus.SENT: StatusMark("Sent", Shape.CHECK, Tone.GOOD),
    EmailStatus.FAILED: StatusMark("Failed", Shape.ALERT, Tone.BAD),
    EmailStatus.NOT_SENT: StatusMark("Not sent", Shape.EMPTY, Tone.QUIET),
}

DISPUTE: Mapping[str, StatusMark] = {
    DisputeStatus.WARNING_NEEDS_RESPONSE: StatusMark(
        "Inquiry: response needed", Shape.ALERT, Tone.BAD
    ),
    DisputeStatus.WARNING_UNDER_REVIEW: StatusMark("Inquiry: under review", Shape.PAUSE, Tone.WAIT),
    DisputeStatus.WARNING_CLOSED: StatusMark("Inquiry closed", Shape.CHECK, Tone.QUIET),
    DisputeStatus.NEEDS_RESPONSE: StatusMark("Response needed", Shape.ALERT, Tone.BAD),
    DisputeStatus.UNDER_REVIEW: StatusMark("Under review", Shape.PAUSE, Tone.WAIT),
    DisputeStatus.WON: StatusMark("Won", Shape.CHECK, Tone.GOOD),
    DisputeStatus.LOST: StatusMark("Lost", Shape.CROSS, Tone.BAD),
    DisputeStatus.PREVENTED: StatusMark("Prevented", Shape.CHECK, Tone.QUIET),
}
FILM: Mapping[str, StatusMark] = {
    FilmStatus.DRAFT: StatusMark("Draft", Shape.EMPTY, Tone.QUIET),
    FilmStatus.PUBLISHED: StatusMark("Published", Shape.FULL, Tone.GOOD),
    FilmStatus.WITHDRAWN: StatusMark("Withdrawn", Shape.CROSS, Tone.QUIET),
}
OFFER: Mapping[str, StatusMark] = {
    OfferStatus.DRAFT: StatusMark("Draft", Shape.EMPTY, Tone.QUIET),
    OfferStatus.PUBLISHED: StatusMark("Published", Shape.FULL, Tone.GOOD),
    OfferStatus.WITHDRAWN: StatusMark("Withdrawn", Shape.CROSS, Tone.QUIET),
}
FILE: Mapping[str, StatusMark] = {
    FileState.PROCESSING: StatusMark("Processing", Shape.HALF, Tone.WAIT),
    FileState.READY: StatusMark("Ready", Shape.CHECK, Tone.GOOD),
    FileState.FAILED: StatusMark("Failed", Shape.ALERT, Tone.BAD),
}
MASTER: Mapping[str, StatusMark] = {
    MasterState.UPLOADING: StatusMark("Uploading", Shape.HALF, Tone.WAIT),
    MasterState.RECEIVED: StatusMark("Received", Shape.EMPTY, Tone.WAIT),
    MasterState.CHECKING: StatusMark("Checking", Shape.HALF, Tone.WAIT),
    MasterState.ACCEPTED: StatusMark("Accepted", Shape.CHECK, Tone.GOOD),
    MasterState.REFUSED: StatusMark("Refused", Shape.ALERT, Tone.BAD),
    MasterState.WITHDRAWN: StatusMark("Withdrawn", Shape.CROSS, Tone.QUIET),
}
PACKAGE: Mapping[str, StatusMark] = {
    PackageState.WANTED: StatusMark("Waiting", Shape.EMPTY, Tone.WAIT),
    PackageState.WORKING: StatusMark("In progress", Shape.HALF, Tone.WAIT),
    PackageState.READY: StatusMark("Ready", Shape.CHECK, Tone.GOOD),
    PackageState.FAILED: StatusMark("Failed", Shape.ALERT, Tone.BAD),
    PackageState.SUPERSEDED: StatusMark("Replaced", Shape.BACK, Tone.QUIET),
}
IMPORT: Mapping[str, StatusMark] = {
    LineOutcome.CREATED: StatusMark("Created", Shape.FULL, Tone.GOOD),
    LineOutcome.CHANGED: StatusMark("Changed", Shape.HALF, Tone.WAIT),
    LineOutcome.UNCHANGED: StatusMark("Unchanged", Shape.EMPTY, Tone.QUIET),
    LineOutcome.REJECTED: StatusMark("Rejected", Shape.ALERT, Tone.BAD),
}
IMPORT_STATE: Mapping[str, StatusMark] = {
    ImportState.CHECKING: StatusMark("Checking", Shape.HALF, Tone.WAIT),
    ImportState.CHECKED: StatusMark("Not applied", Shape.EMPTY, Tone.WAIT),
    ImportState.APPLYING: StatusMark("Applying", Shape.HALF, Tone.WAIT),
    ImportState.APPLIED: StatusMark("Applied", Shape.FULL, Tone.GOOD),
    ImportState.UNREADABLE: StatusMark("Unreadable", Shape.ALERT, Tone.BAD),
    ImportState.UNMAPPED: StatusMark("Columns unmatched", Shape.EMPTY, Tone.WAIT),
    ImportState.FAILED: StatusMark("Failed", Shape.ALERT, Tone.BAD),
}

NOTE: Mapping[str, StatusMark] = {
    NoteStatus.UNCONFIRMED: StatusMark("Unconfirmed", Shape.PAUSE, Tone.QUIET),
    NoteStatus.PENDING: StatusMark("Pending review", Shape.EMPTY, Tone.WAIT),
    NoteStatus.APPROVED: StatusMark("Published", Shape.CHECK, Tone.GOOD),
    NoteStatus.REJECTED: StatusMark("Rejected", Shape.CROSS, Tone.QUIET),
    NoteStatus.REMOVED: StatusMark("Removed", Shape.BACK, Tone.QUIET),
}
EXEMPTION: Mapping[str, StatusMark] = {
    ExemptionState.PENDING: StatusMark("Pending review", Shape.EMPTY, Tone.WAIT),
    ExemptionState.APPROVED: StatusMark("Approved", Shape.CHECK, Tone.GOOD),
    ExemptionState.REJECTED: StatusMark("Rejected", Shape.CROSS, Tone.QUIET),
    ExemptionState.REVOKED: StatusMark("Revoked", Shape.BACK, Tone.QUIET),
}
INVOICE: Mapping[str, StatusMark] = {
    InvoiceState.OPEN: StatusMark("Open", Shape.EMPTY, Tone.WAIT),
    InvoiceState.PAID: StatusMark("Paid", Shape.FULL, Tone.GOOD),
    InvoiceState.VOID: StatusMark("Void", Shape.CROSS, Tone.QUIET),
    InvoiceState.WRITTEN_OFF: StatusMark("Written off", Shape.BACK, Tone.QUIET),
}
MARKS: Mapping[str, Mapping[str, StatusMark]] = {
    "order": ORDER,
    "quote": QUOTE,
    "payment": PAYMENT,
    "fulfillment": FULFILLMENT,
    "purchase-order": PURCHASE_ORDER,
    "shipment": SHIPMENT,
    "handover": ELECTRONIC_DELIVERY,
    "refund": REFUND,
    "license": LICENSE,
    "email": EMAIL,
    "dispute": DISPUTE,
    "film": FILM,
    "file": FILE,
    "master": MASTER,
    "package": PACKAGE,
    "import": IMPORT,
    "import-state": IMPORT_STATE,
    "offer": OFFER,
    "note": NOTE,
    "exemption": EXEMPTION,
    "invoice": INVOICE,
}
