"""What staff keep for searches."""

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class SearchSynonyms(Base):
    """Words and phrases that mean one thing."""

    __tablename__ = "search_synonyms"

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(doc="In the list as staff wrote it, from 0")
    phrases: Mapped[list[str]] = mapped_column(JSON, doc="Two or more")
