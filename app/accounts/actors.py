"""Who did something: the subject of every audit row and of every move of a state."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ActorKind(StrEnum):
    """The type of actor."""

    GUEST = "guest"
    MEMBER = "member"
    STAFF = "staff"
    API_KEY = "api_key"
    STRIPE = "stripe"
    SYSTEM = "system"


VIA: dict[ActorKind, str] = {
    ActorKind.GUEST: "store",
    ActorKind.MEMBER: "store",
    ActorKind.STAFF: "console",
    ActorKind.API_KEY: "api",
    ActorKind.STRIPE: "webhook",
    ActorKind.SYSTEM: "job",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller.

    ``ref`` identifies it for machines (staff email, key prefix, Stripe event id, job name);
    ``label`` is what a person reads in the history; ``via`` is the door it came through and
    follows from the kind unless a caller knows better.
    """

    kind: ActorKind
    ref: str
    label: str
    via: str = ""

    def __post_init__(self) -> None:
        if not self.via:
            object.__setattr__(self, "via", VIA[self.kind])

    @classmethod
    def system(cls, name: str) -> Self:
        """Name the store itself, in the job called ``name``."""
        return cls(kind=ActorKind.SYSTEM, ref=name, label=f"Reelright ({name})")

    @classmethod
    def stripe(cls, event_id: str) -> Self:
        """Stripe, through the event ``event_id``."""
        return cls(kind=ActorKind.STRIPE, ref=event_id, label="Stripe")

    @classmethod
    def guest(cls, email: str) -> Self:
        """Name a buyer who is not logged in, known by the email address they gave."""
        return cls(kind=ActorKind.GUEST, ref=email, label=email)

    @classmethod
    def member(cls, email: str, name: str) -> Self:
        """Name a person of an institution, signed in to the store."""
        return cls(kind=ActorKind.MEMBER, ref=email, label=name)

    @classmethod
    def staff(cls, email: str, name: str) -> Self:
        """Name a member of staff, logged in to the console."""
        return cls(kind=ActorKind.STAFF, ref=email, label=name)

    @classmethod
    def api_key(cls, prefix: str, label: str) -> Self:
        """Name a program that presented an API key."""
        return cls(kind=ActorKind.API_KEY, ref=prefix, label=label)

    @classmethod
    def operator(cls, name: str) -> Self:
        """Return the actor for a person at the command line of the machine that runs the store."""
        return cls(kind=ActorKind.SYSTEM, ref=name, label=f"Operator ({name})", via="cli")
