"""Rights in words: the one place where a rights bundle becomes sentences.

The film page, the API, orders, certificates, MARC 540 and the exports all print what this module
says. ``short`` answers a librarian's question in a cell of the comparison; ``answer`` is the full
sentence, in the third person, so that it holds on a certificate too. Both exist whether a use is
allowed, not allowed or not spoken of, so every bundle answers the same questions in the same order.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.offers.bundles import (
    Admission,
    Audience,
    DigitalSiteLicense,
    Permission,
    PublicPerformance,
    RightsBundle,
    SiteScope,
    UserGroup,
    Venue,
    VirtualScreening,
)
from app.offers.terms import Term, TermKind


class Topic(StrEnum):
    """What a sentence is about: the rows of the comparison, in a librarian's order."""

    CLASSROOM = "classroom"
    AUDIENCE = "audience"
    SERVER = "server"
    TERM = "term"
    USERS = "users"
    SITES = "sites"
    COURSE_RESERVES = "course_reserves"
    DISTANCE_LEARNING = "distance_learning"
    LENDING = "lending"
    INTERLIBRARY_LOAN = "interlibrary_loan"
    CAPTIONING = "captioning"
    CLIPS = "clips"
    ARCHIVE_COPY = "archive_copy"
    FORMAT_MIGRATION = "format_migration"


class Verdict(StrEnum):
    """The answer in one word, for a mark beside it. ``fact`` answers no yes-or-no question."""

    YES = "yes"
    LIMITED = "limited"
    NO = "no"
    UNSAID = "unsaid"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class RightsSentence:
    """One question of a librarian and what the license answers."""

    topic: Topic
    question: str
    answer: str
    short: str
    verdict: Verdict

    def as_json(self) -> dict[str, str]:
        """Return it as plain strings, as orders and licenses keep it."""
        return {
            "topic": str(self.topic),
            "question": self.question,
            "answer": self.answer,
            "short": self.short,
            "verdict": str(self.verdict),
        }


QUESTIONS: dict[Topic, str] = {
    Topic.CLASSROOM: "May we show it in class?",
    Topic.AUDIENCE: "May we show it to an audience?",
    Topic.SERVER: "May we put it on our server?",
    Topic.TERM: "For how long?",
    Topic.USERS: "Who may watch?",
    Topic.SITES: "Where does it apply?",
    Topic.COURSE_RESERVES: "May it go into course reserves and our learning system?",
    Topic.DISTANCE_LEARNING: "May online students watch it?",
    Topic.LENDING: "May we lend it?",
    Topic.INTERLIBRARY_LOAN: "May we lend it to other libraries?",
    Topic.CAPTIONING: "May we add captions?",
    Topic.CLIPS: "May we show excerpts?",
    Topic.ARCHIVE_COPY: "May we keep a backup copy?",
    Topic.FORMAT_MIGRATION: "May we move it to a newer format?",
}


@dataclass(frozen=True, slots=True)
class _Use:
    """A use in words: granted, with its limits; withheld, plainly; and the cell of a yes."""

    granted: str
    withheld: str
    short: str
    verdict: Verdict


