"""How each customer class is spoken of where its rights are described.

A library has no course and a company has no campus, so the sentences of ``words.py`` take the words
that differ from this one table. All are in the third person: the licensee may be read about on a
certificate by anyone. ``None`` stands for a reader whose class is not known, such as the reader of
a MARC record; its words hold for every class.
"""

from dataclasses import dataclass

from app.accounts.customers import CustomerClass


@dataclass(frozen=True, slots=True)
class ClassPhrases:
    """The words for one class. Each completes a sentence that begins with the licensee."""

    members: str
    """Who belongs to the licensee: ``its students, faculty, and staff``."""
    members_short: str
    former: str
    """Who used to belong to it."""
    teaching: str
    """How it teaches with a film, and whom."""
    no_teaching: str
    sessions: str
    """What it calls such a lesson: ``its classes``."""
    borrowers: str
    learning_system: str
    learning_system_question: str
    remote_learners: str
    teaching_question: str
    remote_question: str
    purpose: str
    """What excerpts are shown for, beside research and criticism."""
    unified_sites: str
    unified_sites_short: str


_COLLEGE = ClassPhrases(
    members="its students, faculty, and staff",
    members_short="Students, faculty, and staff",
    former="alumni",
    teaching="in face-to-face and live online teaching, to the students of the course",
    no_teaching="in class",
    sessions="its classes",
    borrowers="its library's patrons",
    learning_system="in course reserves and in its learning system",
    learning_system_question=("May {we} place it in course reserves and {our} learning system?"),
    remote_learners="its enrolled distance learners",
    teaching_question="May {we} show it in class?",
    remote_question="May online students watch it?",
    purpose="teaching",
    unified_sites="the licensee's campus with its branches, as far as they share one "
    "administration",
    unified_sites_short="One campus with its branches",
)
_SCHOOL_LEARNING = "in class materials and in its learning system"
_SCHOOL_LEARNING_QUESTION = "May {we} place it in class materials and {our} learning system?"
_LEARNING = "in its learning system"
_LEARNING_QUESTION = "May {we} place it in {our} learning system?"
_REMOTE_QUESTION = "May people in online training watch it?"
_TRAINING_QUESTION = "May {we} show it in training?"

