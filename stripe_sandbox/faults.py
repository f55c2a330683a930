"""Fault switches: what goes wrong on purpose between the sandbox and its client.

They are rows, so they stay on across restarts until switched off. Counters ("the next n") count
down as they are used.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_type_hints

from stripe_sandbox.storage import Transaction


class ApiFault(StrEnum):
    """How an API call fails. "After" means that it took effect and only the response is lost."""

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
    """Send the copies at once instead of one after the other."""
    delay_seconds: float = 0.0
    """How much later each event is sent."""
    reorder_seconds: float = 0.0
    """Each delivery waits a random part of this, so that events overtake each other."""
    drop: int = 0
    """How many of the next deliveries never arrive."""
    hold: bool = False
    """Hold deliveries until they are released."""
    refuse_refunds: int = 0
    """How many of the next refunds fail a second after they are created."""
    api_fault: ApiFault = ApiFault.NONE
    api_count: int = 0
    """How many of the next API calls fail in that way."""
    api_path: str = ""
    """Only calls whose path begins with this; empty for all."""
    timeout_seconds: float = 2.0
    """How long a call hangs before its connection is closed without a response."""


_TYPES: dict[str, type] = get_type_hints(Faults)
NAMES = tuple(_TYPES)
_MAX_VALUE = 1_000_000
_MAX_VALUES = {
    "duplicate": 20,
    "delay_seconds": 86_400,
    "reorder_seconds": 3600,
    "timeout_seconds": 120,
}
_TRUE = frozenset({"1", "true", "on", "yes"})


def read(tx: Transaction) -> Faults:
    """Return the current switches."""
    rows = tx.connection.execute("SELECT name, value FROM faults").fetchall()
    return Faults(**{name: _convert(name, json.loads(value)) for name, value in rows})


def change(tx: Transaction, **values: object) -> Faults:
    """Set some switches from text or JSON values, and leave the others.

    Raises:
        ValueError: a switch is unknown, or its value is not allowed.
    """
    for name, value in values.items():
        converted = _convert(name, value)
        tx.connection.execute(
            "INSERT INTO faults (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(converted)),
        )
    return read(tx)


def reset(tx: Transaction) -> Faults:
    """Switch all faults off."""
    tx.connection.execute("DELETE FROM faults")
    return Faults()


def use_one(tx: Transaction, name: str) -> bool:
    """Count a switch down by one. Return whether any were left."""
    remaining: int = getattr(read(tx), name)
    if remaining <= 0:
        return False
    change(tx, **{name: remaining - 1})
    return True


def _convert(name: str, value: object) -> Any:  # noqa: ANN401 - each switch has its own type
    if name not in _TYPES:
        msg = f"unknown switch {name!r}; choose one of {', '.join(_TYPES)}"
        raise ValueError(msg)
    kind = _TYPES[name]
    if kind is bool:
        return value is True or str(value).lower() in _TRUE
    try:
        converted = kind(value if value != "" or kind in {str, ApiFault} else 0)
    except (TypeError, ValueError) as error:
        msg = f"{name} cannot be {value!r}"
        raise ValueError(msg) from error
    maximum = _MAX_VALUES.get(name, _MAX_VALUE)
    if kind in {int, float} and not 0 <= converted <= maximum:
        msg = f"{name} must be between 0 and {maximum}"
        raise ValueError(msg)
    return converted
