"""The same request twice has one effect: ``Idempotency-Key`` of the API, and forms of pages.

A key belongs to its caller. A program with an API key gets its first answer again, and may not use
the key for another request. Guests cannot be told apart: for them a key counts together with the
whole request and the network address, so two strangers never share one, and a repeated request is
answered without the secrets of the first answer. A page's form carries a token,
which belongs to its visitor or staff member.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Self, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import JSON, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.db import Base, insert_ignore
from app.core.errors import InvalidInputError
from app.core.networks import network_of

KEY_RETENTION = timedelta(days=7)
Answer = TypeVar("Answer", bound=BaseModel)
# In the state of a request whose caller has proved who it is.
CALLER = "caller"


class IdempotencyRecord(Base):
    """One key that a caller used, what it asked with it, and what we answered."""

    __tablename__ = "idempotency_records"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    answer: Mapped[Any] = mapped_column(JSON, nullable=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


class IdempotencyKeyReusedError(InvalidInputError):
    """The key was used before with another request."""

    type = "idempotency-key-reused"
    title = "Idempotency key already used"


class Idempotency:
    """One key, resolved: what it stands for happens at most once."""

    def __init__(self, key_hash: str | None, request_hash: str, *, is_guest: bool = False) -> None:
        self._key_hash = key_hash
        self._request_hash = request_hash
        self._is_guest = is_guest

    @classmethod
    def of_form(cls, form: str, once: str, *, owner: str) -> Self:
        """Return the key of one copy of a page's form.

        The form holds the token ``once``, so a copy that is sent again is the same request,
        whatever was typed. Only the ``owner`` learns of its result.
        """
        return cls(_digest("form", form, owner, once) if once else None, "")

    def claim(self, session: Session) -> bool:
        """Record the key in this transaction; return whether it is new.

        A concurrent request with the same key waits here until this transaction ends. If it is
        rolled back the key goes too, so that the caller may correct the request and use it again.

        Raises:
            IdempotencyKeyReusedError: the caller used the key before with another request.
        """
        if self._key_hash is None:
            return True
        values = {
            "key_hash": self._key_hash,
            "request_hash": self._request_hash,
            "created_at": clock.now(),
        }
        if insert_ignore(session, IdempotencyRecord, values, index_elements=["key_hash"]):
            return True
        if self._read(session).request_hash != self._request_hash:
            detail = "This key was used with a different request. Use a new key."
            raise IdempotencyKeyReusedError(detail)
        return False

    def run_once(
        self,
        session: Session,
        schema: type[Answer],
        work: Callable[[], Answer],
        *,
        redact: Callable[[Answer], Answer] | None = None,
    ) -> Answer:
        """Do ``work`` unless this key did it before; then return that answer as ``schema``.

        A guest's repeated request gets an answer that has gone through ``redact``, and nothing else
        of the first answer is stored.

        Raises:
            IdempotencyKeyReusedError: the caller used the key before with another request.
        """
        if not self.claim(session):
            return schema.model_validate(self._read(session).answer)
        answer = work()
        if self._key_hash is not None:
            stored = redact(answer) if redact and self._is_guest else answer
            session.execute(
                update(IdempotencyRecord)
                .where(IdempotencyRecord.key_hash == self._key_hash)
                .values(answer=stored.model_dump(mode="json", by_alias=True))
                .execution_options(synchronize_session=False)
            )
        return answer

    def _read(self, session: Session) -> IdempotencyRecord:
        return session.scalars(
            select(IdempotencyRecord).where(IdempotencyRecord.key_hash == self._key_hash)
        ).one()


class IdempotencyKey:
    """The header of a request, and the content that makes another request the same one."""

    def __init__(self, request: Request, key: str | None, *content: str | bytes) -> None:
        self._request = request
        self._key = key
        self._content = content

    def about(self, *content: str | bytes) -> "IdempotencyKey":
        """Return the key of a request with this content, for endpoints that read their own body."""
        return IdempotencyKey(self._request, self._key, *content)

    def run_once(
        self,
        session: Session,
        schema: type[Answer],
        work: Callable[[], Answer],
        *,
        redact: Callable[[Answer], Answer] | None = None,
    ) -> Answer:
        """Do ``work`` once for this key; see ``Idempotency.run_once``."""
        return self._resolve().run_once(session, schema, work, redact=redact)

    def _resolve(self) -> Idempotency:
        """Return the key of its caller, who is known by the time the work begins."""
        if self._key is None:
            return Idempotency(None, "")
        url = self._request.url
        request_hash = _digest(self._request.method, url.path, url.query, *self._content)
        caller = caller_of(self._request)
        if caller is not None:
            return Idempotency(_digest("caller", caller, url.path, self._key), request_hash)
        address = network_of(self._request)
        key_hash = _digest("guest", address, url.path, self._key, request_hash)
        return Idempotency(key_hash, request_hash, is_guest=True)


def set_caller(request: Request, caller: str) -> None:
    """Record who sends ``request``: its keys are theirs alone."""
    setattr(request.state, CALLER, caller)


def caller_of(request: Request) -> str | None:
    """Return who sends ``request``; None for guests."""
    caller: str | None = getattr(request.state, CALLER, None)
    return caller


def idempotency_key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=255,
            min_length=1,
            description=(
                "A string unique to this request. Repeating the request with the same key returns "
                "the first response, for 7 days. Without an API key, the repeated response leaves "
                "out the secrets of the first."
            ),
        ),
    ] = None,
) -> IdempotencyKey:
    """Read the header."""
    return IdempotencyKey(request, idempotency_key)


IdempotencyKeyDep = Annotated[IdempotencyKey, Depends(idempotency_key)]


async def idempotency(request: Request, key: IdempotencyKeyDep) -> IdempotencyKey:
    """Read the header and the whole body."""
    return key.about(canonical_json(await request.body()))


IdempotencyDep = Annotated[IdempotencyKey, Depends(idempotency)]


def canonical_json(body: bytes) -> bytes:
    """Return the JSON in ``body`` in one spelling: keys sorted, no spaces, whole numbers as such.

    What is not JSON is returned as it is.
    """
    try:
        value = json.loads(body, parse_float=_parse_number)
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return body


def _parse_number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _digest(*parts: str | bytes) -> str:
    """Hash ``parts``, each with its length, so that no two sets of them are taken for one."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()


def delete_expired(session: Session) -> None:
    """Delete keys that are older than we promise to remember."""
    session.execute(
        delete(IdempotencyRecord).where(IdempotencyRecord.created_at < clock.now() - KEY_RETENTION)
    )
