"""The customer classes: the one table of who licenses films, and how their size is measured.

The codes are part of the public API and of every price row, so they never change their meaning.
"""

from dataclasses import dataclass
from enum import StrEnum

# Of an institution, however it is counted: everywhere the same.
MAX_SIZE = 1_000_000_000


class CustomerClass(StrEnum):
    """A type of institution. Individuals are not included; they see where to watch at home."""

    COLLEGE = "college"
    COMMUNITY_COLLEGE = "community_college"
    K12_SCHOOL = "k12_school"
    K12_DISTRICT = "k12_district"
    PUBLIC_LIBRARY = "public_library"
    GOVERNMENT = "government"
    HOSPITAL = "hospital"
    CORPORATION = "corporation"
    NONPROFIT = "nonprofit"


class SizeMeasure(StrEnum):
    """What is counted when a class is asked for its size."""

    FTE = "fte"
    STUDENTS = "students"
    POPULATION = "population"
    STAFF = "staff"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """How one class is named and asked for its size, in every place that does so."""

    label: str
    plural_label: str
    size_measure: SizeMeasure
    size_question: str
    examples: str


CLASSES: dict[CustomerClass, ClassFacts] = {
    CustomerClass.COLLEGE: ClassFacts(
        label="College or university",
        plural_label="Colleges and universities",
        size_measure=SizeMeasure.FTE,
        size_question="How many full-time-equivalent students are enrolled?",
        examples="Four-year colleges, universities, seminaries, law schools, and medical schools",
    ),
    CustomerClass.COMMUNITY_COLLEGE: ClassFacts(
        label="Community college",
        plural_label="Community colleges",
        size_measure=SizeMeasure.FTE,
        size_question="How many full-time-equivalent students are enrolled?",
        examples="Two-year and technical colleges",
    ),
    CustomerClass.K12_SCHOOL: ClassFacts(
        label="K-12 school",
        plural_label="K-12 schools",
        size_measure=SizeMeasure.STUDENTS,
        size_question="How many students attend the school?",
        examples="One public or private elementary, middle, or high school building",
    ),
    CustomerClass.K12_DISTRICT: ClassFacts(
        label="K-12 school district",
        plural_label="K-12 school districts",
        size_measure=SizeMeasure.STUDENTS,
        size_question="How many students does the district serve?",
        examples="Districts, dioceses, and regional service agencies with several schools",
    ),
    CustomerClass.PUBLIC_LIBRARY: ClassFacts(
        label="Public library",
        plural_label="Public libraries",
        size_measure=SizeMeasure.POPULATION,
        size_question="How many people live in the library's service area?",
        examples="City, county, and regional library systems",
    ),
    CustomerClass.GOVERNMENT: ClassFacts(
        label="Government agency",
        plural_label="Government agencies",
        size_measure=SizeMeasure.STAFF,
        size_question="How many people work at the agency?",
        examples="Federal, state, and local agencies, courts, and the armed forces",
    ),
    CustomerClass.HOSPITAL: ClassFacts(
        label="Hospital or health system",
        plural_label="Hospitals and health systems",
        size_measure=SizeMeasure.STAFF,
        size_question="How many people work at the hospital or health system?",
        examples="Hospitals, clinics, hospices, and public health services",
    ),
    CustomerClass.CORPORATION: ClassFacts(
        label="Corporation",
        plural_label="Corporations",
        size_measure=SizeMeasure.STAFF,
        size_question="How many people work at the company?",
        examples="Companies and firms of any size, for training and internal events",
    ),
    CustomerClass.NONPROFIT: ClassFacts(
        label="Community or nonprofit group",
        plural_label="Community and nonprofit groups",
        size_measure=SizeMeasure.MEMBERS,
        size_question="How many members does the group have?",
        examples="Associations, museums, houses of worship, film clubs, and advocacy groups",
    ),
}
