"""The catalog's vocabularies: pure enums, one truth for tables, documents, API and pages."""

from enum import StrEnum


class FilmStatus(StrEnum):
    """Who may see a film: staff only, everyone, or (again) staff only."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Color(StrEnum):
    """Color content, as MARC 007/03 distinguishes it."""

    COLOR = "color"
    BLACK_AND_WHITE = "bw"
    MIXED = "mixed"

    @property
    def label(self) -> str:
        """Return the words a catalog record prints."""
        return {
            Color.COLOR: "Color",
            Color.BLACK_AND_WHITE: "Black and white",
            Color.MIXED: "Color and black and white",
        }[self]


class LanguageUse(StrEnum):
    """What a language of a version is for."""

    SPOKEN = "spoken"
    SUBTITLES = "subtitles"


class CaptionKind(StrEnum):
    """Closed captions, subtitles for the deaf and hard of hearing, or plain subtitles."""

    CC = "cc"
    SDH = "sdh"
    SUBTITLE = "subtitle"


class CaptionSource(StrEnum):
    """Who made the captions. Many institutions can't use machine-generated captions."""

    HUMAN = "human"
    AUTO = "auto"
    UNKNOWN = "unknown"


class PersonKind(StrEnum):
    """A person (MARC 700) or a body such as a production company (MARC 710)."""

    PERSON = "person"
    ORGANIZATION = "organization"


class NamedKind(StrEnum):
    """What has a name that many films share."""

    PERSON = "person"
    SUBJECT = "subject"


class CreditRole(StrEnum):
    """The role of a person in a film."""

    DIRECTOR = "director"
    WRITER = "writer"
    PRODUCER = "producer"
    EXECUTIVE_PRODUCER = "executive_producer"
    CINEMATOGRAPHER = "cinematographer"
    EDITOR = "editor"
    COMPOSER = "composer"
    SOUND = "sound"
    NARRATOR = "narrator"
    PARTICIPANT = "participant"
    PRODUCTION_COMPANY = "production_company"
    DISTRIBUTOR = "distributor"

    @property
    def label(self) -> str:
        """Return the role in words, singular."""
        return self.value.replace("_", " ").capitalize()


class AccoladeKind(StrEnum):
    """The type of an award or festival entry."""

    WORLD_PREMIERE = "world_premiere"
    INTERNATIONAL_PREMIERE = "international_premiere"
    NORTH_AMERICAN_PREMIERE = "north_american_premiere"
    EUROPEAN_PREMIERE = "european_premiere"
    PREMIERE = "premiere"
    SELECTION = "selection"
    AWARD = "award"
    NOMINATION = "nomination"
    SPECIAL_MENTION = "special_mention"

    @property
    def label(self) -> str:
        """Return the kind in words."""
        words = self.value.replace("_", " ").capitalize()
        return words.replace("North american", "North American")


class PressKind(StrEnum):
    """What was published about a film."""

    REVIEW = "review"
    INTERVIEW = "interview"
    PODCAST = "podcast"
    ARTICLE = "article"
    ENDORSEMENT = "endorsement"


class AssetKind(StrEnum):
    """A file or page that comes with a film."""

    POSTER = "poster"
    STILL = "still"
    TRAILER = "trailer"
    PRESS_KIT = "press_kit"
    GUIDE = "guide"
    CAPTIONS = "captions"
    TRANSCRIPT = "transcript"

    @property
    def label(self) -> str:
        """Return the kind in words."""
        return self.value.replace("_", " ").capitalize()


class GradeLevel(StrEnum):
    """For which learners a film is meant, from the youngest on, by the grades of North America."""

    PRIMARY = "k-5"
    MIDDLE = "6-8"
    HIGH = "9-12"
    COLLEGE = "college"
    ADULT = "adult"

    @property
    def label(self) -> str:
        """Return the level in words: ``Grades 9-12``."""
        return {
            GradeLevel.PRIMARY: "Kindergarten to grade 5",
            GradeLevel.MIDDLE: "Grades 6-8",
            GradeLevel.HIGH: "Grades 9-12",
            GradeLevel.COLLEGE: "College",
            GradeLevel.ADULT: "Adult education",
        }[self]


class IdentifierKind(StrEnum):
    """A type of identifier for the film or its disc."""

    UPC = "upc"
    EAN = "ean"
    ISBN = "isbn"
    EIDR = "eidr"
    ISAN = "isan"
    OCLC = "oclc"
    IMDB = "imdb"
    WIKIDATA = "wikidata"

    @property
    def label(self) -> str:
        """Return the name of the number as catalogers write it."""
        names = {
            IdentifierKind.IMDB: "IMDb",
            IdentifierKind.WIKIDATA: "Wikidata",
            IdentifierKind.OCLC: "OCLC number",
        }
        return names.get(self, self.value.upper())


class WatchKind(StrEnum):
    """How an individual pays for watching at home."""

    SUBSCRIPTION = "subscription"
    RENT = "rent"
    BUY = "buy"
    FREE = "free"


class FilmSort(StrEnum):
    """Orders in which films can be listed; relevance only means something with a search."""

    RELEVANCE = "relevance"
    COLLECTION = "collection"
    TITLE = "title"
    NEWEST = "newest"
    OLDEST = "oldest"
    RECENT = "recent"
    SHORTEST = "shortest"
    LONGEST = "longest"
    PRICE = "price"

    @property
    def label(self) -> str:
        """Return the order in words, for a menu."""
        return {
            FilmSort.RELEVANCE: "Best match",
            FilmSort.COLLECTION: "Collection order",
            FilmSort.TITLE: "Title",
            FilmSort.NEWEST: "Newest films first",
            FilmSort.OLDEST: "Oldest films first",
            FilmSort.RECENT: "Recently added",
            FilmSort.SHORTEST: "Shortest first",
            FilmSort.LONGEST: "Longest first",
            FilmSort.PRICE: "Lowest price first",
        }[self]
