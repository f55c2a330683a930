"""Every state as staff read it: a word and a shape; the color only repeats them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.catalog.files.kinds import FileState
from app.catalog.import_models import ImportState
from app.catalog.kinds import FilmStatus
from app.catalog.transfer.lines import Outcome
from app.core.email_models import EmailStatus
from app.licenses.states import LicenseStatus
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


class Shape(StrEnum):
    """The drawing beside a word. Each is told from the others without color."""

    EMPTY = "empty"
    HALF = "half"
    FULL = "full"
    CHECK = "check"
    CROSS = "cross"
    ALERT = "alert"
    BACK = "back"
    PAUSE = "pause"


class Tone(StrEnum):
    """How much a state asks of the reader."""

    QUIET = "quiet"
    WAIT = "wait"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Mark:
    """How one state looks."""

    word: str
    shape: Shape
    tone: Tone


ORDER: Mapping[str, Mark] = {
    OrderState.SUBMITTED: Mark("Submitted", Shape.EMPTY, Tone.WAIT),
    OrderState.ACCEPTED: Mark("Accepted", Shape.HALF, Tone.WAIT),
    OrderState.COMPLETED: Mark("Completed", Shape.CHECK, Tone.GOOD),
    OrderState.CANCELED: Mark("Canceled", Shape.CROSS, Tone.QUIET),
    OrderState.EXPIRED: Mark("Expired", Shape.CROSS, Tone.QUIET),
}
PAYMENT: Mapping[str, Mark] = {
    PaymentState.UNPAID: Mark("Unpaid", Shape.EMPTY, Tone.WAIT),
    PaymentState.PENDING: Mark("Payment on its way", Shape.PAUSE, Tone.WAIT),
    PaymentState.PARTIALLY_PAID: Mark("Partly paid", Shape.HALF, Tone.WAIT),
    PaymentState.PAID: Mark("Paid", Shape.FULL, Tone.GOOD),
    PaymentState.PARTIALLY_REFUNDED: Mark("Partly refunded", Shape.BACK, Tone.QUIET),
    PaymentState.REFUNDED: Mark("Refunded", Shape.BACK, Tone.QUIET),
    PaymentState.DISPUTED: Mark("Disputed", Shape.ALERT, Tone.BAD),
}
FULFILLMENT: Mapping[str, Mark] = {
    FulfillmentState.NONE: Mark("Nothing delivered", Shape.EMPTY, Tone.WAIT),
    FulfillmentState.PARTIAL: Mark("Partly delivered", Shape.HALF, Tone.WAIT),
    FulfillmentState.FULFILLED: Mark("Delivered", Shape.FULL, Tone.GOOD),
}
SHIPMENT: Mapping[str, Mark] = {
    ShipmentState.PENDING: Mark("To be packed", Shape.EMPTY, Tone.WAIT),
    ShipmentState.PACKED: Mark("Packed", Shape.HALF, Tone.WAIT),
    ShipmentState.SHIPPED: Mark("Shipped", Shape.FULL, Tone.GOOD),
    ShipmentState.CANCELED: Mark("Canceled", Shape.CROSS, Tone.QUIET),
}
# The same states where nothing is packed: files and streams.
HANDOVER: Mapping[str, Mark] = {
    ShipmentState.PENDING: Mark("To be handed over", Shape.EMPTY, Tone.WAIT),
    ShipmentState.PACKED: Mark("Prepared", Shape.HALF, Tone.WAIT),
    ShipmentState.SHIPPED: Mark("Handed over", Shape.FULL, Tone.GOOD),
    ShipmentState.CANCELED: Mark("Canceled", Shape.CROSS, Tone.QUIET),
}
REFUND: Mapping[str, Mark] = {
    RefundStatus.REQUESTED: Mark("Requested", Shape.EMPTY, Tone.WAIT),
    RefundStatus.PENDING: Mark("On its way", Shape.PAUSE, Tone.WAIT),
    RefundStatus.SUCCEEDED: Mark("Refunded", Shape.CHECK, Tone.GOOD),
    RefundStatus.FAILED: Mark("Failed", Shape.ALERT, Tone.BAD),
}
LICENSE: Mapping[str, Mark] = {
    LicenseStatus.ACTIVE: Mark("Active", Shape.FULL, Tone.GOOD),
    LicenseStatus.SUSPENDED: Mark("Suspended", Shape.PAUSE, Tone.BAD),
    LicenseStatus.EXPIRED: Mark("Expired", Shape.CROSS, Tone.QUIET),
    LicenseStatus.REVOKED: Mark("Revoked", Shape.CROSS, Tone.BAD),
}
EMAIL: Mapping[str, Mark] = {
    EmailStatus.QUEUED: Mark("Queued", Shape.PAUSE, Tone.WAIT),
    EmailStatus.SENT: Mark("Sent", Shape.CHECK, Tone.GOOD),
    EmailStatus.FAILED: Mark("Failed", Shape.ALERT, Tone.BAD),
    EmailStatus.NOT_SENT: Mark("Not sent", Shape.EMPTY, Tone.QUIET),
}

DISPUTE: Mapping[str, Mark] = {
    DisputeStatus.WARNING_NEEDS_RESPONSE: Mark("Inquiry: answer it", Shape.ALERT, Tone.BAD),
    DisputeStatus.WARNING_UNDER_REVIEW: Mark("Inquiry: under review", Shape.PAUSE, Tone.WAIT),
    DisputeStatus.WARNING_CLOSED: Mark("Inquiry closed", Shape.CHECK, Tone.QUIET),
    DisputeStatus.NEEDS_RESPONSE: Mark("Answer it", Shape.ALERT, Tone.BAD),
    DisputeStatus.UNDER_REVIEW: Mark("Under review", Shape.PAUSE, Tone.WAIT),
    DisputeStatus.WON: Mark("Won", Shape.CHECK, Tone.GOOD),
    DisputeStatus.LOST: Mark("Lost", Shape.CROSS, Tone.BAD),
    DisputeStatus.PREVENTED: Mark("Prevented", Shape.CHECK, Tone.QUIET),
}
FILM: Mapping[str, Mark] = {
    FilmStatus.DRAFT: Mark("Draft", Shape.EMPTY, Tone.QUIET),
    FilmStatus.PUBLISHED: Mark("Published", Shape.FULL, Tone.GOOD),
    FilmStatus.WITHDRAWN: Mark("Withdrawn", Shape.CROSS, Tone.QUIET),
}
OFFER: Mapping[str, Mark] = {
    OfferStatus.DRAFT: Mark("Draft", Shape.EMPTY, Tone.QUIET),
    OfferStatus.PUBLISHED: Mark("On sale", Shape.FULL, Tone.GOOD),
    OfferStatus.WITHDRAWN: Mark("Withdrawn", Shape.CROSS, Tone.QUIET),
}
FILE: Mapping[str, Mark] = {
    FileState.WAITING: Mark("Being prepared", Shape.HALF, Tone.WAIT),
    FileState.READY: Mark("Ready", Shape.CHECK, Tone.GOOD),
    FileState.FAILED: Mark("Not prepared", Shape.ALERT, Tone.BAD),
}
IMPORT: Mapping[str, Mark] = {
    Outcome.CREATED: Mark("Created", Shape.FULL, Tone.GOOD),
    Outcome.CHANGED: Mark("Changed", Shape.HALF, Tone.WAIT),
    Outcome.LEFT: Mark("Left as it is", Shape.EMPTY, Tone.QUIET),
    Outcome.REFUSED: Mark("Refused", Shape.ALERT, Tone.BAD),
}
IMPORT_STATE: Mapping[str, Mark] = {
    ImportState.CHECKING: Mark("Being looked at", Shape.HALF, Tone.WAIT),
    ImportState.CHECKED: Mark("Not applied", Shape.EMPTY, Tone.WAIT),
    ImportState.APPLYING: Mark("Being applied", Shape.HALF, Tone.WAIT),
    ImportState.APPLIED: Mark("Applied", Shape.FULL, Tone.GOOD),
    ImportState.UNREADABLE: Mark("Cannot be read", Shape.ALERT, Tone.BAD),
    ImportState.UNMAPPED: Mark("Columns to choose", Shape.EMPTY, Tone.WAIT),
    ImportState.FAILED: Mark("Failed", Shape.ALERT, Tone.BAD),
}

# A member of a StrEnum is its value, so templates look marks up by either.
NOTE: Mapping[str, Mark] = {
    NoteStatus.UNCONFIRMED: Mark("Not confirmed", Shape.PAUSE, Tone.QUIET),
    NoteStatus.PENDING: Mark("To be read", Shape.EMPTY, Tone.WAIT),
    NoteStatus.APPROVED: Mark("Shown", Shape.CHECK, Tone.GOOD),
    NoteStatus.REJECTED: Mark("Refused", Shape.CROSS, Tone.QUIET),
    NoteStatus.REMOVED: Mark("Taken off", Shape.BACK, Tone.QUIET),
}
MARKS: Mapping[str, Mapping[str, Mark]] = {
    "order": ORDER,
    "payment": PAYMENT,
    "fulfillment": FULFILLMENT,
    "shipment": SHIPMENT,
    "handover": HANDOVER,
    "refund": REFUND,
    "license": LICENSE,
    "email": EMAIL,
    "dispute": DISPUTE,
    "film": FILM,
    "file": FILE,
    "import": IMPORT,
    "import-state": IMPORT_STATE,
    "offer": OFFER,
    "note": NOTE,
}
