"""Tables of the catalog: the film, how films are grouped, and the catalog's revision."""

from datetime import datetime

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.enums import Color, CreditRole, FilmStatus, NamedKind
from app.catalog.file_enums import FileKind
from app.catalog.file_models import FilmFile
from app.catalog.parts_models import (
    Accolade,
    Asset,
    Credit,
    Identifier,
    PartnerLink,
    PressItem,
    Version,
    WatchLink,
)
from app.catalog.served_images import ServedImage
from app.core.db import Base, Timestamped

SLUG_LENGTH = 120
# Both databases must sort alike, or a cursor made on one order would be read in another: SQLite
# compares bytes, and so does PostgreSQL's collation "C".
SortKey = String(300).with_variant(String(300, collation="C"), "postgresql")


class Subject(Base):
    """What films are about, in one controlled list."""

    __tablename__ = "subjects"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))


class FilmSubject(Base):
    """One subject of a film, in the order of weight."""

    __tablename__ = "film_subjects"
    # The films of a subject in their order, and the newest of them without reading the others.
    __table_args__ = (Index("ix_film_subjects_subject_id_film_id", "subject_id", "film_id"),)

    film_id: Mapped[int] = mapped_column(
        ForeignKey("films.id", ondelete="CASCADE"), primary_key=True
    )
    subject_id: Mapped[int] = mapped_column(
        ForeignKey("subjects.id", ondelete="RESTRICT"), primary_key=True
    )
    position: Mapped[int]
    subject: Mapped[Subject] = relationship(lazy="raise")


class FilmCountry(Base):
    """A country of production."""

    __tablename__ = "film_countries"

    film_id: Mapped[int] = mapped_column(
        ForeignKey("films.id", ondelete="CASCADE"), primary_key=True
    )
    country: Mapped[str] = mapped_column(
        String(2), primary_key=True, index=True, doc="ISO 3166-1 alpha-2"
    )
    position: Mapped[int]


class FilmTitle(Base):
    """An alternative title of the film."""

    __tablename__ = "film_titles"

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(300))
    language: Mapped[str | None] = mapped_column(String(3), doc="ISO 639-3")


