"""The shape of a webhook delivery: what makes signed bytes an event that the store reads. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from app.payments.errors import EventUnreadableError

MAX_ID_LENGTH = 255
MAX_TYPE_LENGTH = 100
MAX_VERSION_LENGTH = 60
# The year 9999: later moments are none that Python knows.
MAX_TIMESTAMP = 253_402_300_799


def read_event(text: str) -> Mapping[str, Any]:
    """Return the event in ``text``: a snapshot event with the object that it is about.

    Raises:
        EventUnreadableError: it is something else; the message says what is missing or wrong.
    """
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = "The body is not JSON."
        raise EventUnreadableError(msg) from error
    if not isinstance(payload, dict):
        msg = "The body is not a JSON object."
        raise EventUnreadableError(msg)
    if payload.get("object") == "v2.core.event":
        msg = (
            "This is a thin event. Configure the endpoint for snapshot events, which include the "
            "object."
        )
        raise EventUnreadableError(msg)
    if problem := _find_problem(payload):
        raise EventUnreadableError(problem)
    return payload


def _find_problem(payload: dict[str, Any]) -> str:
    """Return what the event lacks, in words; empty if nothing."""
    for name, limit in (("id", MAX_ID_LENGTH), ("type", MAX_TYPE_LENGTH)):
        value = payload.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= limit or not value.isprintable():
            return f"`{name}` is not a string of 1 to {limit} characters."
    version = payload.get("api_version")
    if version is not None and not (
        isinstance(version, str) and len(version) <= MAX_VERSION_LENGTH
    ):
        return f"`api_version` is not a string of at most {MAX_VERSION_LENGTH} characters"
    created = payload.get("created")
    if type(created) is not int or not 0 <= created <= MAX_TIMESTAMP:
        return "`created` is not a time in seconds."
    if not isinstance(payload.get("livemode"), bool):
        return "`livemode` is not true or false."
    data = payload.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("object"), dict):
        return "`data.object` is missing."
    return ""
