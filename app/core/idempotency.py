"""``Idempotency-Key`` on requests that create: the same request twice has one effect.

After Stripe's and pretix's manner: the first answer is kept and given again; the same key with
another body is refused; a twin that is still running is told to come back.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import JSON, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.db import Base, insert_ignore
from app.core.errors import InvalidInputError

KEPT_FOR = timedelta(days=7)
Answer = TypeVar("Answer", bound=BaseModel)


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
    title = "This Idempotency-Key belongs to another request"


class Idempotency:
    """The key of the request at hand, if it has one."""

    def __init__(self, key_hash: str | None, request_hash: str) -> None:
        self._key_hash = key_hash
        self._request_hash = request_hash

    def once(self, session: Session, schema: type[Answer], work: Callable[[], Answer]) -> Answer:
        """Do ``work`` unless this key did it before; then return that answer as ``schema``.

        The key's row is written first, in the same transaction as the work: a twin waits for it
        on the unique key, and finds the answer when it is its turn. If the work fails the row goes
        too, so that the caller may correct the request and use the key again.

        Raises:
            IdempotencyKeyReusedError: the key came before with another body, path or caller.
        """
        if self._key_hash is None:
            return work()
        values = {
            "key_hash": self._key_hash,
            "request_hash": self._request_hash,
            "created_at": clock.now(),
        }
        if insert_ignore(session, IdempotencyRecord, values, index_elements=["key_hash"]):
            answer = work()
            session.execute(
                update(IdempotencyRecord)
                .where(IdempotencyRecord.key_hash == self._key_hash)
                .values(answer=answer.model_dump(mode="json", by_alias=True))
                .execution_options(synchronize_session=False)
            )
            return answer
        record = session.scalars(
            select(IdempotencyRecord).where(IdempotencyRecord.key_hash == self._key_hash)
        ).one()
        if record.request_hash != self._request_hash:
            detail = "the key was used before with another request; use a new key"
            raise IdempotencyKeyReusedError(detail)
        return schema.model_validate(record.answer)


class IdempotencyKey:
    """The header alone, for endpoints that read their body themselves."""

    def __init__(self, request: Request, key: str | None, authorization: str) -> None:
        self._request = request
        self._key = key
        self._authorization = authorization

    def about(self, asked: bytes) -> Idempotency:
        """Return the key of a request that asks for ``asked``: what makes it the same again."""
        path = self._request.url.path
        method = self._request.method
        fingerprint = hashlib.sha256(
            b"\n".join((method.encode(), path.encode(), asked))
        ).hexdigest()
        if self._key is None:
            return Idempotency(None, fingerprint)
        scope = f"{self._authorization}\n{path}\n{self._key}"
        return Idempotency(hashlib.sha256(scope.encode()).hexdigest(), fingerprint)


def idempotency_key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=255,
            min_length=1,
            description="Any string of yours, unique to this request. Sending the same request "
            "again with the same key gives the first answer again, for 7 days.",
        ),
    ] = None,
    authorization: Annotated[str, Header(include_in_schema=False)] = "",
) -> IdempotencyKey:
    """Read the header."""
    return IdempotencyKey(request, idempotency_key, authorization)


IdempotencyKeyDep = Annotated[IdempotencyKey, Depends(idempotency_key)]


async def idempotency(request: Request, key: IdempotencyKeyDep) -> Idempotency:
    """Fingerprint the request by its whole body."""
    return key.about(await request.body())


def forget_old(session: Session) -> None:
    """Delete keys that are older than we promise to remember."""
    session.execute(
        delete(IdempotencyRecord).where(IdempotencyRecord.created_at < clock.now() - KEPT_FOR)
    )


IdempotencyDep = Annotated[Idempotency, Depends(idempotency)]
