"""Who the people of a form's credits are: known with how many films, or new."""

from collections.abc import Sequence

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from app.catalog.parts_models import Credit, Person
from app.catalog.titles import slugify
from app.console.forms.drawing import RowHint
from app.console.forms.input_values import InputValues

MAX_SIMILAR = 3


def credit_notes(session: Session, rows: Sequence[InputValues]) -> dict[str, RowHint]:
    """Return a note beside each row of credits that has a name, by the row's pointer."""
    slugs = [row["person"] or slugify(row["name"]) for row in rows]
    known = {
        slug: (name, films)
        for slug, name, films in session.execute(
            select(Person.slug, Person.name, func.count(distinct(Credit.film_id)))
            .outerjoin(Credit, Credit.person_id == Person.id)
            .where(Person.slug.in_(slugs))
            .group_by(Person.id)
        )
    }
    notes = {}
    for place, (row, slug) in enumerate(zip(rows, slugs, strict=True)):
        if slug in known:
            name, films = known[slug]
            count = "1 film" if films == 1 else f"{films} films"
            words = f"Already in the catalog, with {count}:"
            notes[f"credits/{place}"] = RowHint(words, f"/console/people/{slug}", name)
        elif row["name"]:
            like = _like(session, slug)
            similar = f" Similar: {', '.join(like)}." if like else ""
            words = f"Not in the catalog. A new entry will be created.{similar}"
            notes[f"credits/{place}"] = RowHint(words)
    return notes


def _like(session: Session, slug: str) -> Sequence[str]:
    """Return the names of people with the same last name."""
    last = slug.rpartition("-")[2]
    if not last:
        return []
    return session.scalars(
        select(Person.name)
        .where(Person.slug.endswith(f"-{last}", autoescape=True))
        .order_by(Person.slug)
        .limit(MAX_SIMILAR)
    ).all()
