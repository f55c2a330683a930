"""Resumption tokens: where a list goes on. They hold all of it, so the store keeps nothing.

The list is in the order of the last change, then of a number of the item's own. What changes
meanwhile moves behind what is still to come, so it is told again and never missed; what goes moves
there too, as deleted. A token is good for as long as the store is.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.pagination import MAX_ID
from app.discovery.oai import arguments, formats
from app.discovery.oai.arguments import Selection, Verb
from app.discovery.oai.errors import ErrorCode, OaiError

MAX_TOKEN_LENGTH = 1000
MAX_COUNT = 10**9
# A shelf may number several items a film.
MAX_ORDER = MAX_ID * 100


@dataclass(frozen=True, slots=True)
class Token:
    """A place in a list: behind the item of this change and order, after ``told`` of ``total``."""

    verb: Verb
    selection: Selection
    changed_at: datetime
    order: int
    delivered_count: int
    total: int

    def written(self) -> str:
        """Return it in one opaque word."""
        asked = self.selection
        parts = [
            self.verb.value,
            asked.prefix,
            asked.since,
            asked.until,
            asked.set_spec,
            self.changed_at.isoformat(),
            self.order,
            self.delivered_count,
            self.total,
        ]
        text = json.dumps(parts, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str, verb: Verb) -> Token:
    """Return the token that we gave for this verb.

    Raises:
        OaiError: it is none of ours.
    """
    try:
        return _read(text, verb)
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, OaiError):
        words = "this is no resumptionToken of this list; begin again without it"
        raise OaiError(ErrorCode.BAD_RESUMPTION_TOKEN, words) from None


def _read(text: str, verb: Verb) -> Token:
    if len(text) > MAX_TOKEN_LENGTH:
        raise ValueError
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    said, prefix, since, until, set_spec, changed_at, order, told, total = json.loads(
        base64.b64decode(padded, altchars=b"-_", validate=True)
    )
    numbers_fit = all(
        type(number) is int and 0 <= number <= most
        for number, most in ((order, MAX_ORDER), (told, MAX_COUNT), (total, MAX_COUNT))
    )
    if said != verb or not numbers_fit:
        raise ValueError
    given = {"metadataPrefix": prefix, "from": since, "until": until, "set": set_spec}
    asked = arguments.selection({name: value for name, value in given.items() if value is not None})
    formats.format_of(asked.prefix)
    instant = datetime.fromisoformat(changed_at)
    if instant.tzinfo is None:
        raise ValueError
    return Token(verb, asked, instant.astimezone(UTC), order, told, total)
