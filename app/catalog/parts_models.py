"""Tables of what hangs on a film. They know it by its key only: `models.py` looks down here."""

from datetime import date

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.enums import (
    AccoladeKind,
    AssetKind,
    CaptionKind,
    CaptionSource,
    CreditRole,
    IdentifierKind,
    LanguageUse,
    PersonKind,
    PressKind,
    WatchKind,
)
from app.core.db import Base

URL_LENGTH = 2000


class VersionLanguage(Base):
    """A language that a version speaks or is subtitled in."""

    __tablename__ = "version_languages"

    version_id: Mapped[int] = mapped_column(
        ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True
    )
    use: Mapped[LanguageUse] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(
        String(3), primary_key=True, index=True, doc="ISO 639-3, lower case"
    )
    position: Mapped[int]


class Caption(Base):
    """A caption track of a version."""

    __tablename__ = "captions"

    version_id: Mapped[int] = mapped_column(
        ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True
    )
    language: Mapped[str] = mapped_column(String(3), primary_key=True, doc="ISO 639-3")
    kind: Mapped[CaptionKind] = mapped_column(primary_key=True)
    source: Mapped[CaptionSource]
    position: Mapped[int]


class Version(Base):
    """A version of the film with its own running time. Position 0 is the main one.

    Offers name versions, so a version keeps its row as long as its label stays.
    """

    __tablename__ = "versions"
    __table_args__ = (
        UniqueConstraint("film_id", "label"),
        CheckConstraint("runtime_minutes > 0", name="runtime_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"))
    position: Mapped[int]
    label: Mapped[str] = mapped_column(String(80), doc="Feature, Broadcast, ...")
    runtime_minutes: Mapped[int]
    audio_description: Mapped[bool]
    languages: Mapped[list[VersionLanguage]] = relationship(
        order_by=VersionLanguage.position, cascade="all, delete-orphan", lazy="raise"
    )
    captions: Mapped[list[Caption]] = relationship(
        order_by=Caption.position, cascade="all, delete-orphan", lazy="raise"
    )

    @property
    def spoken(self) -> list[str]:
        """The languages spoken, ISO 639-3, the main one first."""
        return [row.language for row in self.languages if row.use is LanguageUse.SPOKEN]

    @property
    def subtitles(self) -> list[str]:
        """The languages of subtitles, ISO 639-3."""
        return [row.language for row in self.languages if row.use is LanguageUse.SUBTITLES]


class Person(Base):
    """Someone, or some body, with a credit."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    sort_name: Mapped[str] = mapped_column(String(200), doc="Family name first, as MARC 700 $a")
    kind: Mapped[PersonKind]
    biography: Mapped[str] = mapped_column(Text, default="")


class Credit(Base):
    """What a person did for a film, in the order of the credits."""

    __tablename__ = "credits"
    __table_args__ = (UniqueConstraint("film_id", "person_id", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="RESTRICT"), index=True)
    role: Mapped[CreditRole]
    note: Mapped[str | None] = mapped_column(String(200), doc="Who a participant is, and such")
    position: Mapped[int]
    person: Mapped[Person] = relationship(lazy="raise")


class Accolade(Base):
    """A premiere, selection, or award."""

    __tablename__ = "accolades"

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    event: Mapped[str] = mapped_column(String(200))
    year: Mapped[int | None]
    kind: Mapped[AccoladeKind]
    name: Mapped[str | None] = mapped_column(String(200), doc="The name of the award")
    section: Mapped[str | None] = mapped_column(String(200))


class PressItem(Base):
    """Something published about the film: who, where, when, link. Never a critic's sentence."""

    __tablename__ = "press_items"
    __table_args__ = (CheckConstraint("length_seconds > 0", name="length_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    kind: Mapped[PressKind]
    title: Mapped[str | None] = mapped_column(String(300))
    by: Mapped[str | None] = mapped_column(String(200), doc="Critic, reporter, or endorser")
    outlet: Mapped[str | None] = mapped_column(String(200), doc="Or an endorser's institution")
    url: Mapped[str | None] = mapped_column(String(URL_LENGTH))
    published_on: Mapped[date | None]
    length_seconds: Mapped[int | None] = mapped_column(doc="Of a podcast or a filmed interview")
    guest: Mapped[str | None] = mapped_column(String(200))
    guest_role: Mapped[str | None] = mapped_column(String(200))
    verdict: Mapped[str | None] = mapped_column(String(60), doc="'Recommended': a fact, no quote")
    note: Mapped[str | None] = mapped_column(String(300))
    festival_section: Mapped[str | None] = mapped_column(String(200))


class Asset(Base):
    """A public file or page about the film: trailer, press kit, guide."""

    __tablename__ = "assets"

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    kind: Mapped[AssetKind]
    title: Mapped[str] = mapped_column(String(300))
    url: Mapped[str] = mapped_column(String(URL_LENGTH))
    language: Mapped[str | None] = mapped_column(String(3), doc="ISO 639-3")


class Identifier(Base):
    """A number that names this film and no other."""

    __tablename__ = "identifiers"
    __table_args__ = (UniqueConstraint("kind", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    kind: Mapped[IdentifierKind]
    value: Mapped[str] = mapped_column(String(60), doc="In its standard's written form")
    checked: Mapped[bool] = mapped_column(doc="Whether it has a valid check digit")


class WatchLink(Base):
    """Where an individual can watch at home. Not an offer: it can never enter a cart."""

    __tablename__ = "watch_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    platform: Mapped[str] = mapped_column(String(100))
    kind: Mapped[WatchKind]
    territory: Mapped[list[str]] = mapped_column(
        JSON, doc=("ISO 3166-1 alpha-2; empty for worldwide")
    )
    url: Mapped[str] = mapped_column(String(URL_LENGTH))
    checked_on: Mapped[date] = mapped_column(doc="When the link was last checked")


class PartnerLink(Base):
    """Where an institution can stream the film through a partner's platform: outbound too."""

    __tablename__ = "partner_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    platform: Mapped[str] = mapped_column(String(100))
    classes: Mapped[list[str]] = mapped_column(JSON, doc="CustomerClass values; empty: all")
    territory: Mapped[list[str]] = mapped_column(
        JSON, doc=("ISO 3166-1 alpha-2; empty for worldwide")
    )
    url: Mapped[str] = mapped_column(String(URL_LENGTH))
    checked_on: Mapped[date] = mapped_column(doc="When the link was last checked")