class FilmRelation(Base):
    """A related film: one of the catalog, or one that is known by its title only."""

    __tablename__ = "film_relations"
    __table_args__ = (
        UniqueConstraint("film_id", "related_film_id"),
        CheckConstraint("(related_film_id IS NULL) <> (title IS NULL)", name="film_or_title"),
        CheckConstraint("related_film_id <> film_id", name="not_itself"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"), index=True)
    related_film_id: Mapped[int | None] = mapped_column(
        ForeignKey("films.id", ondelete="CASCADE"), index=True
    )
    title: Mapped[str | None] = mapped_column(String(300))
    position: Mapped[int]
    related_film: Mapped["Film | None"] = relationship(foreign_keys=[related_film_id], lazy="raise")


class Film(Timestamped, Base):
    """A film: the work, not one of its versions or discs."""

    __tablename__ = "films"
    __table_args__ = (
        CheckConstraint("release_year BETWEEN 1888 AND 2100", name="release_year_sane"),
        Index("ix_films_status_sort_key_id", "status", "sort_key", "id"),
        Index("ix_films_status_release_year", "status", "release_year"),
        Index("ix_films_updated_at_id", "updated_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    sort_title: Mapped[str] = mapped_column(String(300), doc="The title without its article")
    sort_key: Mapped[str] = mapped_column(SortKey, doc="`sort_title` folded: bytes sort right")
    original_title: Mapped[str | None] = mapped_column(String(300))
    tagline: Mapped[str | None] = mapped_column(String(200))
    synopsis: Mapped[str] = mapped_column(Text)
    production_year: Mapped[int | None]
    release_year: Mapped[int]
    copyright_year: Mapped[int | None]
    color: Mapped[Color]
    genre: Mapped[str] = mapped_column(String(60))
    grade_levels: Mapped[list[str]] = mapped_column(
        JSON,
        default=list,
        server_default="[]",
        doc="GradeLevel values, the youngest first",
    )
    status: Mapped[FilmStatus]
    published_at: Mapped[datetime | None] = mapped_column(
        index=True, doc="When it first became public"
    )
    poster: Mapped[dict[str, str]] = mapped_column(JSON, doc="Hints for the poster's layout")

    alternative_titles: Mapped[list[FilmTitle]] = relationship(
        order_by=FilmTitle.position, cascade="all, delete-orphan", lazy="raise"
    )
    country_rows: Mapped[list[FilmCountry]] = relationship(
        order_by=FilmCountry.position, cascade="all, delete-orphan", lazy="raise"
    )
    versions: Mapped[list[Version]] = relationship(
        order_by=Version.position, cascade="all, delete-orphan", lazy="raise"
    )
    credits: Mapped[list[Credit]] = relationship(
        order_by=Credit.position, cascade="all, delete-orphan", lazy="raise"
    )
    subject_rows: Mapped[list[FilmSubject]] = relationship(
        order_by=FilmSubject.position, cascade="all, delete-orphan", lazy="raise"
    )
    accolades: Mapped[list[Accolade]] = relationship(
        order_by=Accolade.position, cascade="all, delete-orphan", lazy="raise"
    )
    press: Mapped[list[PressItem]] = relationship(
        order_by=PressItem.position, cascade="all, delete-orphan", lazy="raise"
    )
    assets: Mapped[list[Asset]] = relationship(
        order_by=Asset.position, cascade="all, delete-orphan", lazy="raise"
    )
    identifiers: Mapped[list[Identifier]] = relationship(
        order_by=Identifier.position, cascade="all, delete-orphan", lazy="raise"
    )
    watch_links: Mapped[list[WatchLink]] = relationship(
        order_by=WatchLink.position, cascade="all, delete-orphan", lazy="raise"
    )
    partner_links: Mapped[list[PartnerLink]] = relationship(
        order_by=PartnerLink.position, cascade="all, delete-orphan", lazy="raise"
    )
    relations: Mapped[list[FilmRelation]] = relationship(
        foreign_keys=[FilmRelation.film_id],
        order_by=FilmRelation.position,
        cascade="all, delete-orphan",
        lazy="raise",
    )

    files: Mapped[list[FilmFile]] = relationship(
        primaryjoin="and_(FilmFile.film_id == Film.id, FilmFile.state == 'ready',"
        " FilmFile.withdrawn_at.is_(None))",
        order_by=(FilmFile.position, FilmFile.id),
        viewonly=True,
        lazy="raise",
        doc="Those that may be shown",
    )

    @property
    def is_public(self) -> bool:
        """Whether everyone may see it."""
        return self.status is FilmStatus.PUBLISHED

    @property
    def countries(self) -> list[str]:
        """The countries of production, ISO 3166-1 alpha-2, the main one first."""
        return [row.country for row in self.country_rows]

    @property
    def subjects(self) -> list[Subject]:
        """What it is about, the main subject first."""
        return [row.subject for row in self.subject_rows]

    @property
    def main_version(self) -> Version | None:
        """The version that the film's own facts speak of; a draft may have none yet."""
        return self.versions[0] if self.versions else None

    @property
    def runtime_minutes(self) -> int:
        """The running time of the main version; 0 for a draft without versions."""
        return self.main_version.runtime_minutes if self.main_version else 0

    @property
    def spoken(self) -> list[str]:
        """The languages spoken in the main version, ISO 639-3."""
        return self.main_version.spoken if self.main_version else []

    @property
    def subtitles(self) -> list[str]:
        """The subtitle languages of the main version, ISO 639-3."""
        return self.main_version.subtitles if self.main_version else []

    @property
    def directors(self) -> list[str]:
        """The names of its directors, in the order of the credits."""
        return self.names(CreditRole.DIRECTOR)

    @property
    def poster_file(self) -> ServedImage | None:
        """The poster that staff gave us; without one the film has a drawn poster."""
        return next((file.picture for file in self.files_of(FileKind.POSTER)), None)

    @property
    def wide_file(self) -> ServedImage | None:
        """The picture that stands for the film where it is wider than high: a still, if any."""
        return next((file.picture for file in self.stills), self.poster_file)

    @property
    def stills(self) -> list[FilmFile]:
        """Its stills, in their order."""
        return self.files_of(FileKind.STILL)

    def files_of(self, *kinds: FileKind) -> list[FilmFile]:
        """Return its files of these kinds that may be shown, in their order."""
        return [file for file in self.files if file.kind in kinds]

    def names(self, role: CreditRole) -> list[str]:
        """Return the names credited with ``role``, in the order of the credits."""
        return [credit.person.name for credit in self.credits if credit.role is role]


class CollectionFilm(Base):
    """A film's place in a collection."""

    __tablename__ = "collection_films"

    collection_id: Mapped[int] = mapped_column(
        ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True
    )
    film_id: Mapped[int] = mapped_column(
        ForeignKey("films.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]
    film: Mapped[Film] = relationship(lazy="raise")


class Collection(Timestamped, Base):
    """Films in an editorial order; the film after another is "up next"."""

    __tablename__ = "collections"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(doc="Its place among the collections")
    places: Mapped[list[CollectionFilm]] = relationship(
        order_by=CollectionFilm.position, cascade="all, delete-orphan", lazy="raise"
    )


class CatalogRevision(Base):
    """One row: grows by one in every transaction that changes anything public."""

    __tablename__ = "catalog_revision"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    changed_at: Mapped[datetime]


class FilmRevision(Base):
    """When anything public of a film last changed: the film itself, its offers, prices or rights.

    ``number`` is the catalog's revision that did it. Revisions are counted one transaction after
    the other, so a reader of all changes of one number has missed none before it; of instants that
    is not so.
    """

    __tablename__ = "film_revisions"

    film_id: Mapped[int] = mapped_column(
        ForeignKey("films.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(index=True)
    changed_at: Mapped[datetime]


class NameAlias(Base):
    """Another slug under which a person or a subject is found: a former name, or one merged in."""

    __tablename__ = "name_aliases"
    __table_args__ = (Index("ix_name_aliases_kind_target", "kind", "target"),)

    kind: Mapped[NamedKind] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH), primary_key=True)
    target: Mapped[str] = mapped_column(String(SLUG_LENGTH), doc="The slug of the entry")


class FilmUndo(Base):
    """Which change of a film took back which: both by their number in the film's history."""

    __tablename__ = "film_undos"

    film_id: Mapped[int] = mapped_column(
        ForeignKey("films.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, doc="The change that took another back"
    )
    undoes: Mapped[int] = mapped_column(doc="The change that was taken back")


class SeedMark(Base):
    """What a seed file said when it was last applied: the same again leaves staff's edits alone."""

    __tablename__ = "seed_marks"

    name: Mapped[str] = mapped_column(String(200), primary_key=True, doc="films/the-red-soul")
    sha256: Mapped[str] = mapped_column(String(64))
