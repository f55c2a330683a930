"""Tables of an institution's people, their sessions, and sign-in links."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.actors import Actor
from app.core import clock
from app.core.db import Base, Timestamped
from app.institutions.models import Institution


class MemberRole(StrEnum):
    """What a person may do for their institution."""

    REQUESTER = "requester"
    LIBRARIAN = "librarian"
    APPROVER = "approver"
    ACCOUNTS_PAYABLE = "accounts_payable"


MEMBER_ROLE_LABELS = {
    MemberRole.REQUESTER: "Requester",
    MemberRole.LIBRARIAN: "Librarian",
    MemberRole.APPROVER: "Approver",
    MemberRole.ACCOUNTS_PAYABLE: "Accounts payable",
}


class Member(Timestamped, Base):
    """A person who signs in by email. Without an institution they see only their own orders."""

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint("spending_limit IS NULL OR spending_limit >= 0", name="limit_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="MB-..., for addresses")
    email: Mapped[str] = mapped_column(String(254), unique=True, doc="Lower case")
    name: Mapped[str] = mapped_column(String(120), default="", doc="Empty until they enter it")
    institution_id: Mapped[int | None] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    roles: Mapped[list[str]] = mapped_column(JSON, default=list, doc="Values of `MemberRole`")
    spending_limit: Mapped[int | None] = mapped_column(
        doc="Minor units of an order that needs no approver; null: no limit"
    )
    active: Mapped[bool] = mapped_column(default=True)
    last_sign_in_at: Mapped[datetime | None]

    institution: Mapped[Institution | None] = relationship(lazy="joined")

    @property
    def label(self) -> str:
        """Return the name, or the email address of a person who gave none."""
        return self.name or self.email

    @property
    def actor(self) -> Actor:
        """Return the actor for the audit log."""
        return Actor.member(self.email, self.label)

    def has_role(self, *roles: MemberRole) -> bool:
        """Return whether the person has any of ``roles``."""
        return any(role in self.roles for role in roles)

    def is_over_limit(self, amount: int) -> bool:
        """Return whether ``amount`` minor units need an approver of the person's institution."""
        has_limit = self.institution_id is not None and self.spending_limit is not None
        return has_limit and amount > (self.spending_limit or 0)

    def can_approve(self, amount: int) -> bool:
        """Return whether the person may commit their institution to ``amount`` minor units."""
        has_authority = self.has_role(MemberRole.LIBRARIAN, MemberRole.APPROVER)
        return has_authority and (self.spending_limit is None or amount <= self.spending_limit)


class MemberSession(Base):
    """One sign-in on one browser. The cookie holds the token, this row only its hash."""

    __tablename__ = "member_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now, doc="Exact to a minute")
    expires_at: Mapped[datetime] = mapped_column(index=True, doc="The absolute end")
    user_agent: Mapped[str] = mapped_column(String(200), default="")

    member: Mapped[Member] = relationship(lazy="joined")


class SignInLink(Timestamped, Base):
    """A link in an email that signs its recipient in, once."""

    __tablename__ = "sign_in_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254), doc="Lower case")
    target: Mapped[str] = mapped_column(String(500), doc="The page to open after signing in")
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class MemberInvitation(Timestamped, Base):
    """An invitation to join an institution, by a link in an email."""

    __tablename__ = "member_invitations"
    __table_args__ = (
        CheckConstraint("spending_limit IS NULL OR spending_limit >= 0", name="limit_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="MI-..., for addresses")
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    email: Mapped[str] = mapped_column(String(254), index=True, doc="Lower case")
    name: Mapped[str] = mapped_column(String(120), default="")
    roles: Mapped[list[str]] = mapped_column(JSON, doc="Values of `MemberRole`")
    spending_limit: Mapped[int | None] = mapped_column(doc="As of the member")
    invited_by: Mapped[str] = mapped_column(String(200))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    institution: Mapped[Institution] = relationship(lazy="joined")


class IdentityProvider(Timestamped, Base):
    """An institution's own OpenID Connect provider. It speaks for addresses at its domains only."""

    __tablename__ = "identity_providers"

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE"), index=True
    )
    issuer: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[str] = mapped_column(String(300))
    client_secret: Mapped[str] = mapped_column(String(500), doc="Never shown again")
