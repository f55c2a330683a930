"""Words that mean one thing to those who search, with a list to begin with."""

import sqlalchemy as sa
from alembic import op

revision = "0095searchsynonyms"
down_revision = "0094matchoutcomes"
branch_labels = None
depends_on = None

GROUPS = (
    "USSR, Soviet Union, Union of Soviet Socialist Republics",
    "WWI, WW1, World War I, World War 1, First World War",
    "WWII, WW2, World War II, World War 2, Second World War",
    "LGBTQ, LGBT, LGBTQIA, LGBTQ+, queer",
    "USA, United States, United States of America",
    "UK, United Kingdom, Great Britain",
    "EU, European Union",
    "UN, United Nations",
    "GDR, DDR, East Germany, German Democratic Republic",
    "PRC, People's Republic of China",
    "Holocaust, Shoah",
    "Kyiv, Kiev",
    "Chernobyl, Chornobyl",
    "Beijing, Peking",
    "Myanmar, Burma",
    "Czech Republic, Czechia",
    "Native Americans, American Indians",
    "HIV, AIDS",
    "COVID, COVID-19, coronavirus",
    "PTSD, post-traumatic stress disorder",
    "climate change, global warming",
    "sci-fi, science fiction",
    "doc, documentary",
)


def upgrade() -> None:
    table = op.create_table(
        "search_synonyms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("phrases", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_synonyms")),
    )
    rows = [
        {"position": position, "phrases": group.split(", ")}
        for position, group in enumerate(GROUPS)
    ]
    op.bulk_insert(table, rows)


def downgrade() -> None:
    op.drop_table("search_synonyms")
