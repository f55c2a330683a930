"""What happens by itself: sessions expire, bank debits settle, disputes and refunds come late."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.context import Context
from stripe_sandbox.objects import disputes, payments, refunds, sessions
from stripe_sandbox.storage import Database, Document

log = logging.getLogger(__name__)


def _expire(context: Context, session: Document) -> None:
    sessions.expire(context, session, by_request=False)


def _settle(context: Context, intent: Document) -> None:
    payments.settle_as_planned(context, intent)


def _dispute(context: Context, charge: Document) -> None:
    if charge["amount_refunded"] < charge["amount"] and not charge["disputed"]:
        disputes.create(context, charge)


def _refund_fails(context: Context, refund: Document) -> None:
    refunds.fail(context, refund)


def _refund_succeeds(context: Context, refund: Document) -> None:
    refunds.succeed(context, refund)


_ACTIONS: Final[Mapping[str, Callable[[Context, Document], None]]] = {
    "expire": _expire,
    "settle": _settle,
    "dispute": _dispute,
    "refund_fails": _refund_fails,
    "refund_succeeds": _refund_succeeds,
}


def run_due(database: Database, config: SandboxConfig) -> int:
    """Do all that is due, each in a transaction of its own; return how much that was."""
    done = 0
    while True:
        with database.read() as tx:
            row = tx.connection.execute(
                "SELECT id FROM due WHERE at <= ? ORDER BY at, id LIMIT 1", (config.clock(),)
            ).fetchone()
        if row is None:
            return done
        try:
            _run(database, config, row[0])
        except Exception:
            # One that cannot be done must not hold up all the others for ever.
            log.exception("sandbox.due_failed", extra={"due": row[0]})
            with database.write() as tx:
                tx.connection.execute("DELETE FROM due WHERE id = ?", (row[0],))
        done += 1


def _run(database: Database, config: SandboxConfig, due: int) -> None:
    with database.write() as tx:
        gone = tx.connection.execute(
            "DELETE FROM due WHERE id = ? RETURNING action, object", (due,)
        ).fetchone()
        if gone is not None:
            _ACTIONS[gone[0]](Context(tx, config, config.clock()), tx.get(gone[1]))
            log.info("sandbox.due", extra={"action": gone[0], "object": gone[1]})


def next_due(database: Database) -> float | None:
    """Return when the next thing is due, or None if nothing is."""
    with database.read() as tx:
        row = tx.connection.execute("SELECT min(at) FROM due").fetchone()
    return None if row[0] is None else float(row[0])
