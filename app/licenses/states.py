"""The life of a license, as data."""

from collections.abc import Mapping
from enum import StrEnum


class LicenseStatus(StrEnum):
    """Whether a license is in effect today."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"


LICENSE_TRANSITIONS: Mapping[LicenseStatus, frozenset[LicenseStatus]] = {
    LicenseStatus.ACTIVE: frozenset(
        {
            LicenseStatus.SUSPENDED,
            LicenseStatus.EXPIRED,
            LicenseStatus.REVOKED,
        }
    ),
    LicenseStatus.SUSPENDED: frozenset(
        {LicenseStatus.ACTIVE, LicenseStatus.EXPIRED, LicenseStatus.REVOKED}
    ),
    LicenseStatus.EXPIRED: frozenset(),
    # A refund that fails gives the money back to us, and the license back to them.
    LicenseStatus.REVOKED: frozenset({LicenseStatus.ACTIVE, LicenseStatus.EXPIRED}),
}
