"""What was published about a film, as pages say it: who, where, when, for how long. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.catalog.enums import PressKind
from app.catalog.parts_models import PressItem
from app.web import formats

PRESS_LABELS = {
    PressKind.REVIEW: "Review",
    PressKind.INTERVIEW: "Interview",
    PressKind.PODCAST: "Podcast",
    PressKind.ARTICLE: "Article",
    PressKind.ENDORSEMENT: "Endorsement",
}
PLURALS = {
    PressKind.REVIEW: "Reviews",
    PressKind.INTERVIEW: "Interviews",
    PressKind.PODCAST: "Podcasts",
    PressKind.ARTICLE: "Articles",
    PressKind.ENDORSEMENT: "Endorsements",
}
# Who stands in `by`, in the words of each kind.
BY_LABELS = {
    PressKind.REVIEW: "Critic",
    PressKind.INTERVIEW: "Interviewer",
    PressKind.PODCAST: "Reporter",
    PressKind.ARTICLE: "Author",
    PressKind.ENDORSEMENT: "By",
}
# The order of a film's page: what others judged, then what was said, then what was written.
ORDER = (
    PressKind.REVIEW,
    PressKind.PODCAST,
    PressKind.INTERVIEW,
    PressKind.ARTICLE,
    PressKind.ENDORSEMENT,
)


class PressFacts(Protocol):
    """The facts of a press item, from any query."""

    kind: PressKind
    title: str | None
    by: str | None
    outlet: str | None


@dataclass(frozen=True, slots=True)
class PressGroup:
    """A film's press of one kind, in its order."""

    kind: PressKind
    title: str
    items: Sequence[PressItem]


def press_groups(press: Iterable[PressItem]) -> list[PressGroup]:
    """Return a film's press by kind; kinds without any are left out."""
    items = list(press)
    groups = []
    for kind in ORDER:
        found = [item for item in items if item.kind is kind]
        if found:
            title = PRESS_LABELS[kind] if len(found) == 1 else PLURALS[kind]
            groups.append(PressGroup(kind, title, found))
    return groups


def press_title(item: PressFacts) -> str:
    """Return what an item of the press is called: its title, else where or by whom it is."""
    if item.kind is PressKind.ENDORSEMENT and item.by:
        return item.by
    return item.title or item.outlet or item.by or PRESS_LABELS[item.kind]


def press_facts(item: PressItem) -> list[tuple[str, str]]:
    """Return what is known of an item beyond its title, each fact with its name."""
    title = press_title(item)
    guest = f"{item.guest} ({item.guest_role})" if item.guest and item.guest_role else item.guest
    outlet = "Institution" if item.kind is PressKind.ENDORSEMENT else "Published by"
    facts = [
        (BY_LABELS[item.kind], item.by if item.by != title else None),
        ("Guest" if item.kind is PressKind.PODCAST else "Interviewer", guest),
        (outlet, item.outlet if item.outlet != title else None),
        ("Festival section", item.festival_section),
        ("Length", formats.clock_time(item.length_seconds) if item.length_seconds else None),
        ("Date", formats.day(item.published_on) if item.published_on else None),
        ("Note", item.note),
    ]
    return [(name, said) for name, said in facts if said]


def open_words(item: PressItem) -> str:
    """Return what the link to an item says one can do there: ``Listen, 10:47``."""
    words = {PressKind.PODCAST: "Listen", PressKind.REVIEW: "Read the review"}
    verb = words.get(item.kind, "Watch" if item.length_seconds else "Read")
    return f"{verb}, {formats.clock_time(item.length_seconds)}" if item.length_seconds else verb
