"""Form bodies as Stripe reads them: nested names, rules, and Stripe's error messages.

``line_items[0][price_data][currency]=usd`` becomes ``{"line_items": [{"price_data": {"currency":
"usd"}}]}``. A rule validates one parameter and converts its text to a value.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol, TypeAlias

from stripe_sandbox.config import is_http_url
from stripe_sandbox.errors import StripeError, invalid
from stripe_sandbox.names import CURRENCIES, EVENT_TYPES

Raw: TypeAlias = "str | dict[str, Raw]"

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")
_INTEGER = re.compile(r"^[+-]?\d{1,15}$")
_MAX_DEPTH = 8
_MIN_CONTAINED_LENGTH = 6
_MAX_ELEMENTS = 100
# No part between dots is empty, before or after the @.
_EMAIL = re.compile(r"[^@\s.]+(\.[^@\s.]+)*@[^@\s.]+(\.[^@\s.]+)+")
_METADATA_KEYS = 50
_METADATA_KEY_LENGTH = 40
_METADATA_VALUE_LENGTH = 500


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Raw]:
    """Return the pairs of a form as nested dictionaries. List positions are keys."""
    root: dict[str, Raw] = {}
    for name, value in pairs:
        match = _NAME.match(name)
        if match is None:
            raise _unknown(name)
        path = [match[1], *_SEGMENT.findall(match[2])]
        if len(path) > _MAX_DEPTH:
            raise _unknown(name)
        _insert(root, path, value, name)
    return root


def _insert(root: dict[str, Raw], path: list[str], value: str, name: str) -> None:
    parent = root
    for position, segment in enumerate(path):
        rest = path[position + 1 :]
        key = segment or _next_position(parent, rest)
        if not rest:
            parent[key] = value
            return
        child = parent.setdefault(key, {})
        if isinstance(child, str):
            message = f"Invalid parameter: {name} is both a value and a hash"
            raise invalid(message, param=name)
        parent = child


def _next_position(parent: Mapping[str, Raw], rest: list[str]) -> str:
    """Return the position of ``[]``: the last element, if it lacks the rest, or a new one."""
    last = str(len(parent) - 1)
    element = parent.get(last)
    if rest and isinstance(element, dict) and rest[0] not in element:
        return last
    return str(len(parent))


class Rule(Protocol):
    """The rule of one parameter."""

    @property
    def required(self) -> bool:
        """Whether the parameter must be present."""
        ...

    def parse(self, raw: Raw, param: str) -> Any:  # noqa: ANN401 - each rule has its own type
        """Return the value. Raise a ``StripeError`` that names ``param`` if it is invalid."""
        ...


def check(
    rules: Mapping[str, Rule], raw: Mapping[str, Raw], *, prefix: str = "", of: str = ""
) -> dict[str, Any]:
    """Return the values of the parameters that are present.

    Raises:
        StripeError: a parameter is unknown, missing, or invalid.
    """
    for name in raw:
        if name not in rules:
            raise _unknown(_nested_name(prefix, name), known=rules, name=name, of=of)
    for name, rule in rules.items():
        if rule.required and name not in raw:
            param = _nested_name(prefix, name)
            message = f"Missing required param: {param}."
            raise invalid(message, param=param, code="parameter_missing")
    return {
        name: rules[name].parse(value, _nested_name(prefix, name)) for name, value in raw.items()
    }


def _nested_name(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _unknown(
    param: str, *, known: Iterable[str] = (), name: str | None = None, of: str = ""
) -> StripeError:
    message = f"Received unknown parameter: {param}"
    # A renamed parameter often contains its old name.
    near = [
        other for other in known if name and len(name) >= _MIN_CONTAINED_LENGTH and name in other
    ] or (get_close_matches(name, list(known), 1) if name else [])
    if near:
        message += f". Did you mean {near[0]}?"
    if of:
        message += f" {of}"
    return invalid(message, param=param, code="parameter_unknown")


def _text(raw: Raw, param: str) -> str:
    if isinstance(raw, dict):
        message = f"Invalid string: {param} is a hash"
        raise invalid(message, param=param)
    return raw


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A string. An empty one is refused, unless it unsets the parameter."""

    required: bool = False
    max_length: int = 5000
    choices: tuple[str, ...] = ()
    pattern: str = ""
    unsets: bool = False

    def parse(self, raw: Raw, param: str) -> str | None:
        """Return the string, or None for an empty one that unsets the field."""
        text = _text(raw, param)
        if not text and self.unsets:
            return None
        if not text:
            message = (
                f"You passed an empty string for '{param}'. We assume empty values are an attempt "
                f"to unset a parameter; however '{param}' cannot be unset. You should remove "
                f"'{param}' from your request or supply a non-empty value."
            )
            raise invalid(message, param=param, code="parameter_invalid_empty")
        if self.choices and text not in self.choices:
            message = f"Invalid {param}: must be one of {', '.join(self.choices)}"
            raise invalid(message, param=param)
        if len(text) > self.max_length:
            message = f"Invalid string: {param} must be at most {self.max_length} characters"
            raise invalid(message, param=param)
        if self.pattern and re.fullmatch(self.pattern, text) is None:
            message = f"Invalid {param}: {text}"
            raise invalid(message, param=param)
        return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Email(Text):
    """An email address."""

    max_length: int = 512

    def parse(self, raw: Raw, param: str) -> str | None:
        """Return the address."""
        text = Text.parse(self, raw, param)
        if text is not None and _EMAIL.fullmatch(text) is None:
            message = f"Invalid email address: {text}"
            raise invalid(message, param=param, code="email_invalid")
        return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Currency(Text):
    """The code of a currency that Stripe supports."""

    def parse(self, raw: Raw, param: str) -> str | None:
        """Return the code in lower case."""
        text = Text.parse(self, raw, param)
        code = text.lower() if text is not None else None
        if code is not None and code not in CURRENCIES:
            message = (
                f"Invalid currency: {code}. Stripe currently supports these currencies: "
                f"{', '.join(sorted(CURRENCIES))}"
            )
            raise invalid(message, param=param)
        return code


