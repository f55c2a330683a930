"""What can go wrong with offers, in words a caller can act on."""

from app.core.errors import ConflictError, InvalidInputError


class ImmutableRowError(ConflictError):
    """The row is one that others rely upon; it is added to, never changed."""

    type = "immutable-row"
    title = "The resource can't be changed"


class PriceOverlapError(ConflictError):
    """Some buyer would find two prices on some day."""

    type = "price-overlap"
    title = "Prices overlap"


class OutsideRightsError(InvalidInputError):
    """The offer reaches outside the rights that we hold."""

    type = "outside-rights-window"
    title = "Offer exceeds the rights held"


class OfferStateError(ConflictError):
    """Not allowed in the offer's status."""

    type = "offer-status-conflict"
    title = "Not allowed in the offer's status"


class AlreadyExistsError(ConflictError):
    """An offer with this SKU, a window of this contract, or this version of a text is there."""

    type = "already-exists"
    title = "This name is already in use"
