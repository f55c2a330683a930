"""The arguments of an OAI-PMH request, checked as the protocol demands. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

SET_SPEC = re.compile(r"[A-Za-z0-9\-_.!~*'()]+(?::[A-Za-z0-9\-_.!~*'()]+)*")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
SECOND = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
CALENDAR_END = datetime.max.replace(tzinfo=UTC)


class ErrorCode(StrEnum):
    """The protocol's error codes, without those of repositories without sets or formats."""

    BAD_ARGUMENT = "badArgument"
    BAD_RESUMPTION_TOKEN = "badResumptionToken"  # noqa: S105 - the protocol's word
    BAD_VERB = "badVerb"
    CANNOT_DISSEMINATE_FORMAT = "cannotDisseminateFormat"
    ID_DOES_NOT_EXIST = "idDoesNotExist"
    NO_RECORDS_MATCH = "noRecordsMatch"


class OaiError(Exception):
    """Ends a request with an error in the document; its HTTP status is 200."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Verb(StrEnum):
    """A kind of request."""

    IDENTIFY = "Identify"
    LIST_METADATA_FORMATS = "ListMetadataFormats"
    LIST_SETS = "ListSets"
    LIST_IDENTIFIERS = "ListIdentifiers"
    LIST_RECORDS = "ListRecords"
    GET_RECORD = "GetRecord"


@dataclass(frozen=True, slots=True)
class _Rules:
    """Which arguments a verb takes."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    resumable: bool = False


_HARVEST = _Rules(
    frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), resumable=True
)
_VERBS = {
    Verb.IDENTIFY: _Rules(),
    Verb.LIST_METADATA_FORMATS: _Rules(optional=frozenset({"identifier"})),
    Verb.LIST_SETS: _Rules(resumable=True),
    Verb.LIST_IDENTIFIERS: _HARVEST,
    Verb.LIST_RECORDS: _HARVEST,
    Verb.GET_RECORD: _Rules(frozenset({"identifier", "metadataPrefix"})),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records are requested, in the harvester's own text, which tokens repeat."""

    prefix: str
    since: str | None = None
    until: str | None = None
    set_spec: str | None = None

    @property
    def from_instant(self) -> datetime | None:
        """The first instant that is included."""
        return _instant(self.since) if self.since else None

    @property
    def before_instant(self) -> datetime | None:
        """The first instant that is excluded: the end of the day or the second of ``until``."""
        if not self.until:
            return None
        length = timedelta(days=1) if DAY.fullmatch(self.until) else timedelta(seconds=1)
        last = _instant(self.until)
        return last + length if last <= CALENDAR_END - length else None


def parse_arguments(arguments: Sequence[tuple[str, str]]) -> tuple[Verb, dict[str, str]]:
    """Return the verb and its arguments.

    Raises:
        OaiError: The verb is missing or unknown, or takes other arguments.
    """
    verbs = [value for name, value in arguments if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in list(Verb):
        message = f"give one verb of {', '.join(Verb)}"
        raise OaiError(ErrorCode.BAD_VERB, message)
    verb = Verb(verbs[0])
    rules = _VERBS[verb]
    others = [(name, value) for name, value in arguments if name != "verb"]
    known = rules.required | rules.optional | ({"resumptionToken"} if rules.resumable else set())
    problems = [f"{verb} takes no {name}" for name, _ in others if name not in known]
    counts = Counter(name for name, _ in others)
    problems += [f"{name} is given {count} times" for name, count in counts.items() if count > 1]
    if "resumptionToken" in counts and len(counts) > 1:
        problems.append("resumptionToken stands alone")
    if "resumptionToken" not in counts:
        problems += [f"{verb} needs {name}" for name in sorted(rules.required - set(counts))]
    problems += [f"{name} is empty" for name, value in others if not value]
    if problems:
        raise OaiError(ErrorCode.BAD_ARGUMENT, "; ".join(problems))
    return verb, dict(others)


def parse_selection(arguments: Mapping[str, str]) -> Selection:
    """Return which records the arguments of a list select.

    Raises:
        OaiError: A date or a set has the wrong form, or the dates do not fit together.
    """
    selection = Selection(
        prefix=arguments["metadataPrefix"],
        since=arguments.get("from"),
        until=arguments.get("until"),
        set_spec=arguments.get("set"),
    )
    if selection.set_spec is not None and not SET_SPEC.fullmatch(selection.set_spec):
        raise OaiError(ErrorCode.BAD_ARGUMENT, "set is not of the form that ListSets gives")
    since, before = selection.from_instant, selection.before_instant
    if selection.since and selection.until and len(selection.since) != len(selection.until):
        raise OaiError(ErrorCode.BAD_ARGUMENT, "from and until differ in their granularity")
    if since and before and since >= before:
        raise OaiError(ErrorCode.BAD_ARGUMENT, "from is later than until")
    return selection


def _instant(text: str) -> datetime:
    """Return the start of a day, or an instant, in UTC."""
    try:
        if DAY.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        if SECOND.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    message = "dates are written YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ"
    raise OaiError(ErrorCode.BAD_ARGUMENT, message)