CLASS_PHRASES: dict[CustomerClass | None, ClassPhrases] = {
    None: ClassPhrases(
        members="the people who belong to it, such as students, patrons, members, or employees",
        members_short="The people who belong to the licensee",
        former="people who used to belong to it",
        teaching="in teaching and training that it gives, in the room or live online, to those "
        "enrolled",
        no_teaching="in teaching or training",
        sessions="its teaching and training",
        borrowers="the people who may borrow from it",
        learning_system=_LEARNING,
        learning_system_question=_LEARNING_QUESTION,
        remote_learners="people enrolled in its online teaching or training",
        teaching_question="May {we} show it in teaching or training?",
        remote_question="May online learners watch it?",
        purpose="teaching, training",
        unified_sites="the licensee's main site with its branches, as far as they share one "
        "administration",
        unified_sites_short="Main site with its branches",
    ),
    CustomerClass.COLLEGE: _COLLEGE,
    CustomerClass.COMMUNITY_COLLEGE: _COLLEGE,
    CustomerClass.K12_SCHOOL: ClassPhrases(
        members="its students, teachers, and staff",
        members_short="Students, teachers, and staff",
        former="former students",
        teaching="in face-to-face and live online teaching, to the students of the class",
        no_teaching="in class",
        sessions="its classes",
        borrowers="its students, teachers, and staff",
        learning_system=_SCHOOL_LEARNING,
        learning_system_question=_SCHOOL_LEARNING_QUESTION,
        remote_learners="its students who learn online",
        teaching_question="May {we} show it in class?",
        remote_question="May online students watch it?",
        purpose="teaching",
        unified_sites="the licensee's school with all its buildings, as far as they share one "
        "administration",
        unified_sites_short="The school with all its buildings",
    ),
    CustomerClass.K12_DISTRICT: ClassPhrases(
        members="the students, teachers, and staff of its schools",
        members_short="Students, teachers, and staff of the schools",
        former="former students",
        teaching="in face-to-face and live online teaching in its schools, to the students of the "
        "class",
        no_teaching="in the classes of its schools",
        sessions="the classes of its schools",
        borrowers="the students, teachers, and staff of its schools",
        learning_system=_SCHOOL_LEARNING,
        learning_system_question=_SCHOOL_LEARNING_QUESTION,
        remote_learners="students of its schools who learn online",
        teaching_question="May {we} show it in class?",
        remote_question="May online students watch it?",
        purpose="teaching",
        unified_sites="the licensee's schools, as far as they share one administration",
        unified_sites_short="The district's schools",
    ),
    CustomerClass.PUBLIC_LIBRARY: ClassPhrases(
        members="its cardholders and staff",
        members_short="Cardholders and staff",
        former="former cardholders",
        teaching="in workshops that it teaches, in the room or live online, to the people enrolled",
        no_teaching="in its workshops",
        sessions="its workshops",
        borrowers="its patrons",
        learning_system=_LEARNING,
        learning_system_question=_LEARNING_QUESTION,
        remote_learners="people enrolled in its online workshops",
        teaching_question="May {we} show it in workshops?",
        remote_question="May people in online workshops watch it?",
        purpose="teaching",
        unified_sites="the licensee's main library with its branches, as far as they share one "
        "administration",
        unified_sites_short="Main library and branches",
    ),
    CustomerClass.GOVERNMENT: ClassPhrases(
        members="its officials and employees",
        members_short="Officials and employees",
        former="former employees",
        teaching="in training that it gives, in the room or live online, to its officials and "
        "employees",
        no_teaching="in training",
        sessions="its training",
        borrowers="its officials and employees",
        learning_system=_LEARNING,
        learning_system_question=_LEARNING_QUESTION,
        remote_learners="officials and employees enrolled in its online training",
        teaching_question=_TRAINING_QUESTION,
        remote_question=_REMOTE_QUESTION,
        purpose="training",
        unified_sites="the licensee's offices, as far as they share one administration",
        unified_sites_short="The agency's offices",
    ),
    CustomerClass.HOSPITAL: ClassPhrases(
        members="its staff, trainees, and patients",
        members_short="Staff, trainees, and patients",
        former="former staff and trainees",
        teaching="in teaching and training that it gives, in the room or live online, to its staff "
        "and trainees",
        no_teaching="in teaching or training",
        sessions="its teaching and training",
        borrowers="its staff, trainees, and patients",
        learning_system=_LEARNING,
        learning_system_question=_LEARNING_QUESTION,
        remote_learners="staff and trainees enrolled in its online training",
        teaching_question=_TRAINING_QUESTION,
        remote_question=_REMOTE_QUESTION,
        purpose="teaching, training",
        unified_sites="the licensee's hospitals and clinics, as far as they share one "
        "administration",
        unified_sites_short="Hospitals and clinics",
    ),
    CustomerClass.CORPORATION: ClassPhrases(
        members="its employees",
        members_short="Employees",
        former="former employees",
        teaching="in training that it gives, in the room or live online, to its employees",
        no_teaching="in training",
        sessions="its training",
        borrowers="its employees",
        learning_system=_LEARNING,
        learning_system_question=_LEARNING_QUESTION,
        remote_learners="employees enrolled in its online training",
        teaching_question=_TRAINING_QUESTION,
        remote_question=_REMOTE_QUESTION,
        purpose="training",
        unified_sites="the licensee's offices and other workplaces, as far as they share one "
        "administration",
        unified_sites_short="Offices and other workplaces",
    ),
    CustomerClass.NONPROFIT: ClassPhrases(
        members="its members, volunteers, and staff",
        members_short="Members, volunteers, and staff",
        former="former members",
        teaching="in workshops that it teaches, in the room or live online, to the people enrolled",
        no_teaching="in its workshops",
        sessions="its workshops",
        borrowers="its members, volunteers, and staff",
        learning_system=_LEARNING,
        learning_system_question=_LEARNING_QUESTION,
        remote_learners="people enrolled in its online workshops",
        teaching_question="May {we} show it in workshops?",
        remote_question="May people in online workshops watch it?",
        purpose="teaching",
        unified_sites="the licensee's main office with its branches, as far as they share one "
        "administration",
        unified_sites_short="Main office and branches",
    ),
}
