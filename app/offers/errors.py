"""What can go wrong with offers, in words a caller can act on."""

from app.core.errors import ConflictError, InvalidInputError


class ImmutableRowError(ConflictError):
    """The row is one that others rely upon; it is added to, never changed."""

    type = "immutable-row"
    title = "This never changes once it is written"


class PriceOverlapError(ConflictError):
    """Some buyer would find two prices on some day."""

    type = "price-overlap"
    title = "Another price holds for some of the same buyers and days"


class OutsideRightsError(InvalidInputError):
    """The offer reaches outside the rights that we hold."""

    type = "outside-rights-window"
    title = "The offer reaches outside the rights held"


class OfferStateError(ConflictError):
    """The offer's status does not allow this."""

    type = "offer-status-conflict"
    title = "The offer's status does not allow this"


class AlreadyExistsError(ConflictError):
    """An offer with this SKU, a window of this contract, or this version of a text is there."""

    type = "already-exists"
    title = "There is one by this name already"