_USES: dict[Topic, _Use] = {
    Topic.CLASSROOM: _Use(
        "show the film in face-to-face and live online teaching, to the students of the course",
        "show the film in class",
        "Yes",
        Verdict.YES,
    ),
    Topic.COURSE_RESERVES: _Use(
        "place the film in course reserves and in its learning system, behind a login",
        "place the film in course reserves or in its learning system",
        "Yes, behind a login",
        Verdict.LIMITED,
    ),
    Topic.DISTANCE_LEARNING: _Use(
        "let its enrolled distance learners watch the film, wherever they are",
        "let distance learners watch the film on their own",
        "Yes",
        Verdict.YES,
    ),
    Topic.LENDING: _Use(
        "lend the disc to its patrons for private viewing",
        "lend the film to its patrons",
        "Yes, for private viewing",
        Verdict.LIMITED,
    ),
    Topic.INTERLIBRARY_LOAN: _Use(
        "lend the film to other libraries", "lend the film to other libraries", "Yes", Verdict.YES
    ),
    Topic.CAPTIONING: _Use(
        "add captions, subtitles, a transcript or audio description for people who need them",
        "add captions, subtitles or audio description",
        "Yes",
        Verdict.YES,
    ),
    Topic.CLIPS: _Use(
        "show and quote short excerpts in teaching, research and criticism",
        "show excerpts of the film by themselves",
        "Yes, short ones",
        Verdict.LIMITED,
    ),
    Topic.ARCHIVE_COPY: _Use(
        "keep one copy as a backup, used only to replace a lost or damaged one",
        "make a backup copy",
        "Yes, one",
        Verdict.LIMITED,
    ),
    Topic.FORMAT_MIGRATION: _Use(
        "convert its copy to a newer format when the old one can no longer be played",
        "convert its copy to another format",
        "Yes, when the old one fails",
        Verdict.LIMITED,
    ),
}
_USERS: dict[UserGroup, str] = {
    UserGroup.MEMBERS: "its students, patrons, faculty and staff",
    UserGroup.RESEARCHERS: "visiting researchers",
    UserGroup.CONTRACTORS: "contractors at work for it",
    UserGroup.ALUMNI: "alumni",
}
_SITES: dict[SiteScope, tuple[str, str]] = {
    SiteScope.SINGLE_BUILDING: ("one building of the licensee", "One building"),
    SiteScope.UNIFIED_CAMPUS: (
        "the licensee's campus with its branches, as far as they share one administration",
        "One campus, branches included",
    ),
    SiteScope.ALL_SITES: ("every site of the licensee", "All our sites"),
}
_TERMS: dict[TermKind, str] = {
    TermKind.SEMESTER: "The license runs for one academic term, at most six months.",
    TermKind.EVENT: "The license is for one event, on the date that it names.",
    TermKind.PERPETUAL: "The license is granted in perpetuity: it has no end date.",
    TermKind.LIFE_OF_FORMAT: (
        "The license runs for the life of the file format: it ends when the file as delivered "
        "can no longer be played, and a file in a new format needs a new license."
    ),
    TermKind.LIFE_OF_MEDIA: (
        "The license runs for the life of the disc: it ends when the disc is lost or can no "
        "longer be played."
    ),
}


def rights_words(bundle: RightsBundle, term: Term | None = None) -> list[RightsSentence]:
    """Return the sentences of ``bundle``, one a topic, in the order of ``Topic``.

    With ``term`` the question "For how long?" is answered among them, as the comparison shows it.
    """
    permissions = {
        Topic.CLASSROOM: bundle.classroom,
        Topic.COURSE_RESERVES: bundle.course_reserves,
        Topic.DISTANCE_LEARNING: bundle.distance_learning,
        Topic.LENDING: bundle.lending,
        Topic.INTERLIBRARY_LOAN: bundle.interlibrary_loan,
        Topic.CAPTIONING: bundle.captioning,
        Topic.CLIPS: bundle.clips,
        Topic.ARCHIVE_COPY: bundle.archive_copy,
        Topic.FORMAT_MIGRATION: bundle.format_migration,
    }
    told = {topic: _use(topic, permission) for topic, permission in permissions.items()}
    told[Topic.AUDIENCE] = _audience(bundle.ppr)
    told[Topic.SERVER] = _server(bundle.digital_site_license)
    told[Topic.USERS] = _users(bundle)
    place, cell = _SITES[bundle.sites]
    told[Topic.SITES] = _say(Topic.SITES, Verdict.FACT, f"The license covers {place}.", cell)
    if term is not None:
        told[Topic.TERM] = term_words(term)
    return [told[topic] for topic in Topic if topic in told]


def term_words(term: Term) -> RightsSentence:
    """Return the sentence that answers "For how long?"."""
    words = term.words()
    answer = _TERMS.get(term.kind, f"The license runs for {words} from the day it is granted.")
    return _say(Topic.TERM, Verdict.FACT, answer, words[0].upper() + words[1:])


def _say(topic: Topic, verdict: Verdict, answer: str, short: str) -> RightsSentence:
    return RightsSentence(
        topic=topic, question=QUESTIONS[topic], answer=answer, short=short, verdict=verdict
    )


def _use(topic: Topic, permission: Permission) -> RightsSentence:
    use = _USES[topic]
    if permission is Permission.PERMITTED:
        return _say(topic, use.verdict, f"The licensee may {use.granted}.", use.short)
    if permission is Permission.PROHIBITED:
        return _say(topic, Verdict.NO, f"The licensee may not {use.withheld}.", "No")
    answer = f"The license does not say whether the licensee may {use.withheld}; the law decides."
    return _say(topic, Verdict.UNSAID, answer, "As the law allows")


