"""What belongs to one film: versions, press, links, identifiers."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import CAPTION_KINDS, CAPTION_SOURCES, one_of, reference


def create() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE"),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("runtime_minutes", sa.Integer, nullable=False),
        sa.Column("audio_description", sa.Boolean, nullable=False),
        sa.CheckConstraint("runtime_minutes > 0", name="runtime_positive"),
        sa.UniqueConstraint("film_id", "label"),
    )
    op.create_table(
        "version_languages",
        reference("version_id", "versions.id", "CASCADE", primary_key=True),
        sa.Column("use", one_of("languageuse", "spoken", "subtitles"), primary_key=True),
        sa.Column("language", sa.String(3), primary_key=True, index=True),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_table(
        "captions",
        reference("version_id", "versions.id", "CASCADE", primary_key=True),
        sa.Column("language", sa.String(3), primary_key=True),
        sa.Column("kind", one_of("captionkind", *CAPTION_KINDS), primary_key=True),
        sa.Column("source", one_of("captionsource", *CAPTION_SOURCES), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_table(
        "identifiers",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE", index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column(
            "kind",
            one_of(
                "identifierkind", "upc", "ean", "isbn", "eidr", "isan", "oclc", "imdb", "wikidata"
            ),
            nullable=False,
        ),
        sa.Column("value", sa.String(60), nullable=False),
        sa.Column("checked", sa.Boolean, nullable=False),
        sa.UniqueConstraint("kind", "value"),
    )
    op.create_table(
        "accolades",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE", index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("event", sa.String(200), nullable=False),
        sa.Column("year", sa.Integer),
        sa.Column(
            "kind",
            one_of(
                "accoladekind",
                "world_premiere",
                "international_premiere",
                "north_american_premiere",
                "european_premiere",
                "premiere",
                "selection",
                "award",
                "nomination",
                "special_mention",
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(200)),
        sa.Column("section", sa.String(200)),
    )
    op.create_table(
        "press_items",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE", index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column(
            "kind",
            one_of("presskind", "review", "interview", "podcast", "article", "endorsement"),
            nullable=False,
        ),
        sa.Column("title", sa.String(300)),
        sa.Column("by", sa.String(200)),
        sa.Column("outlet", sa.String(200)),
        sa.Column("url", sa.String(2000)),
        sa.Column("published_on", sa.Date),
        sa.Column("length_seconds", sa.Integer),
        sa.Column("guest", sa.String(200)),
        sa.Column("guest_role", sa.String(200)),
        sa.Column("verdict", sa.String(60)),
        sa.Column("note", sa.String(300)),
        sa.Column("festival_section", sa.String(200)),
        sa.CheckConstraint("length_seconds > 0", name="length_positive"),
    )
    op.create_table(
        "assets",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE", index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column(
            "kind",
            one_of(
                "assetkind",
                "poster",
                "still",
                "trailer",
                "press_kit",
                "guide",
                "captions",
                "transcript",
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("language", sa.String(3)),
    )
    op.create_table(
        "partner_links",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE", index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("platform", sa.String(100), nullable=False),
        sa.Column("classes", sa.JSON, nullable=False),
        sa.Column("territory", sa.JSON, nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("checked_on", sa.Date, nullable=False),
    )
    op.create_table(
        "watch_links",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE", index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("platform", sa.String(100), nullable=False),
        sa.Column(
            "kind", one_of("watchkind", "subscription", "rent", "buy", "free"), nullable=False
        ),
        sa.Column("territory", sa.JSON, nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("checked_on", sa.Date, nullable=False),
    )


def drop() -> None:
    op.drop_table("watch_links")
    op.drop_table("partner_links")
    op.drop_table("assets")
    op.drop_table("press_items")
    op.drop_table("accolades")
    op.drop_table("identifiers")
    op.drop_table("captions")
    op.drop_table("version_languages")
    op.drop_table("versions")
