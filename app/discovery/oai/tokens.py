"""Resumption tokens: the position in a list. A token holds its whole state and never expires.

A list is sorted by last change, then by the item's order. An item that changes or is deleted
during a harvest moves to the end, so it is delivered again and never missed.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.pagination import MAX_ID
from app.discovery.oai.arguments import ErrorCode, OaiError, Selection, Verb, parse_selection
from app.discovery.oai.formats import get_format

MAX_TOKEN_LENGTH = 1000
MAX_COUNT = 10**9
# A source may number several items a film.
MAX_ORDER = MAX_ID * 100


@dataclass(frozen=True, slots=True)
class Token:
    """A position in a list: after this change and order, and ``delivered_count`` of ``total``."""

    verb: Verb
    selection: Selection
    changed_at: datetime
    order: int
    delivered_count: int
    total: int

    def encode(self) -> str:
        """Return the token as opaque text."""
        selection = self.selection
        parts = [
            self.verb.value,
            selection.prefix,
            selection.since,
            selection.until,
            selection.set_spec,
            self.changed_at.isoformat(),
            self.order,
            self.delivered_count,
            self.total,
        ]
        text = json.dumps(parts, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_token(text: str, verb: Verb) -> Token:
    """Return the token, which we issued for this verb.

    Raises:
        OaiError: It is not one of ours.
    """
    try:
        return _parse(text, verb)
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, OaiError):
        message = "this is no resumptionToken of this list; begin again without it"
        raise OaiError(ErrorCode.BAD_RESUMPTION_TOKEN, message) from None


def _parse(text: str, verb: Verb) -> Token:
    if len(text) > MAX_TOKEN_LENGTH:
        raise ValueError
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    token_verb, prefix, since, until, set_spec, changed_at, order, delivered, total = json.loads(
        base64.b64decode(padded, altchars=b"-_", validate=True)
    )
    numbers_fit = all(
        type(number) is int and 0 <= number <= limit
        for number, limit in ((order, MAX_ORDER), (delivered, MAX_COUNT), (total, MAX_COUNT))
    )
    if token_verb != verb or not numbers_fit:
        raise ValueError
    values = {"metadataPrefix": prefix, "from": since, "until": until, "set": set_spec}
    selection = parse_selection(
        {name: value for name, value in values.items() if value is not None}
    )
    get_format(selection.prefix)
    instant = datetime.fromisoformat(changed_at)
    if instant.tzinfo is None:
        raise ValueError
    return Token(verb, selection, instant.astimezone(UTC), order, delivered, total)