def _audience(ppr: PublicPerformance) -> RightsSentence:
    if not ppr.included:
        answer = (
            "Public performance rights are not included: the licensee may not show the film to "
            "an audience outside its classes."
        )
        return _say(Topic.AUDIENCE, Verdict.NO, answer, "No")
    premises = ppr.venue is Venue.LICENSEE_PREMISES
    members = ppr.audience is Audience.LICENSEE_MEMBERS
    where = "on its own premises" if premises else "at any place"
    whom = "its own members and their guests" if members else "the public"
    limits = [*_counts(ppr), _ADMISSION[ppr.admission], _VIRTUAL[ppr.virtual], _advertising(ppr)]
    transfer = (
        "The right passes to those who borrow the disc."
        if ppr.transferable
        else "The right stays with the licensee and does not pass to those who borrow the disc."
    )
    answer = " ".join(
        [
            "Public performance rights are included.",
            f"The licensee may show the film {where} to {whom}.",
            *limits,
            transfer,
        ]
    )
    free = ppr.admission is Admission.NONE
    cell = "Yes, free screenings" if free else "Yes"
    cell += " on our premises" if premises else " anywhere"
    cell += " for our members" if members else ""
    if ppr.audience_cap is not None:
        cell += f", up to {ppr.audience_cap:,} people"
    if ppr.screenings is not None:
        cell += ", once" if ppr.screenings == 1 else f", {ppr.screenings:,} times"
    return _say(Topic.AUDIENCE, Verdict.LIMITED, answer, cell)


_ADMISSION: dict[Admission, str] = {
    Admission.NONE: "No admission may be charged.",
    Admission.ALLOWED: "Admission may be charged.",
    Admission.SHARE: "Admission may be charged if a share of the takings is paid to us.",
}
_VIRTUAL: dict[VirtualScreening, str] = {
    VirtualScreening.NONE: "Online screenings are not included.",
    VirtualScreening.SINGLE: "One live online screening is included.",
    VirtualScreening.UNLIMITED: "Live online screenings are included.",
}


def _counts(ppr: PublicPerformance) -> list[str]:
    said = []
    if ppr.audience_cap is not None:
        people = "one person" if ppr.audience_cap == 1 else f"{ppr.audience_cap:,} people"
        said.append(f"At most {people} may attend a screening.")
    if ppr.screenings is not None:
        count = "One screening is" if ppr.screenings == 1 else f"{ppr.screenings:,} screenings are"
        said.append(f"{count} included.")
    return said


def _advertising(ppr: PublicPerformance) -> str:
    if ppr.outside_advertising:
        return "Screenings may be advertised to the public."
    return "Screenings may be announced to the licensee's own community only."


def _server(dsl: DigitalSiteLicense) -> RightsSentence:
    if not dsl.included:
        answer = "The licensee may not copy the film to a server or stream it from one."
        return _say(Topic.SERVER, Verdict.NO, answer, "No")
    host = "its own server or that of a hosting service under contract to it"
    where = host if dsl.vendor_hosting else "its own server"
    reach = (
        "stream it to its users, on site and from anywhere once they have logged in"
        if dsl.off_site_access
        else "stream it to its users within its own network"
    )
    at_once = (
        "Any number of users may watch at once."
        if dsl.concurrent_users is None
        else "One user may watch at a time."
        if dsl.concurrent_users == 1
        else f"Up to {dsl.concurrent_users:,} users may watch at once."
    )
    copies = "Users may keep a copy." if dsl.downloads else "Users may not keep a copy."
    cell = "Yes, with login from anywhere" if dsl.off_site_access else "Yes, on our own network"
    if dsl.concurrent_users is not None:
        cell += f", {dsl.concurrent_users:,} at a time"
    answer = (
        f"The licensee may keep the film on {where}, protected by a login, and {reach}. "
        f"{at_once} {copies}"
    )
    return _say(Topic.SERVER, Verdict.LIMITED, answer, cell)


def _users(bundle: RightsBundle) -> RightsSentence:
    groups = [_USERS[group] for group in UserGroup if group in bundle.users]
    listed = groups[0] if len(groups) == 1 else f"{', '.join(groups[:-1])} and {groups[-1]}"
    walk_ins = {
        Permission.PERMITTED: "Visitors may watch on site.",
        Permission.PROHIBITED: "Visitors who belong to none of these may not.",
        Permission.SILENT: "Of visitors the license does not speak.",
    }[bundle.walk_in_users]
    cell = "Our own users"
    if bundle.walk_in_users is Permission.PERMITTED:
        cell += ", visitors on site"
    answer = f"The licensee's users are {listed}. {walk_ins}"
    return _say(Topic.USERS, Verdict.FACT, answer, cell)
