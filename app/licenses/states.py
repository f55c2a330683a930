"""The life of a license, as data."""

from collections.abc import Mapping
from enum import StrEnum


class LicenseStatus(StrEnum):
    """Whether a license is in effect today."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REPLACED = "replaced"


class EntitlementKind(StrEnum):
    """What access a license gives: files to download, or a hosted stream."""

    DOWNLOAD = "download"
    STREAM = "stream"


LICENSE_TRANSITIONS: Mapping[LicenseStatus, frozenset[LicenseStatus]] = {
    LicenseStatus.SCHEDULED: frozenset(
        {
            LicenseStatus.ACTIVE,
            LicenseStatus.SUSPENDED,
            LicenseStatus.REVOKED,
            LicenseStatus.REPLACED,
        }
    ),
    LicenseStatus.ACTIVE: frozenset(
        {
            LicenseStatus.SUSPENDED,
            LicenseStatus.EXPIRED,
            LicenseStatus.REVOKED,
            LicenseStatus.REPLACED,
        }
    ),
    LicenseStatus.SUSPENDED: frozenset(
        {
            LicenseStatus.SCHEDULED,
            LicenseStatus.ACTIVE,
            LicenseStatus.EXPIRED,
            LicenseStatus.REVOKED,
            LicenseStatus.REPLACED,
        }
    ),
    # A correction of its dates may give an expired license a later end.
    LicenseStatus.EXPIRED: frozenset({LicenseStatus.REPLACED}),
    # A refund that fails gives the money back to us, and the license back to them.
    LicenseStatus.REVOKED: frozenset(
        {LicenseStatus.SCHEDULED, LicenseStatus.ACTIVE, LicenseStatus.EXPIRED}
    ),
    LicenseStatus.REPLACED: frozenset(),
}
