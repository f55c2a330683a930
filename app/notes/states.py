"""Where a note stands, as a table; and what its writer's email address tells. Pure."""

from enum import StrEnum


class NoteStatus(StrEnum):
    """How far a note has come. Only approved ones are shown."""

    UNCONFIRMED = "unconfirmed"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    REMOVED = "removed"


# What staff have refused or removed may still be shown, as long as it is kept.
NOTE_TRANSITIONS: dict[NoteStatus, frozenset[NoteStatus]] = {
    NoteStatus.UNCONFIRMED: frozenset({NoteStatus.PENDING}),
    NoteStatus.PENDING: frozenset({NoteStatus.APPROVED, NoteStatus.REJECTED}),
    NoteStatus.APPROVED: frozenset({NoteStatus.REMOVED}),
    NoteStatus.REJECTED: frozenset({NoteStatus.APPROVED}),
    NoteStatus.REMOVED: frozenset({NoteStatus.APPROVED}),
}


class AddressKind(StrEnum):
    """What an email address says about who writes."""

    INSTITUTION = "institution"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"
    STAFF = "staff"
