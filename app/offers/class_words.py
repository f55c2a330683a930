"""The words for each customer class in sentences about its rights.

A library has no course and a company has no campus, so ``rights_text.py`` takes the words that
differ from this table. All are in the third person, because anyone may read a certificate. ``None``
stands for a reader of unknown class, such as the reader of a MARC record.
"""

from dataclasses import dataclass

from app.accounts.customers import CustomerClass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPhrases:
    """The words for one class. Each completes a sentence that begins with the licensee."""

    members: str
    """The people who belong to the licensee: ``its students, faculty, and staff``."""
    members_short: str = ""
    """The same at the start of a table cell; by default ``members`` without "its"."""
    former: str
    """The people who used to belong to it."""
    teaching: str
    """How it teaches with a film, and to whom."""
    no_teaching: str
    sessions: str
    """Its name for a lesson: ``its classes``."""
    borrowers: str = ""
    """By default its members."""
    learning_system: str = "in its learning system"
    remote_learners: str
    teaching_question: str = "May {we} show it in training?"
    remote_question: str = "May people in online training watch it?"
    purpose: str = "teaching"
    """The purpose of excerpts, apart from research and criticism."""
    unified_sites: str
    unified_sites_short: str

    def __post_init__(self) -> None:
        short = self.members.removeprefix("its ")
        object.__setattr__(
            self, "members_short", self.members_short or short[0].upper() + short[1:]
        )
        object.__setattr__(self, "borrowers", self.borrowers or self.members)

    @property
    def learning_system_question(self) -> str:
        """The question about course reserves and learning systems."""
        location = self.learning_system.replace("and in its", "and {our}").replace("its", "{our}")
        return f"May {{we}} place it {location}?"


_COLLEGE = ClassPhrases(
    members="its students, faculty, and staff",
    former="alumni",
    teaching="in face-to-face and live online teaching, to the students of the course",
    no_teaching="in class",
    sessions="its classes",
    borrowers="its library's patrons",
    learning_system="in course reserves and in its learning system",
    remote_learners="its enrolled distance learners",
    teaching_question="May {we} show it in class?",
    remote_question="May online students watch it?",
    unified_sites="campus with its branches",
    unified_sites_short="One campus with its branches",
)
CLASS_PHRASES: dict[CustomerClass | None, ClassPhrases] = {
    None: ClassPhrases(
        members="the people who belong to it, such as students, patrons, members, or employees",
        members_short="The people who belong to the licensee",
        former="people who used to belong to it",
        teaching="in teaching and training that it gives, in the room or live online, to "
        "those enrolled",
        no_teaching="in teaching or training",
        sessions="its teaching and training",
        borrowers="the people who may borrow from it",
        remote_learners="people enrolled in its online teaching or training",
        teaching_question="May {we} show it in teaching or training?",
        remote_question="May online learners watch it?",
        purpose="teaching, training",
        unified_sites="main site with its branches",
        unified_sites_short="Main site with its branches",
    ),
    CustomerClass.COLLEGE: _COLLEGE,
    CustomerClass.COMMUNITY_COLLEGE: _COLLEGE,
    CustomerClass.K12_SCHOOL: ClassPhrases(
        members="its students, teachers, and staff",
        former="former students",
        teaching="in face-to-face and live online teaching, to the students of the class",
        no_teaching="in class",
        sessions="its classes",
        learning_system="in class materials and in its learning system",
        remote_learners="its students who learn online",
        teaching_question="May {we} show it in class?",
        remote_question="May online students watch it?",
        unified_sites="school with all its buildings",
        unified_sites_short="The school with all its buildings",
    ),
    CustomerClass.K12_DISTRICT: ClassPhrases(
        members="the students, teachers, and staff of its schools",
        members_short="Students, teachers, and staff of the schools",
        former="former students",
        teaching="in face-to-face and live online teaching in its schools, to the students of "
        "the class",
        no_teaching="in the classes of its schools",
        sessions="the classes of its schools",
        learning_system="in class materials and in its learning system",
        remote_learners="students of its schools who learn online",
        teaching_question="May {we} show it in class?",
        remote_question="May online students watch it?",
        unified_sites="schools",
        unified_sites_short="The district's schools",
    ),
    CustomerClass.PUBLIC_LIBRARY: ClassPhrases(
        members="its cardholders and staff",
        former="former cardholders",
        teaching="in workshops that it teaches, in the room or live online, to the people enrolled",
        no_teaching="in its workshops",
        sessions="its workshops",
        borrowers="its patrons",
        remote_learners="people enrolled in its online workshops",
        teaching_question="May {we} show it in workshops?",
        remote_question="May people in online workshops watch it?",
        unified_sites="main library with its branches",
        unified_sites_short="Main library and branches",
    ),
    CustomerClass.GOVERNMENT: ClassPhrases(
        members="its officials and employees",
        former="former employees",
        teaching="in training that it gives, in the room or live online, to its officials and "
        "employees",
        no_teaching="in training",
        sessions="its training",
        remote_learners="officials and employees enrolled in its online training",
        purpose="training",
        unified_sites="offices",
        unified_sites_short="The agency's offices",
    ),
    CustomerClass.HOSPITAL: ClassPhrases(
        members="its staff, trainees, and patients",
        former="former staff and trainees",
        teaching="in teaching and training that it gives, in the room or live online, to its "
        "staff and trainees",
        no_teaching="in teaching or training",
        sessions="its teaching and training",
        remote_learners="staff and trainees enrolled in its online training",
        purpose="teaching, training",
        unified_sites="hospitals and clinics",
        unified_sites_short="Hospitals and clinics",
    ),
    CustomerClass.CORPORATION: ClassPhrases(
        members="its employees",
        former="former employees",
        teaching="in training that it gives, in the room or live online, to its employees",
        no_teaching="in training",
        sessions="its training",
        remote_learners="employees enrolled in its online training",
        purpose="training",
        unified_sites="offices and other workplaces",
        unified_sites_short="Offices and other workplaces",
    ),
    CustomerClass.NONPROFIT: ClassPhrases(
        members="its members, volunteers, and staff",
        former="former members",
        teaching="in workshops that it teaches, in the room or live online, to the people enrolled",
        no_teaching="in its workshops",
        sessions="its workshops",
        remote_learners="people enrolled in its online workshops",
        teaching_question="May {we} show it in workshops?",
        remote_question="May people in online workshops watch it?",
        unified_sites="main office with its branches",
        unified_sites_short="Main office and branches",
    ),
}
