"""Press items as pages show them. Pure."""

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
# The label of `by` for each kind.
BY_LABELS = {
    PressKind.REVIEW: "Critic",
    PressKind.INTERVIEW: "Interviewer",
    PressKind.PODCAST: "Reporter",
    PressKind.ARTICLE: "Author",
    PressKind.ENDORSEMENT: "By",
}
# The order on a film's page.
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
    """A film's press items of one kind."""

    kind: PressKind
    title: str
    items: Sequence[PressItem]


def press_groups(press: Iterable[PressItem]) -> list[PressGroup]:
    """Return a film's press by kind; kinds without any are left out."""
    items = list(press)
    groups = []
    for kind in ORDER:
        of_kind = [item for item in items if item.kind is kind]
        if of_kind:
            title = PRESS_LABELS[kind] if len(of_kind) == 1 else PLURALS[kind]
            groups.append(PressGroup(kind, title, of_kind))
    return groups


def press_title(item: PressFacts) -> str:
    """Return the title of a press item, or else its outlet or author."""
    if item.kind is PressKind.ENDORSEMENT and item.by:
        return item.by
    return item.title or item.outlet or item.by or PRESS_LABELS[item.kind]


def press_facts(item: PressItem) -> list[tuple[str, str]]:
    """Return the known facts of an item with their labels, without its title."""
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
    return [(label, value) for label, value in facts if value]


def link_text(item: PressItem) -> str:
    """Return the text of the link to an item: ``Listen, 10:47``."""
    verbs = {PressKind.PODCAST: "Listen", PressKind.REVIEW: "Read the review"}
    verb = verbs.get(item.kind, "Watch" if item.length_seconds else "Read")
    return f"{verb}, {formats.clock_time(item.length_seconds)}" if item.length_seconds else verb
