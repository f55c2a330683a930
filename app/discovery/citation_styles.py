"""A film cited as APA, MLA and Chicago have it, for people to copy. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.discovery.citing import CitedFilm, Name
from app.discovery.initials import initials

APA_MOST, APA_FIRST = 20, 19
CHICAGO_MOST, CHICAGO_FIRST = 6, 3
MAX_MLA_AUTHORS = 2
ENDS = (".", "!", "?", "…")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a citation; titles are set in italics."""

    text: str
    italic: bool = False


@dataclass(frozen=True, slots=True)
class StyledCitation:
    """A citation in one style."""

    style: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The citation without its italics."""
        return "".join(piece.text for piece in self.pieces)


def styled(film: CitedFilm) -> list[StyledCitation]:
    """Return the film in each style, in the order of the alphabet."""
    return [apa(film), chicago(film), mla(film)]


def apa(film: CitedFilm) -> StyledCitation:
    """Return it as the 7th edition has it; without a director the title comes first."""
    year = f"({film.year or 'n.d.'})."
    title = Piece(film.title, italic=True)
    rest = f" {_stopped(film.publisher)}"
    if not film.directors:
        return StyledCitation("APA", (title, Piece(f" [Film]. {year}{rest}")))
    role = "Director" if len(film.directors) == 1 else "Directors"
    names = _apa_names([_apa_name(name) for name in film.directors])
    return StyledCitation(
        "APA", (Piece(f"{names} ({role}). {year} "), title, Piece(f" [Film].{rest}"))
    )


def mla(film: CitedFilm) -> StyledCitation:
    """Return it as the 9th edition has it: the title first, whoever made it after."""
    names = [name.straight for name in film.directors]
    if len(names) > MAX_MLA_AUTHORS:
        by = f" Directed by {names[0]} et al.,"
    elif names:
        by = f" Directed by {' and '.join(names)},"
    else:
        by = ""
    made = ", ".join(part for part in (film.publisher, str(film.year or "")) if part)
    title = Piece(_stopped(film.title), italic=True)
    return StyledCitation("MLA", (title, Piece(f"{by} {_stopped(made)}")))


def chicago(film: CitedFilm) -> StyledCitation:
    """Return it as an entry of a bibliography in the 18th edition of the manual."""
    pieces: list[Piece] = []
    if film.directors:
        role = "dir" if len(film.directors) == 1 else "dirs"
        pieces.append(Piece(f"{_chicago_names(film.directors)}, {role}. "))
    pieces.append(Piece(_stopped(film.title), italic=True))
    made = f" {film.publisher}, {film.year or 'n.d.'}"
    length = f" {film.runtime_minutes} min." if film.runtime_minutes else ""
    pieces.append(Piece(f"{_stopped(made)}{length}"))
    return StyledCitation("Chicago", tuple(pieces))


def _apa_name(name: Name) -> str:
    return f"{name.family}, {initials(name.given)}" if name.given else name.family


def _apa_names(names: Sequence[str]) -> str:
    if len(names) > APA_MOST:
        return f"{', '.join(names[:APA_FIRST])}, … {names[-1]}"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])}, & {names[-1]}"


def _chicago_names(names: Sequence[Name]) -> str:
    if len(names) > CHICAGO_MOST:
        shown = [names[0].inverted, *(name.straight for name in names[1:CHICAGO_FIRST])]
        return f"{', '.join(shown)}, et al."
    shown = [names[0].inverted, *(name.straight for name in names[1:])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])}, and {shown[-1]}"


def _stopped(text: str) -> str:
    """Return ``text`` with a full stop, unless it ends with a mark of its own."""
    return text if text.endswith(ENDS) else f"{text}."
