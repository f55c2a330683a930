"""Full-text search and its synonyms.

No model maps ``film_fts``, because it differs between the databases; app/catalog/search_index.py alone
uses it. A film is indexed in the transaction that writes it.
"""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    op.create_table(
        "search_synonyms",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("groups", sa.JSON, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE film_fts ("
            "film_id integer PRIMARY KEY REFERENCES films (id) ON DELETE CASCADE, "
            "words tsvector NOT NULL)"
        )
        # An import writes a fifth less if the index collects more before it sorts: 64 MB, in
        # kilobytes. The default is 4 MB, some 1,500 films. Autovacuum sorts what is left.
        op.execute(
            "CREATE INDEX ix_film_fts_words ON film_fts USING gin (words) "
            "WITH (gin_pending_list_limit = 65536)"
        )
    else:
        # The words are already folded and stemmed; the tokenizer only splits them at spaces.
        op.execute(
            "CREATE VIRTUAL TABLE film_fts USING fts5("
            "title, people, subjects, body, "
            "tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')"
        )


def drop() -> None:
    op.execute("DROP TABLE film_fts")
    op.drop_table("search_synonyms")
