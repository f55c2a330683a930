"""Headings of tables, mapped to fields: by our names, common names, and choices of staff."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.catalog.documents import FilmDocument
from app.catalog.enums import CreditRole, IdentifierKind
from app.catalog.titles import folded
from app.imports.lines import ImportFileError

COLUMNS = tuple(FilmDocument.model_fields)
# Of the main version, identifiers by their kind, and people by their role: for those who type; an
# export has them in `versions`, `identifiers` and `credits`.
VERSION_COLUMNS = ("runtime_minutes", "spoken", "subtitles")
NUMBER_COLUMNS = {kind.value: kind for kind in IdentifierKind}
ROLE_COLUMNS = {role.value: role for role in CreditRole}
# Only the year of the date is used.
DATE_COLUMN = "release_date"
FIELDS = (*COLUMNS, *VERSION_COLUMNS, *NUMBER_COLUMNS, *ROLE_COLUMNS, DATE_COLUMN)
IGNORE = "ignore"
KEY_FIELDS = frozenset(("slug", "title", "identifiers", *NUMBER_COLUMNS))
MAX_EXAMPLES = 3
MAX_EXAMPLE_LENGTH = 60
COMMON_HEADINGS: Mapping[str, str] = {
    "title": "film film_title movie movie_title film_name name video video_title main_title "
    "program programme work titel titre titulo titolo",
    "original_title": "title_original native_title original_language_title",
    "alternative_titles": "alternative_title alternate_title alternate_titles also_known_as aka "
    "a_k_a other_titles",
    "release_year": "year release_yr year_released year_of_release released yr jahr annee ano",
    DATE_COLUMN: "date date_released date_of_release release premiere_date us_release_date "
    "theatrical_release",
    "production_year": "year_of_production year_produced produced_in",
    "copyright_year": "copyright copyright_date year_of_copyright",
    "runtime_minutes": "runtime running_time run_time length duration minutes mins min time trt "
    "total_running_time running_time_min running_time_minutes length_min length_minutes "
    "length_in_minutes runtime_min runtime_mins duration_min duration_minutes laufzeit duree",
    "spoken": "language languages spoken_language spoken_languages original_language "
    "original_languages audio_language audio_languages lang sprache langue idioma",
    "subtitles": "subtitle_language subtitle_languages subtitled_in languages_of_subtitles",
    "countries": "country country_of_origin countries_of_origin country_of_production "
    "production_country production_countries origin land pays pais",
    "synopsis": "description summary plot abstract overview about long_description "
    "long_synopsis full_description",
    "tagline": "tag_line logline log_line short_description one_liner",
    "subjects": "subject keyword keywords tag tags topic topics subject_headings themes",
    "genre": "genres major_genre category categories film_type",
    "grade_levels": "grade_level grades grade",
    "color": "colour color_bw colour_bw b_w picture",
    "slug": "reelright_slug",
    "upc": "upc_code upc_a barcode bar_code gtin",
    "ean": "ean_13 ean13",
    "isbn": "isbn_13 isbn13 isbn_10 isbn10",
    "oclc": "oclc_number oclc_no ocn",
    "eidr": "eidr_id",
    "isan": "isan_number",
    "imdb": "imdb_id imdb_number",
    "wikidata": "wikidata_id qid",
    "director": "directors directed_by film_director film_directors filmmaker filmmakers "
    "film_maker film_makers dir regie regisseur realisateur realisation",
    "producer": "producers produced_by film_producer film_producers",
    "executive_producer": "executive_producers exec_producer exec_producers",
    "writer": "writers written_by screenwriter screenwriters screenplay script author authors",
    "cinematographer": "cinematographers cinematography director_of_photography dop camera "
    "photography",
    "editor": "editors edited_by film_editor film_editors editing",
    "composer": "composers music music_by original_music score",
    "sound": "sound_by sound_design sound_recordist",
    "narrator": "narrators narrated_by narration",
    "participant": "participants featuring cast starring stars actors with on_screen",
    "production_company": "production_companies studio studios produced_by_company",
    "distributor": "distributors distributed_by distribution distribution_company",
}
ALIASES = {name: column for column, names in COMMON_HEADINGS.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its heading, field, and first cells."""

    heading: str
    field: str
    """A field, ``ignore``, or empty if unknown."""
    examples: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the column in JSON types."""
        return {"heading": self.heading, "field": self.field, "examples": list(self.examples)}


class ColumnsUnclearError(ImportFileError):
    """A person must map columns; ``columns`` are all columns of the file."""

    def __init__(self, message: str, columns: Sequence[Column]) -> None:
        super().__init__(message)
        self.columns = tuple(columns)


@dataclass(slots=True)
class TableReading:
    """How to read a table, and the columns that its reader found."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    """Fields by headings, as staff chose them."""
    columns: tuple[Column, ...] = ()
    doubts: int = 0
    """The number of lines with titles that a spreadsheet may have changed."""

    def __post_init__(self) -> None:
        """Normalize the headings."""
        self.mapping = {heading_key(name): column for name, column in self.mapping.items()}

    def columns_of(self, headings: Sequence[str]) -> tuple[Column, ...]:
        """Return the columns of these headings; the field of an unknown one is empty."""
        count = max((n for n, heading in enumerate(headings, 1) if heading.strip()), default=0)
        names = (heading.strip() or f"Column {n}" for n, heading in enumerate(headings[:count], 1))
        return tuple(Column(heading, self._find_field(heading)) for heading in names)

    def _find_field(self, heading: str) -> str:
        text = heading.strip()
        key = heading_key(text)
        if key in self.mapping:
            return self.mapping[key]
        if text.startswith("#"):
            return IGNORE
        name = "_".join(re.findall(r"[a-z0-9]+", folded(text)))
        name = ALIASES.get(name, name)
        return name if name in FIELDS else ""


def heading_key(heading: str) -> str:
    """Return a heading for comparison, without accents, capitals and doubled spaces."""
    return " ".join(folded(heading).split())


def check_columns(columns: Sequence[Column]) -> None:
    """Check that each column has a field, no field twice, and that a column identifies the film.

    Raises:
        ColumnsUnclearError: a person must map a column.
    """
    unknown = [column for column in columns if not column.field]
    if unknown:
        shown = ", ".join(f"“{column.heading[:MAX_EXAMPLE_LENGTH]}”" for column in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""  # noqa: PLR2004 - shown
        verb = "this column is" if len(unknown) == 1 else "these columns are"
        msg = f"Choose what {verb}: {shown}{more}."
        raise ColumnsUnclearError(msg, columns)
    fields = [column.field for column in columns if column.field != IGNORE]
    targets = ["release_year" if name == DATE_COLUMN else name for name in fields]
    twice = next((name for name in targets if targets.count(name) > 1), "")
    if twice:
        same = [
            f"“{column.heading}”"
            for column in columns
            if column.field == twice or (column.field, twice) == (DATE_COLUMN, "release_year")
        ]
        msg = f"{' and '.join(same)} are both {twice}. Choose one and ignore the other."
        raise ColumnsUnclearError(msg, columns)
    if not KEY_FIELDS & set(fields):
        msg = (
            "Add a column that identifies the film: title, slug, or an identifier such as upc or "
            "isbn. The first line names the columns."
        )
        raise ColumnsUnclearError(msg, columns)