@dataclass(frozen=True, kw_only=True, slots=True)
class EventType(Text):
    """An event type. With ``has_pattern``, ``charge.*`` is one too."""

    has_pattern: bool = False

    def parse(self, raw: Raw, param: str) -> str | None:
        """Return the event type."""
        text = Text.parse(self, raw, param)
        if text in EVENT_TYPES or text == "*":
            return text
        prefix = str(text).removesuffix("*")
        is_pattern = self.has_pattern and prefix != text and prefix.endswith(".")
        if not is_pattern or not any(name.startswith(prefix) for name in EVENT_TYPES):
            message = f"Invalid {param}: {text} is not an event type"
            raise invalid(message, param=param)
        return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Url(Text):
    """An absolute http or https URL."""

    def parse(self, raw: Raw, param: str) -> str | None:
        """Return the URL."""
        text = Text.parse(self, raw, param)
        if text is not None and not is_http_url(text):
            message = "Not a valid URL"
            raise invalid(message, param=param, code="url_invalid")
        return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Integer:
    """A whole number."""

    required: bool = False
    minimum: int | None = None
    maximum: int | None = None

    def parse(self, raw: Raw, param: str) -> int:
        """Return the number."""
        text = _text(raw, param)
        if _INTEGER.match(text) is None:
            message = f"Invalid integer: {text}"
            raise invalid(message, param=param, code="parameter_invalid_integer")
        number = int(text)
        if self.minimum is not None and number < self.minimum:
            message = f"This value must be greater than or equal to {self.minimum}."
            raise invalid(message, param=param, code="parameter_invalid_integer")
        if self.maximum is not None and number > self.maximum:
            message = f"This value must be less than or equal to {self.maximum}."
            raise invalid(message, param=param, code="parameter_invalid_integer")
        return number


@dataclass(frozen=True, kw_only=True, slots=True)
class Flag:
    """``true`` or ``false``. ``only`` is the one that the sandbox supports."""

    required: bool = False
    only: bool | None = None

    def parse(self, raw: Raw, param: str) -> bool:
        """Return the boolean."""
        text = _text(raw, param)
        if text not in {"true", "false"}:
            message = f"Invalid boolean: {text}"
            raise invalid(message, param=param)
        value = text == "true"
        if self.only is not None and value is not self.only:
            message = f"The local sandbox does not simulate {param}={text}."
            raise invalid(message, param=param)
        return value


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """Up to 50 keys of 40 characters with values of 500. An empty value removes its key."""

    required: bool = False

    def parse(self, raw: Raw, param: str) -> dict[str, str]:
        """Return keys and values."""
        if isinstance(raw, str):
            if not raw:
                return {}
            message = f"Invalid {param}: it must be a hash"
            raise invalid(message, param=param)
        if len(raw) > _METADATA_KEYS:
            message = f"You can have up to {_METADATA_KEYS} metadata keys; you gave {len(raw)}"
            raise invalid(message, param=param)
        for key, value in raw.items():
            name = f"{param}[{key}]"
            if len(key) > _METADATA_KEY_LENGTH:
                message = f"Metadata keys can be up to {_METADATA_KEY_LENGTH} characters: {key}"
                raise invalid(message, param=name)
            if len(_text(value, name)) > _METADATA_VALUE_LENGTH:
                message = f"Metadata values can be up to {_METADATA_VALUE_LENGTH} characters: {key}"
                raise invalid(message, param=name)
        return {key: str(value) for key, value in raw.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A hash of parameters with their own rules."""

    of: Mapping[str, Rule] = field(default_factory=dict)
    required: bool = False

    def parse(self, raw: Raw, param: str) -> dict[str, Any]:
        """Return the values in the hash."""
        if isinstance(raw, str):
            if not raw:
                return {}
            message = f"Invalid object: {param} must be a hash"
            raise invalid(message, param=param)
        return check(self.of, raw, prefix=param)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListOf:
    """A list whose elements have one rule."""

    of: Rule
    required: bool = False
    max_items: int = _MAX_ELEMENTS

    def parse(self, raw: Raw, param: str) -> list[Any]:
        """Return the elements by position."""
        if isinstance(raw, str):
            if not raw and not self.required:
                return []
            message = "Invalid array"
            raise invalid(message, param=param)
        if not all(key.isdecimal() for key in raw):
            message = "Invalid array"
            raise invalid(message, param=param)
        if len(raw) > self.max_items:
            message = f"{param} can have at most {self.max_items} elements"
            raise invalid(message, param=param)
        ordered = sorted(raw.items(), key=lambda item: int(item[0]))
        return [self.of.parse(value, f"{param}[{key}]") for key, value in ordered]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeRange:
    """A time in seconds since 1970, or a range of times: ``created[gte]=…``."""

    required: bool = False

    def parse(self, raw: Raw, param: str) -> dict[str, int]:
        """Return the bounds by name. An exact time has the name ``eq``."""
        second = Integer(minimum=0)
        if isinstance(raw, str):
            return {"eq": second.parse(raw, param)}
        return check(dict.fromkeys(("gt", "gte", "lt", "lte"), second), raw, prefix=param)
