"""Short names for the columns that many tables have.

Constraints and indexes without a name get one by the naming convention of ``app.core.db.Base``.
"""

from typing import Any

import sqlalchemy as sa

MOMENT = sa.DateTime(timezone=True)

ACTOR_KINDS = ("guest", "member", "staff", "api_key", "stripe", "system")
CAPTION_KINDS = ("cc", "sdh", "subtitle")
CAPTION_SOURCES = ("human", "auto", "unknown")
CUSTOMER_CLASSES = (
    "college",
    "community_college",
    "k12_school",
    "k12_district",
    "public_library",
    "government",
    "hospital",
    "corporation",
    "nonprofit",
)
DELIVERIES = ("dvd", "bluray", "file", "stream")
TERM_KINDS = ("months", "semester", "event", "perpetual", "life_of_format", "life_of_media")


def one_of(name: str, *values: str) -> sa.Enum:
    """Return the type of a text column with a CHECK that allows only these values."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def reference(
    name: str,
    target: str,
    ondelete: str,
    *,
    nullable: bool = False,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
) -> sa.Column[int]:
    """Return a column that points to ``target``, such as ``films.id``."""
    return sa.Column(
        name,
        sa.Integer,
        sa.ForeignKey(target, ondelete=ondelete),
        nullable=nullable,
        primary_key=primary_key,
        unique=unique,
        index=index,
    )


def timestamps() -> tuple[sa.Column[Any], ...]:
    """Return the columns for when a row was created and last changed."""
    return (
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
    )
