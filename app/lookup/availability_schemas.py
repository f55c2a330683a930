"""What the API takes and gives for a list of films."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.accounts.customers import MAX_SIZE
from app.catalog.enums import IdentifierKind
from app.catalog.identifiers import read_numbers
from app.catalog.schemas import VersionOut
from app.core.config import Settings
from app.core.fields import Whole
from app.core.spreadsheets import find_errors
from app.core.text import TextConstraints
from app.lookup.availability import MAX_ROWS, RowAnswer
from app.lookup.matching import MatchCandidate, MatchOutcome, MatchQuery
from app.offers.buyers import BuyerParams
from app.offers.schemas import BuyerOut, LicensingOut, licensing_out

LINE = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, TextConstraints(pattern=LINE, strip_whitespace=True, max_length=300)]
Short = Annotated[str, TextConstraints(pattern=LINE, strip_whitespace=True, max_length=120)]
Number = Annotated[Whole, Field(ge=1, lt=10**15)]
NUMBERS = (
    IdentifierKind.UPC,
    IdentifierKind.ISBN,
    IdentifierKind.EIDR,
    IdentifierKind.OCLC,
)


class AvailabilityRowIn(BaseModel):
    """One film to look up. Any field is enough; more fields give a surer match."""

    model_config = ConfigDict(extra="forbid")

    ref: Short = Field(default="", description="Your own ID for the row; returned unchanged")
    title: Text = ""
    director: Text = Field(default="", description="One or more names, in any order")
    year: Annotated[Whole, Field(ge=1000, le=9999)] | None = Field(
        default=None, description="Production or release year; may be off by one"
    )
    # A spreadsheet's numbers come as such; their first zeros are put back.
    upc: Short | Number = Field(default="", description="12-digit UPC or 13-digit EAN")
    isbn: Short | Number = ""
    eidr: Short = ""
    oclc: Short | Number = ""
    slug: Short = Field(default="", description="The film's slug")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        asked = (self.title, self.director, self.slug, self.upc, self.isbn, self.eidr, self.oclc)
        if not any(asked):
            msg = "Enter a title, director, number, or slug."
            raise ValueError(msg)
        return self

    def to_query(self) -> MatchQuery:
        """Return it as the matcher takes it; a number that cannot be right is left out."""
        errors, _ = find_errors(self._texts())
        return MatchQuery(
            title="" if "title" in errors else self.title,
            director="" if "director" in errors else self.director,
            year=self.year,
            slug=self.slug,
            identifiers=read_numbers(self._numbers())[0],
        )

    def notes(self) -> list[str]:
        """Return a sentence on each number that cannot be right, and on what a spreadsheet did."""
        return find_errors(self._texts())[1] + read_numbers(self._numbers())[1]

    def _texts(self) -> dict[str, str]:
        return {"title": self.title, "director": self.director}

    def _numbers(self) -> list[tuple[IdentifierKind, str]]:
        return [(kind, str(getattr(self, kind.value))) for kind in NUMBERS]


_EXAMPLE: dict[str, Any] = {
    "class": "college",
    "size": 4200,
    "country": "US",
    "rows": [
        {"ref": "1", "title": "Red Soul, The [DVD]", "director": "Gorter, Jessica", "year": 2017},
        {"ref": "2", "isbn": "9781948745703"},
        {"ref": "3", "title": "Grass"},
    ],
}


class AvailabilityIn(BuyerParams):
    """A list of films, and the buyer to check them for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    size: Annotated[Whole, Field(ge=0, le=MAX_SIZE)] | None = Field(
        default=None, description="In the measure of the class; see customer-classes"
    )
    rows: Annotated[list[AvailabilityRowIn], Field(min_length=1, max_length=MAX_ROWS)]


class FilmMatchOut(BaseModel):
    """A possible match, with a score and reasons."""

    slug: str
    title: str
    directors: list[str]
    years: list[int] = Field(description="Of production, release and copyright, as known")
    score: int = Field(ge=0, le=100, description="From 85 on it is taken for the film, see docs")
    why: list[str] = Field(description="Reasons for and against the match, as sentences")

    @classmethod
    def of(cls, match: MatchCandidate) -> Self:
        """Return ``match`` in its API shape."""
        film = match.film
        return cls(
            slug=film.slug,
            title=film.title,
            directors=list(film.directors),
            years=list(film.years),
            score=match.score,
            why=list(match.why),
        )


class AvailabilityRowOut(BaseModel):
    """The result for one row."""

    row: int = Field(description="Position in the list, from 0")
    ref: str
    outcome: MatchOutcome
    notes: list[str] = Field(description="Parts of the row that could not be read, as sentences")
    match: FilmMatchOut | None = Field(description="The matched film")
    candidates: list[FilmMatchOut] = Field(
        description="Possible films; with a match, the next best"
    )
    versions: list[VersionOut] = Field(
        description=("Versions of the matched film, with their captions")
    )
    licensing: LicensingOut | None = Field(
        description="Licensing of the matched film, as in `/films/{slug}/licensing`"
    )
    not_licensable: list[str] = Field(
        description=("Why no license for the matched film is available")
    )


class AvailabilityOut(BaseModel):
    """The answers, in the order of the rows."""

    buyer: BuyerOut
    on: date
    matched: int
    uncertain: int
    not_found: int
    rows: list[AvailabilityRowOut]


def availability_out(
    request: AvailabilityIn, answers: list[RowAnswer], settings: Settings, *, on: date
) -> AvailabilityOut:
    """Return the answers in the shape of the API; what rows share is made once."""
    licensing: dict[int, LicensingOut] = {}
    versions: dict[int, list[VersionOut]] = {}
    for answer in answers:
        found = answer.licensing
        if found and found.film.id not in licensing:
            licensing[found.film.id] = licensing_out(found, settings)
            versions[found.film.id] = [VersionOut.of(each) for each in found.film.versions]
    outcomes = [answer.outcome for answer in answers]
    return AvailabilityOut(
        buyer=BuyerOut(
            customer_class=request.customer_class, size=request.size, country=request.country
        ),
        on=on,
        matched=outcomes.count(MatchOutcome.MATCHED),
        uncertain=outcomes.count(MatchOutcome.CANDIDATES),
        not_found=outcomes.count(MatchOutcome.NONE),
        rows=[
            AvailabilityRowOut(
                row=place,
                ref=request.rows[place].ref,
                outcome=answer.outcome,
                notes=request.rows[place].notes(),
                match=FilmMatchOut.of(answer.match) if answer.match else None,
                candidates=[FilmMatchOut.of(match) for match in answer.candidates],
                versions=versions[answer.licensing.film.id] if answer.licensing else [],
                licensing=licensing[answer.licensing.film.id] if answer.licensing else None,
                not_licensable=answer.not_licensable,
            )
            for place, answer in enumerate(answers)
        ],
    )
