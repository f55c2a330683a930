"""Search synonyms: words with one meaning. Staff edit the list, and a search tries each.

"USSR" finds films that say "Soviet Union", and the reverse.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog import public_revision
from app.catalog.search_words import plain_words, stem
from app.core.db import upsert
from app.core.errors import ConflictError
from app.search.models import SearchSynonyms

MAX_GROUPS = 500
MAX_PHRASES = 20
MAX_PHRASE_LENGTH = 80
# How many ways a question is read: each costs as much as a search.
MAX_READINGS = 16

# What a store begins with; staff keep the list from then on.
DEFAULT_GROUPS = (
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
ROW = 1

Phrase = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=MAX_PHRASE_LENGTH,
        pattern=r"^[^,\x00-\x1f\x7f]*$",
    ),
]


class SynonymsIn(BaseModel):
    """The whole list: groups of words or phrases that mean one thing."""

    model_config = ConfigDict(extra="forbid")

    groups: Annotated[
        list[Annotated[list[Phrase], Field(min_length=2, max_length=MAX_PHRASES)]],
        Field(
            max_length=MAX_GROUPS,
            description="Groups of two or more words or phrases",
            examples=[[["USSR", "Soviet Union"]]],
        ),
    ]

    @field_validator("groups")
    @classmethod
    def _has_words(cls, groups: list[list[str]]) -> list[list[str]]:
        for group in groups:
            for phrase in group:
                if not plain_words(phrase):
                    msg = f"{phrase!r} has no letter or digit"
                    raise ValueError(msg)
        return groups


class Synonyms:
    """The list, ready to read questions with. Never changes once it is made."""

    def __init__(self, groups: Iterable[Sequence[str]]) -> None:
        # By the first word of a phrase, since a question is read from left to right.
        self._phrases: dict[str, list[tuple[list[str], list[str]]]] = defaultdict(list)
        for group in groups:
            phrases = [plain_words(phrase) for phrase in group]
            for phrase in phrases:
                others = [" ".join(other) for other in phrases if other != phrase]
                self._phrases[stem(phrase[0])].append((list(map(stem, phrase)), others))
        for found in self._phrases.values():
            found.sort(key=lambda each: -len(each[0]))

    def readings(self, typed: str) -> list[str]:
        """Return ``typed``, and what else it may be called.

        >>> Synonyms([["USSR", "Soviet Union"]]).readings("life in the Soviet Union")
        ['life in the Soviet Union', 'life in the ussr']
        """
        found = plain_words(typed)
        stems = list(map(stem, found))
        ways = [[""]]
        at = 0
        while at < len(found):
            for phrase, others in self._phrases.get(stems[at], ()):
                if stems[at : at + len(phrase)] == phrase:
                    ways.append([" ".join(found[at : at + len(phrase)]), *others])
                    at += len(phrase)
                    break
            else:
                ways.append([found[at]])
                at += 1
        readings = [""]
        for way in ways:
            readings = [f"{reading} {part}".strip() for reading in readings for part in way]
            readings = readings[:MAX_READINGS]
        return [typed, *readings[1:]]


def read_synonyms(session: Session) -> list[list[str]]:
    """Return the groups as staff wrote them, or those that a store begins with."""
    groups = session.scalar(select(SearchSynonyms.groups).where(SearchSynonyms.id == ROW))
    return [group.split(", ") for group in DEFAULT_GROUPS] if groups is None else groups


def replace_synonyms(
    session: Session, draft: SynonymsIn, *, base: Sequence[Sequence[str]] | None, actor: Actor
) -> None:
    """Replace the list; searches of every worker follow within a second.

    Raises:
        ConflictError: it is not ``base`` any more, from which the editor began; None: any.
    """
    # Counting up locks the revision: two editors come one after the other.
    public_revision.bump(session)
    before = read_synonyms(session)
    if base is not None and before != [list(group) for group in base]:
        detail = "Someone else changed the list. Reload the page and try again."
        raise ConflictError(detail)
    if before == draft.groups:
        return
    row = {"id": ROW, "groups": draft.groups}
    upsert(session, SearchSynonyms, [row], index_elements=["id"])
    audit.record_action(
        session,
        "search_synonyms",
        "all",
        "changed",
        actor,
        before={"groups": [", ".join(g) for g in before if g not in draft.groups]},
        after={"groups": [", ".join(g) for g in draft.groups if g not in before]},
    )
