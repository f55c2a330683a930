"""Full-text search: a virtual table on SQLite, a tsvector with a GIN index on PostgreSQL.

No model maps this table, for it is not the same thing on both; app/catalog/search.py alone uses it.
A film is indexed in the transaction that writes it.
"""

from alembic import op

revision = "0002catalogsearch"
down_revision = "0001firsttables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE film_fts ("
            "film_id integer PRIMARY KEY REFERENCES films (id) ON DELETE CASCADE, "
            "words tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_film_fts_words ON film_fts USING gin (words)")
    else:
        # The words come folded and stemmed; the tokenizer has only to part them at the spaces.
        op.execute(
            "CREATE VIRTUAL TABLE film_fts USING fts5("
            "title, people, subjects, body, "
            "tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')"
        )


def downgrade() -> None:
    op.execute("DROP TABLE film_fts")
