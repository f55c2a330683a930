"""Rights in words: the one place where a rights bundle becomes sentences.

The film page, the API, orders, certificates, MARC 540 and the exports all print what this module
says, in the words of the class that buys (``class_words.py``). ``short`` answers a librarian's
question in a cell of the comparison; ``answer`` is the full sentence, in the third person, so that
it holds on a certificate too. Both exist whether a use is allowed, not allowed or not spoken of, so
every bundle answers the same questions in the same order.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.accounts.customers import CustomerClass
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
from app.offers.class_words import CLASS_PHRASES, ClassPhrases
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
    SILENT = "silent"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class RightsSentence:
    """One question of a librarian and what the license answers."""

    topic: Topic
    question: str
    answer: str
    short: str
    verdict: Verdict

    def as_json(self, customer_class: CustomerClass | None) -> dict[str, str]:
        """Return it as plain strings in the third person, as orders and licenses keep it."""
        return {
            "topic": str(self.topic),
            "question": document_questions(customer_class)[self.topic],
            "answer": self.answer,
            "short": self.short,
            "verdict": str(self.verdict),
        }


def _questions(words: ClassPhrases, *, we: str, our: str) -> dict[Topic, str]:
    asked = {
        Topic.CLASSROOM: words.teaching_question,
        Topic.AUDIENCE: "May {we} show it to an audience?",
        Topic.SERVER: "May {we} put it on {our} server?",
        Topic.TERM: "For how long?",
        Topic.USERS: "Who may watch?",
        Topic.SITES: "Where does it apply?",
        Topic.COURSE_RESERVES: words.learning_system_question,
        Topic.DISTANCE_LEARNING: words.remote_question,
        Topic.LENDING: "May {we} lend it?",
        Topic.INTERLIBRARY_LOAN: "May {we} lend it to other libraries?",
        Topic.CAPTIONING: "May {we} add captions?",
        Topic.CLIPS: "May {we} show excerpts?",
        Topic.ARCHIVE_COPY: "May {we} keep a backup copy?",
        Topic.FORMAT_MIGRATION: "May {we} move it to a newer format?",
    }
    return {topic: question.format(we=we, our=our) for topic, question in asked.items()}


def buyer_questions(customer_class: CustomerClass | None) -> dict[Topic, str]:
    """Return the questions as a buyer of this class asks them: ``May we lend it?``."""
    return _questions(CLASS_PHRASES[customer_class], we="we", our="our")


def document_questions(customer_class: CustomerClass | None) -> dict[Topic, str]:
    """Return the questions as a document asks them: ``May the licensee lend it?``."""
    return _questions(CLASS_PHRASES[customer_class], we="the licensee", our="its")


@dataclass(frozen=True, slots=True)
class _Use:
    """A use in words: granted, with its limits; withheld, plainly; and the cell of a yes."""

    granted: str
    withheld: str
    short: str
    verdict: Verdict


def _uses(words: ClassPhrases) -> dict[Topic, _Use]:
    return {
        Topic.CLASSROOM: _Use(
            f"show the film {words.teaching}",
            f"show the film {words.no_teaching}",
            "Yes",
            Verdict.YES,
        ),
        Topic.COURSE_RESERVES: _Use(
            f"place the film {words.learning_system}, behind a login",
            f"place the film {words.learning_system.replace(' and in ', ' or in ')}",
            "Yes, behind a login",
            Verdict.LIMITED,
        ),
        Topic.DISTANCE_LEARNING: _Use(
            f"let {words.remote_learners} watch the film, wherever they are",
            f"let {words.remote_learners} watch the film on their own",
            "Yes",
            Verdict.YES,
        ),
        Topic.LENDING: _Use(
            f"lend the disc to {words.borrowers} for private viewing",
            f"lend the film to {words.borrowers}",
            "Yes, for private viewing",
            Verdict.LIMITED,
        ),
        Topic.INTERLIBRARY_LOAN: _Use(
            "lend the film to other libraries",
            "lend the film to other libraries",
            "Yes",
            Verdict.YES,
        ),
        Topic.CAPTIONING: _Use(
            "add captions, subtitles, a transcript, or audio description for people who need them",
            "add captions, subtitles, or audio description",
            "Yes",
            Verdict.YES,
        ),
        Topic.CLIPS: _Use(
            f"show and quote short excerpts in {words.purpose}, research, and criticism",
            "show excerpts of the film on their own",
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
            "convert its copy to a newer format when the old one can no longer be played",
            "Yes, when the old one fails",
            Verdict.LIMITED,
        ),
    }


def _user_groups(words: ClassPhrases) -> dict[UserGroup, tuple[str, str]]:
    """Return each group as a sentence and as a cell call it."""
    return {
        UserGroup.MEMBERS: (words.members, words.members_short),
        UserGroup.RESEARCHERS: ("visiting researchers", "Visiting researchers"),
        UserGroup.CONTRACTORS: ("contractors working for it", "Contractors"),
        UserGroup.ALUMNI: (words.former, words.former[0].upper() + words.former[1:]),
    }


def _sites(scope: SiteScope, words: ClassPhrases) -> tuple[str, str]:
    return {
        SiteScope.SINGLE_BUILDING: ("one building of the licensee", "One building"),
        SiteScope.UNIFIED_CAMPUS: (
            f"the licensee's {words.unified_sites}, as far as they share one administration",
            words.unified_sites_short,
        ),
        SiteScope.ALL_SITES: ("every site of the licensee", "All sites"),
    }[scope]


_TERMS: dict[TermKind, str] = {
    TermKind.SEMESTER: "The license lasts one academic term, up to six months.",
    TermKind.EVENT: "The license is for one event, on the named date.",
    TermKind.PERPETUAL: "The license is granted in perpetuity. It has no end date.",
    TermKind.LIFE_OF_FORMAT: (
        "The license lasts for the life of the file format. It ends when the file as delivered "
        "can no longer be played. A file in a new format needs a new license."
    ),
    TermKind.LIFE_OF_MEDIA: (
        "The license lasts for the life of the disc. It ends when the disc, or its replacement, "
        "is lost or can no longer be played."
    ),
}


def describe_rights(
    bundle: RightsBundle, term: Term | None = None, *, customer_class: CustomerClass | None = None
) -> list[RightsSentence]:
    """Return the sentences of ``bundle`` for a class, one a topic, in the order of ``Topic``.

    With ``term`` the question "For how long?" is answered among them, as the comparison shows it.
    Without a class the words hold for every class.
    """
    words = CLASS_PHRASES[customer_class]
    asked = buyer_questions(customer_class)
    uses = _uses(words)
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
    told = {
        topic: _use(topic, asked[topic], uses[topic], permission)
        for topic, permission in permissions.items()
    }
    told[Topic.AUDIENCE] = _audience(bundle, asked[Topic.AUDIENCE], words)
    told[Topic.SERVER] = _server(bundle.digital_site_license, asked[Topic.SERVER])
    told[Topic.USERS] = _users(bundle, asked[Topic.USERS], words)
    place, cell = _sites(bundle.sites, words)
    told[Topic.SITES] = RightsSentence(
        Topic.SITES, asked[Topic.SITES], f"The license covers {place}.", cell, Verdict.FACT
    )
    if term is not None:
        told[Topic.TERM] = _term(term, asked[Topic.TERM])
    return [told[topic] for topic in Topic if topic in told]


def _term(term: Term, question: str) -> RightsSentence:
    words = term.label()
    answer = _TERMS.get(term.kind, f"The license lasts {words} from the day it is granted.")
    short = words[0].upper() + words[1:]
    return RightsSentence(Topic.TERM, question, answer, short, Verdict.FACT)


def _use(topic: Topic, question: str, use: _Use, permission: Permission) -> RightsSentence:
    if permission is Permission.PERMITTED:
        answer = f"The licensee may {use.granted}."
        return RightsSentence(topic, question, answer, use.short, use.verdict)
    if permission is Permission.PROHIBITED:
        answer = f"The licensee may not {use.withheld}."
        return RightsSentence(topic, question, answer, "No", Verdict.NO)
    answer = (
        f"The license does not say whether the licensee may {use.withheld}; applicable law governs."
    )
    return RightsSentence(topic, question, answer, "As the law allows", Verdict.SILENT)


def _audience(bundle: RightsBundle, question: str, words: ClassPhrases) -> RightsSentence:
    ppr = bundle.ppr
    if not ppr.included:
        beyond = f" beyond {words.sessions}" if bundle.classroom is Permission.PERMITTED else ""
        answer = (
            "Public performance rights are not included. The licensee may not show the film to "
            f"an audience{beyond}."
        )
        return RightsSentence(Topic.AUDIENCE, question, answer, "No", Verdict.NO)
    premises = ppr.venue is Venue.LICENSEE_PREMISES
    members = ppr.audience is Audience.LICENSEE_MEMBERS
    where = "on its own premises" if premises else "at any place"
    whom = f"{words.members}, and their guests" if members else "the public"
    limits = [*_counts(ppr), _ADMISSION[ppr.admission], _VIRTUAL[ppr.virtual], _advertising(ppr)]
    transfer = (
        "The right passes to those who borrow the film."
        if ppr.transferable
        else "The right stays with the licensee and does not pass to those who borrow the film."
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
    cell += " on site" if premises else " anywhere"
    cell += f" for {words.members_short[0].lower()}{words.members_short[1:]}" if members else ""
    if ppr.audience_cap is not None:
        cell += f", up to {ppr.audience_cap:,} people"
    if ppr.screenings is not None:
        cell += ", once" if ppr.screenings == 1 else f", {ppr.screenings:,} times"
    return RightsSentence(Topic.AUDIENCE, question, answer, cell, Verdict.LIMITED)


_ADMISSION: dict[Admission, str] = {
    Admission.NONE: "No admission may be charged.",
    Admission.ALLOWED: "Admission may be charged.",
    Admission.SHARE: (
        "Admission may be charged if a share of ticket revenue is paid to the licensor."
    ),
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
    return "Screenings may be announced only to the licensee's own community."


def _server(dsl: DigitalSiteLicense, question: str) -> RightsSentence:
    if not dsl.included:
        answer = "The licensee may not copy the film to a server or stream it from one."
        return RightsSentence(Topic.SERVER, question, answer, "No", Verdict.NO)
    host = "its own server or a hosting service's server under contract"
    where = host if dsl.vendor_hosting else "its own server"
    reach = (
        "stream it to its users on site and, after login, from anywhere"
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
    cell = "Yes, with login from anywhere" if dsl.off_site_access else "Yes, within the network"
    if dsl.concurrent_users is not None:
        cell += f", {dsl.concurrent_users:,} at a time"
    answer = (
        f"The licensee may keep the film on {where}, in the formats needed to play it, protected "
        f"by a login, and {reach}. "
        f"{at_once} {copies}"
    )
    return RightsSentence(Topic.SERVER, question, answer, cell, Verdict.LIMITED)


def _users(bundle: RightsBundle, question: str, words: ClassPhrases) -> RightsSentence:
    named = _user_groups(words)
    groups = [named[group] for group in UserGroup if group in bundle.users]
    listed = "; ".join(sentence for sentence, _ in groups)
    walk_ins = {
        Permission.PERMITTED: "Visitors may watch on site.",
        Permission.PROHIBITED: "Visitors outside these groups may not watch.",
        Permission.SILENT: "The license does not address visitors.",
    }[bundle.walk_in_users]
    cells = [groups[0][1], *(cell[0].lower() + cell[1:] for _, cell in groups[1:])]
    if bundle.walk_in_users is Permission.PERMITTED:
        cells.append("visitors on site")
    answer = f"The licensee's users are: {listed}. {walk_ins}"
    return RightsSentence(Topic.USERS, question, answer, "; ".join(cells), Verdict.FACT)
