"""What can go wrong with a license."""

from app.core.errors import ConflictError


class RightsNotHeldError(ConflictError):
    """The distributor no longer holds the rights that this license would grant."""

    type = "rights-not-held"
    title = "Rights not held"
