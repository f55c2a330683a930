"""People of institutions in the API."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.email_address import Email
from app.core.fields import Flag, Whole
from app.core.text import TextConstraints, one_line
from app.institutions.member_models import Member, MemberInvitation, MemberRole

MAX_LIMIT = 2_000_000_000
PersonName = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=120), AfterValidator(one_line)
]
Roles = Annotated[list[MemberRole], Field(min_length=1, max_length=len(MemberRole))]
Limit = Annotated[
    Whole | None,
    Field(
        ge=0,
        le=MAX_LIMIT,
        description="Minor units that they may spend on an order; null: no limit",
    ),
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InvitationIn(_Part):
    """A person to invite."""

    email: Email = Field(examples=["ada.reader@example.edu"])
    name: PersonName = Field(default="", examples=["Ada Reader"])
    roles: Roles = Field(default=[MemberRole.REQUESTER])
    spending_limit: Limit = None


class MemberPatch(_Part):
    """What to change of a person. What is left out stays."""

    name: PersonName = ""
    roles: Roles = Field(default=[MemberRole.REQUESTER])
    spending_limit: Limit = None
    active: Flag = Field(default=True, description="False ends their sessions and refuses new ones")
    institution: Annotated[str | None, TextConstraints(max_length=60)] = Field(
        default=None, description="The `ref` of the institution to move them to; null: none"
    )


class MemberOut(BaseModel):
    """A person who signs in."""

    ref: str = Field(examples=["MB-7K3QF9TD"])
    email: str
    name: str
    roles: list[MemberRole]
    spending_limit: int | None
    active: bool
    last_sign_in_at: datetime | None

    @classmethod
    def of(cls, member: Member) -> "MemberOut":
        """Return a person as staff read them."""
        return cls.model_validate(member, from_attributes=True)


class InvitationOut(BaseModel):
    """An invitation that waits for its answer."""

    ref: str = Field(examples=["MI-7K3QF9TD"])
    email: str
    name: str
    roles: list[MemberRole]
    spending_limit: int | None
    invited_by: str
    expires_at: datetime

    @classmethod
    def of(cls, invitation: MemberInvitation) -> "InvitationOut":
        """Return an invitation as staff read it."""
        return cls.model_validate(invitation, from_attributes=True)


class PeopleOut(BaseModel):
    """The people of an institution, and those who are invited."""

    members: list[MemberOut]
    invitations: list[InvitationOut]
