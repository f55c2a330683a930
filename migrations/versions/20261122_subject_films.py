"""The films of a subject in their order, read from one index."""

from alembic import op

revision = "0036subjectfilms"
down_revision = "0034captionfiles"
branch_labels = None
depends_on = None

OLD, NEW = "ix_film_subjects_subject_id", "ix_film_subjects_subject_id_film_id"


def upgrade() -> None:
    op.create_index(NEW, "film_subjects", ["subject_id", "film_id"])
    op.drop_index(OLD, table_name="film_subjects")


def downgrade() -> None:
    op.create_index(OLD, "film_subjects", ["subject_id"])
    op.drop_index(NEW, table_name="film_subjects")
