"""What a harvester asks for, checked as the protocol has it. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.discovery.oai.errors import ErrorCode, OaiError

SET_SPEC = re.compile(r"[A-Za-z0-9\-_.!~*'()]+(?::[A-Za-z0-9\-_.!~*'()]+)*")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
SECOND = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
CALENDAR_END = datetime.max.replace(tzinfo=UTC)


class Verb(StrEnum):
    """What can be asked."""

    IDENTIFY = "Identify"
    LIST_METADATA_FORMATS = "ListMetadataFormats"
    LIST_SETS = "ListSets"
    LIST_IDENTIFIERS = "ListIdentifiers"
    LIST_RECORDS = "ListRecords"
    GET_RECORD = "GetRecord"


@dataclass(frozen=True, slots=True)
class _Takes:
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    resumable: bool = False


_HARVEST = _Takes(
    frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), resumable=True
)
_VERBS = {
    Verb.IDENTIFY: _Takes(),
    Verb.LIST_METADATA_FORMATS: _Takes(optional=frozenset({"identifier"})),
    Verb.LIST_SETS: _Takes(resumable=True),
    Verb.LIST_IDENTIFIERS: _HARVEST,
    Verb.LIST_RECORDS: _HARVEST,
    Verb.GET_RECORD: _Takes(frozenset({"identifier", "metadataPrefix"})),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records are asked for, as the harvester wrote it: it is told so again."""

    prefix: str
    since: str | None = None
    until: str | None = None
    set_spec: str | None = None

    @property
    def from_instant(self) -> datetime | None:
        """The first instant that counts."""
        return _instant(self.since) if self.since else None

    @property
    def before_instant(self) -> datetime | None:
        """The first instant that no longer counts: behind the day or the second of ``until``."""
        if not self.until:
            return None
        length = timedelta(days=1) if DAY.fullmatch(self.until) else timedelta(seconds=1)
        last = _instant(self.until)
        return last + length if last <= CALENDAR_END - length else None


def checked(arguments: Sequence[tuple[str, str]]) -> tuple[Verb, dict[str, str]]:
    """Return the verb and its arguments, once each.

    Raises:
        OaiError: the verb is missing or unknown, or takes other arguments.
    """
    verbs = [value for name, value in arguments if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in list(Verb):
        words = f"give one verb of {', '.join(Verb)}"
        raise OaiError(ErrorCode.BAD_VERB, words)
    verb = Verb(verbs[0])
    takes = _VERBS[verb]
    given = [(name, value) for name, value in arguments if name != "verb"]
    known = takes.required | takes.optional | ({"resumptionToken"} if takes.resumable else set())
    problems = [f"{verb} takes no {name}" for name, _ in given if name not in known]
    counts = Counter(name for name, _ in given)
    problems += [f"{name} is given {count} times" for name, count in counts.items() if count > 1]
    if "resumptionToken" in counts and len(counts) > 1:
        problems.append("resumptionToken stands alone")
    if "resumptionToken" not in counts:
        problems += [f"{verb} needs {name}" for name in sorted(takes.required - set(counts))]
    problems += [f"{name} is empty" for name, value in given if not value]
    if problems:
        raise OaiError(ErrorCode.BAD_ARGUMENT, "; ".join(problems))
    return verb, dict(given)


def selection(arguments: Mapping[str, str]) -> Selection:
    """Return which records the arguments of a list ask for.

    Raises:
        OaiError: a date or a set is none, or the dates do not go together.
    """
    asked = Selection(
        prefix=arguments["metadataPrefix"],
        since=arguments.get("from"),
        until=arguments.get("until"),
        set_spec=arguments.get("set"),
    )
    if asked.set_spec is not None and not SET_SPEC.fullmatch(asked.set_spec):
        raise OaiError(ErrorCode.BAD_ARGUMENT, "set is not of the form that ListSets gives")
    since, before = asked.from_instant, asked.before_instant
    if asked.since and asked.until and len(asked.since) != len(asked.until):
        raise OaiError(ErrorCode.BAD_ARGUMENT, "from and until differ in their granularity")
    if since and before and since >= before:
        raise OaiError(ErrorCode.BAD_ARGUMENT, "from is later than until")
    return asked


def _instant(text: str) -> datetime:
    """Return the beginning of a day, or an instant, as UTC."""
    try:
        if DAY.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        if SECOND.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    words = "dates are written YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ"
    raise OaiError(ErrorCode.BAD_ARGUMENT, words)
