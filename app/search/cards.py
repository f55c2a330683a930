"""What a list shows of a film, held in memory: no row is read for it."""

import json
from functools import lru_cache
from json.encoder import encode_basestring
from typing import NamedTuple

from app.catalog import countries_languages
from app.catalog.enums import Color
from app.catalog.served_images import ServedImage


class FilmCard(NamedTuple):
    """A film in a list. Its names are those of the row, so that pages can show either.

    ``subjects`` are slugs and names; languages are those of the main version.
    """

    id: int
    slug: str
    title: str
    original_title: str | None
    tagline: str | None
    sort_key: str
    release_year: int
    runtime_minutes: int
    color: Color
    published: int
    countries: tuple[str, ...]
    spoken: tuple[str, ...]
    subtitles: tuple[str, ...]
    directors: tuple[str, ...]
    subjects: tuple[tuple[str, str], ...]
    poster_file: ServedImage | None
    wide_file: ServedImage | None

    def json(self) -> str:
        """Return it as the API's ``FilmSummaryOut`` has it."""
        return (
            f'{{"slug":{_text(self.slug)},"title":{_text(self.title)},'
            f'"original_title":{_text(self.original_title)},'
            f'"directors":[{",".join(map(_text, self.directors))}],'
            f'"tagline":{_text(self.tagline)},"release_year":{self.release_year},'
            f'"runtime_minutes":{self.runtime_minutes},"color":"{self.color.value}",'
            f'"countries":{_named(self.countries, is_country=True)},'
            f'"spoken":{_named(self.spoken)},"subtitles":{_named(self.subtitles)},'
            f'"subjects":[{",".join(_group(slug, name) for slug, name in self.subjects)}]}}'
        )


def _text(value: str | None) -> str:
    # The encoder's own function for a text: `json.dumps` would build an encoder each time.
    return "null" if value is None else encode_basestring(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)
def _named(codes: tuple[str, ...], *, is_country: bool = False) -> str:
    name = countries_languages.country_name if is_country else countries_languages.language_name
    return _json([{"code": code, "name": name(code)} for code in codes])


@lru_cache(maxsize=4096)
def _group(slug: str, name: str) -> str:
    return _json({"slug": slug, "name": name})
