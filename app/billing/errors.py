"""What can go wrong with tax, beyond bad input."""

from app.core.errors import ConflictError


class TaxRateOverlapError(ConflictError):
    """Another rate of the same place and kind is valid on one of its days."""

    type = "tax-rate-overlap"
    title = "Tax rates overlap"


class TaxRateImmutableError(ConflictError):
    """The rate has begun or was ended, and rates are never edited."""

    type = "tax-rate-immutable"
    title = "Tax rate can't be changed"


class TaxUnresolvedError(ConflictError):
    """Nobody knows yet whether tax is due, so nothing can be paid or accepted."""

    type = "tax-unresolved"
    title = "Tax not known yet"


class ExemptionLimitError(ConflictError):
    """Too many certificates of one holder wait for review."""

    type = "exemption-limit"
    title = "Too many certificates"


class InvoiceNotReplaceableError(ConflictError):
    """The invoice is void or written off, or it has credit notes."""

    type = "invoice-not-replaceable"
    title = "Invoice can't be replaced"
