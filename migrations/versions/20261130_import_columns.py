"""Imports of films: which column of a table is what; distributors among the credits."""

import sqlalchemy as sa
from alembic import op

revision = "0091importcolumns"
down_revision = "0097coderules"
branch_labels = None
depends_on = None

BEFORE = ("checking", "checked", "applying", "applied", "unreadable", "failed")
AFTER = (*BEFORE, "unmapped")
ROLES = (
    *("director", "writer", "producer", "executive_producer", "cinematographer", "editor"),
    *("composer", "sound", "narrator", "participant", "production_company"),
)


def _set_states(states: tuple[str, ...]) -> None:
    with op.batch_alter_table("film_imports") as table:
        table.drop_constraint("importstate", type_="check")
        table.create_check_constraint("importstate", sa.column("state").in_(states))


def _set_roles(roles: tuple[str, ...]) -> None:
    with op.batch_alter_table("credits") as table:
        table.drop_constraint("creditrole", type_="check")
        table.create_check_constraint("creditrole", sa.column("role").in_(roles))


def upgrade() -> None:
    with op.batch_alter_table("film_imports") as table:
        table.add_column(sa.Column("columns", sa.JSON(), nullable=True))
        table.add_column(sa.Column("mapping", sa.JSON(), nullable=True))
        for name, kind, value in (
            ("has_sure_titles", sa.Boolean(), sa.false()),
            ("doubt_count", sa.Integer(), "0"),
        ):
            table.add_column(sa.Column(name, kind, nullable=False, server_default=value))
    with op.batch_alter_table("film_imports") as table:
        table.alter_column("has_sure_titles", existing_type=sa.Boolean(), server_default=None)
        table.alter_column("doubt_count", existing_type=sa.Integer(), server_default=None)
    _set_states(AFTER)
    _set_roles((*ROLES, "distributor"))


def downgrade() -> None:
    op.execute("UPDATE film_imports SET state = 'unreadable' WHERE state = 'unmapped'")
    op.execute("DELETE FROM credits WHERE role = 'distributor'")
    _set_roles(ROLES)
    _set_states(BEFORE)
    with op.batch_alter_table("film_imports") as table:
        for name in ("columns", "mapping", "has_sure_titles", "doubt_count"):
            table.drop_column(name)
