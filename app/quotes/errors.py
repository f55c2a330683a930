"""Errors of quotes."""

from app.core.errors import ConflictError


class QuoteNotOpenError(ConflictError):
    """The quote was accepted, or its offer no longer stands."""

    type = "quote-not-open"
    title = "Quote is not open"
