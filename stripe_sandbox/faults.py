"""Fault switches: what goes wrong between the sandbox and the store, on purpose.

They are rows, so they hold until they are switched off, across restarts. Counted ones ("the next
n") count down as they are used.
"""

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from stripe_sandbox.storage import Transaction


class ApiFault(StrEnum):
    """How an API call fails. "After" means that it took effect and only the answer was lost."""

    NONE = ""
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"


@dataclass(frozen=True, slots=True)
class Faults:
    """The switches, all off by default."""

    duplicate: int = 0
    """How many extra copies of each delivery are sent."""
    concurrent: bool = False
    """Send the copies at the same moment instead of one after the other."""
    delay_seconds: float = 0.0
    """How much later than it happened each event is sent."""
    reorder_seconds: float = 0.0
    """Each delivery waits a random part of this, so that events overtake each other."""
    drop: int = 0
    """How many of the next deliveries are lost for good."""
    hold: bool = False
    """Keep deliveries back until they are released."""
    refuse_refunds: int = 0
    """How many of the next refunds fail a moment after they were made."""
    api_fault: ApiFault = ApiFault.NONE
    api_count: int = 0
    """How many of the next API calls fail in that way."""
    api_path: str = ""
    """Only calls whose path begins so; empty for all."""
    timeout_seconds: float = 2.0
    """How long a call that times out hangs before the connection is closed without an answer."""


_TYPES: dict[str, type] = {
    "duplicate": int, "concurrent": bool, "delay_seconds": float, "reorder_seconds": float,
    "drop": int, "hold": bool, "refuse_refunds": int, "api_fault": ApiFault, "api_count": int,
    "api_path": str, "timeout_seconds": float,
}  # fmt: skip
_MOST = {"duplicate": 20, "delay_seconds": 86_400, "reorder_seconds": 3600, "timeout_seconds": 120}
_TRUE = frozenset({"1", "true", "on", "yes"})


def read(tx: Transaction) -> Faults:
    """Return the switches as they are now."""
    rows = tx.connection.execute("SELECT name, value FROM faults").fetchall()
    return Faults(**{name: _typed(name, json.loads(value)) for name, value in rows})


def change(tx: Transaction, **values: object) -> Faults:
    """Set some switches from text or JSON values and leave the others.

    Raises:
        ValueError: there is no such switch, or it cannot have that value.
    """
    for name, value in values.items():
        typed = _typed(name, value)
        tx.connection.execute(
            "INSERT INTO faults (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(typed)),
        )
    return read(tx)


def reset(tx: Transaction) -> Faults:
    """Switch everything off."""
    tx.connection.execute("DELETE FROM faults")
    return Faults()


def use_one(tx: Transaction, name: str) -> bool:
    """Take one from a counted switch; return whether there was one left."""
    left: int = getattr(read(tx), name)
    if left <= 0:
        return False
    change(tx, **{name: left - 1})
    return True


def as_json(faults: Faults) -> dict[str, Any]:
    """Return the switches for the control API."""
    return asdict(faults)


NAMES = tuple(field.name for field in fields(Faults))


def _typed(name: str, value: object) -> Any:  # noqa: ANN401 - each switch has its own type
    if name not in _TYPES:
        msg = f"there is no switch {name!r}; there are {', '.join(_TYPES)}"
        raise ValueError(msg)
    kind = _TYPES[name]
    if kind is bool:
        return value is True or str(value).lower() in _TRUE
    try:
        typed = kind(value if value != "" or kind in {str, ApiFault} else 0)
    except (TypeError, ValueError) as error:
        msg = f"{name} cannot be {value!r}"
        raise ValueError(msg) from error
    if kind in {int, float} and not 0 <= typed <= _MOST.get(name, 1_000_000):
        msg = f"{name} must be between 0 and {_MOST.get(name, 1_000_000)}"
        raise ValueError(msg)
    return typed
