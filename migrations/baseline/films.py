"""Films, the lists that they stand in, and their history."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "films",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(120), nullable=False, unique=True),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("sort_title", sa.String(300), nullable=False),
        sa.Column(
            "sort_key",
            sa.String(300).with_variant(sa.String(300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("original_title", sa.String(300)),
        sa.Column("tagline", sa.String(200)),
        sa.Column("synopsis", sa.Text, nullable=False),
        sa.Column("production_year", sa.Integer),
        sa.Column("release_year", sa.Integer, nullable=False),
        sa.Column("copyright_year", sa.Integer),
        sa.Column("color", one_of("color", "color", "bw", "mixed"), nullable=False),
        sa.Column("genre", sa.String(60), nullable=False),
        sa.Column("grade_levels", sa.JSON, nullable=False, server_default="[]"),
        sa.Column(
            "status", one_of("filmstatus", "draft", "published", "withdrawn"), nullable=False
        ),
        sa.Column("published_at", MOMENT, index=True),
        sa.Column("poster", sa.JSON, nullable=False),
        *timestamps(),
        sa.CheckConstraint("release_year BETWEEN 1888 AND 2100", name="release_year_sane"),
        sa.Index("ix_films_status_release_year", "status", "release_year"),
        sa.Index("ix_films_status_sort_key_id", "status", "sort_key", "id"),
        sa.Index("ix_films_updated_at_id", "updated_at", "id"),
    )
    op.create_table(
        "film_titles",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE", index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("language", sa.String(3)),
    )
    op.create_table(
        "film_countries",
        reference("film_id", "films.id", "CASCADE", primary_key=True),
        sa.Column("country", sa.String(2), primary_key=True, index=True),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_table(
        "film_relations",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE", index=True),
        reference("related_film_id", "films.id", "CASCADE", nullable=True, index=True),
        sa.Column("title", sa.String(300)),
        sa.Column("position", sa.Integer, nullable=False),
        sa.CheckConstraint("(related_film_id IS NULL) <> (title IS NULL)", name="film_or_title"),
        sa.CheckConstraint("related_film_id <> film_id", name="not_itself"),
        sa.UniqueConstraint("film_id", "related_film_id"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(120), nullable=False, unique=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("sort_name", sa.String(200), nullable=False),
        sa.Column("kind", one_of("personkind", "person", "organization"), nullable=False),
        sa.Column("biography", sa.Text, nullable=False),
    )
    op.create_table(
        "credits",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("film_id", "films.id", "CASCADE"),
        reference("person_id", "people.id", "RESTRICT", index=True),
        sa.Column(
            "role",
            one_of(
                "creditrole",
                "director",
                "writer",
                "producer",
                "executive_producer",
                "cinematographer",
                "editor",
                "composer",
                "sound",
                "narrator",
                "participant",
                "production_company",
                "distributor",
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(200)),
        sa.Column("position", sa.Integer, nullable=False),
        sa.UniqueConstraint("film_id", "person_id", "role"),
    )
    op.create_table(
        "subjects",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(120), nullable=False, unique=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("summary", sa.Text, nullable=False, server_default=sa.text("''")),
    )
    op.create_table(
        "film_subjects",
        reference("film_id", "films.id", "CASCADE", primary_key=True),
        reference("subject_id", "subjects.id", "RESTRICT", primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Index("ix_film_subjects_subject_id_film_id", "subject_id", "film_id"),
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(120), nullable=False, unique=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        *timestamps(),
    )
    op.create_table(
        "collection_films",
        reference("collection_id", "collections.id", "CASCADE", primary_key=True),
        reference("film_id", "films.id", "CASCADE", primary_key=True, index=True),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_table(
        "name_aliases",
        sa.Column("kind", one_of("namedkind", "person", "subject"), primary_key=True),
        sa.Column("slug", sa.String(120), primary_key=True),
        sa.Column("target", sa.String(120), nullable=False),
        sa.Index("ix_name_aliases_kind_target", "kind", "target"),
    )
    op.create_table(
        "film_revisions",
        reference("film_id", "films.id", "CASCADE", primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, index=True),
        sa.Column("changed_at", MOMENT, nullable=False),
    )
    op.create_table(
        "film_undos",
        reference("film_id", "films.id", "CASCADE", primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("undoes", sa.Integer, nullable=False),
    )
    op.create_table(
        "catalog_revision",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
    )


def drop() -> None:
    op.drop_table("catalog_revision")
    op.drop_table("film_undos")
    op.drop_table("film_revisions")
    op.drop_table("name_aliases")
    op.drop_table("collection_films")
    op.drop_table("collections")
    op.drop_table("film_subjects")
    op.drop_table("subjects")
    op.drop_table("credits")
    op.drop_table("people")
    op.drop_table("film_relations")
    op.drop_table("film_countries")
    op.drop_table("film_titles")
    op.drop_table("films")
