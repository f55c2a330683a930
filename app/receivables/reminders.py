"""When accounts payable are reminded of an invoice. Pure (docs/invoicing.md)."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

# A reminder that is late by more than this, because the worker was down, is not sent.
MAX_DELAY = timedelta(days=7)


def find_reminder(
    steps: Sequence[int],
    *,
    issued_on: date,
    due_on: date,
    today: date,
    sent: Iterable[int] = (),
) -> int | None:
    """Return the step to remind of today; None if there is none.

    Steps are days after the due date; a negative step is before it. Only the latest step whose
    day has come counts: a missed reminder is never sent after a later one. A step on or before
    the day of the invoice is left out, as the invoice itself just arrived.
    """
    latest = None
    for step in sorted(steps):
        day = due_on + timedelta(days=step)
        if issued_on < day <= today:
            latest = step
    if latest is None or latest in set(sent):
        return None
    is_late = today > due_on + timedelta(days=latest) + MAX_DELAY
    return None if is_late else latest
