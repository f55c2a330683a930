"""What staff keep for searches."""

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class SearchSynonyms(Base):
    """Words and phrases that mean one thing, in one row; without it the list is the store's own."""

    __tablename__ = "search_synonyms"

    id: Mapped[int] = mapped_column(primary_key=True)
    groups: Mapped[list[list[str]]] = mapped_column(
        JSON, doc="In the order in which staff wrote it"
    )
