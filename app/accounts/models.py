"""Tables of staff, their sessions, API keys and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, event
from sqlalchemy.orm import Mapped, Mapper, ORMExecuteState, Session, mapped_column, relationship

from app.accounts.actors import ActorKind
from app.core import clock
from app.core.db import Base, Timestamped


class StaffUser(Timestamped, Base):
    """A person who works for the distributor and may log in to the console."""

    __tablename__ = "staff_users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True, doc="Lower case")
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(255), doc="argon2id, with its parameters")
    roles: Mapped[list[str]] = mapped_column(JSON, doc="Values of `permissions.Role`")
    totp_secret: Mapped[str | None] = mapped_column(
        String(64), default=None, doc="Base32; in force once `totp_confirmed_at` is set"
    )
    totp_confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    totp_last_step: Mapped[int] = mapped_column(
        default=0, doc="The newest time step whose code was used; none counts twice"
    )
    recovery_hashes: Mapped[list[str]] = mapped_column(
        JSON, default=list, doc="SHA-256 of the one-time codes that are still unused"
    )
    active: Mapped[bool] = mapped_column(default=True)
    last_login_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def uses_totp(self) -> bool:
        """Whether logging in asks for a code as well."""
        return self.totp_secret is not None and self.totp_confirmed_at is not None


class CodeRule(Base):
    """A role whose people must use two-step verification."""

    __tablename__ = "staff_code_rules"

    role: Mapped[str] = mapped_column(String(40), primary_key=True)


class StaffSession(Base):
    """One login on one browser. The cookie holds the token, this row only its hash."""

    __tablename__ = "staff_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("staff_users.id", ondelete="CASCADE"), index=True
    )
    awaits_code: Mapped[bool] = mapped_column(
        default=False, doc="The password was right; the TOTP code is still to come"
    )
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now, doc="Exact to a minute")
    expires_at: Mapped[datetime] = mapped_column(doc="The absolute end, however busy it is")
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    user: Mapped[StaffUser] = relationship(lazy="selectin")


class ApiKey(Timestamped, Base):
    """A key that a program presents. Only its hash is kept; the key is shown once, when made."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(
        String(16), unique=True, doc="Its first characters, to tell keys apart in lists and logs"
    )
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(100), doc="What it is for, in its owner's words")
    scopes: Mapped[list[str]] = mapped_column(JSON)
    last_used_at: Mapped[datetime | None] = mapped_column(default=None, doc="Exact to a minute")
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class AuditEntry(Base):
    """Who did what to which thing, through what, when and why. Rows are only ever added."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_object", "object_type", "object_ref"),
        Index("ix_audit_entries_actor", "actor_kind", "actor_ref"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    actor_kind: Mapped[ActorKind]
    actor_ref: Mapped[str] = mapped_column(String(255))
    actor_label: Mapped[str] = mapped_column(String(255))
    via: Mapped[str] = mapped_column(String(20), doc="store, console, api, webhook, job or cli")
    action: Mapped[str] = mapped_column(String(80), index=True)
    object_type: Mapped[str] = mapped_column(String(40))
    object_ref: Mapped[str] = mapped_column(String(120))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    reason: Mapped[str] = mapped_column(Text, default="")
    request_id: Mapped[str] = mapped_column(String(64), default="")


class AuditIsAppendOnlyError(RuntimeError):
    """Code tried to change or delete history. That is a bug, wherever it is."""


@event.listens_for(AuditEntry, "before_update")
@event.listens_for(AuditEntry, "before_delete")
def _refuse_change(_mapper: Mapper[AuditEntry], _connection: object, entry: AuditEntry) -> None:
    msg = f"audit entry {entry.id} cannot be changed or deleted"
    raise AuditIsAppendOnlyError(msg)


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk_change(state: ORMExecuteState) -> None:
    if (state.is_update or state.is_delete) and state.bind_mapper is AuditEntry.__mapper__:
        msg = "audit entries cannot be changed or deleted"
        raise AuditIsAppendOnlyError(msg)
