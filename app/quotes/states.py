"""The states of a quote and its transitions. Pure."""

from collections.abc import Mapping
from enum import StrEnum


class QuoteState(StrEnum):
    """What has become of a quote."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


# Staff may extend an expired quote. What was accepted or withdrawn stays so.
QUOTE_TRANSITIONS: Mapping[QuoteState, frozenset[QuoteState]] = {
    QuoteState.OPEN: frozenset(
        {
            QuoteState.ACCEPTED,
            QuoteState.DECLINED,
            QuoteState.EXPIRED,
            QuoteState.SUPERSEDED,
            QuoteState.WITHDRAWN,
        }
    ),
    QuoteState.EXPIRED: frozenset({QuoteState.OPEN, QuoteState.SUPERSEDED}),
    QuoteState.DECLINED: frozenset({QuoteState.SUPERSEDED}),
    QuoteState.ACCEPTED: frozenset(),
    QuoteState.SUPERSEDED: frozenset(),
    QuoteState.WITHDRAWN: frozenset(),
}
