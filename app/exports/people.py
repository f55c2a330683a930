"""Who made the film and who is in it: credits in notes, and added entries for searching."""

from collections import defaultdict

from pymarc import Field

from app.catalog.enums import CreditRole, PersonKind
from app.catalog.models import Film
from app.catalog.parts_models import Person
from app.catalog.titles import folded
from app.exports.codes import RELATORS
from app.exports.fields import data
from app.exports.holdings import Seller
from app.exports.texts import bare_name, clean, clipped, ensure_ending

# A note may be 9,999 bytes; a cataloger reads far less.
MAX_NOTE_LENGTH = 4000
# Beside the directors, who all have their entries.
MAX_ENTRIES = 120
NOTED = {
    CreditRole.WRITER: "written by",
    CreditRole.PRODUCER: "produced by",
    CreditRole.EXECUTIVE_PRODUCER: "executive producers,",
    CreditRole.CINEMATOGRAPHER: "cinematography by",
    CreditRole.EDITOR: "edited by",
    CreditRole.COMPOSER: "music by",
    CreditRole.SOUND: "sound by",
}


def fields(film: Film, seller: Seller) -> list[Field]:
    """Return 508, 511, 700 and 710."""
    return [*_notes(film), *_entries(film, seller)]


def _notes(film: Film) -> list[Field]:
    made = [
        f"{words} {', '.join(names)}"
        for role, words in NOTED.items()
        if (names := film.names(role))
    ]
    found = []
    if made:
        listed = clean(" ; ".join(made))
        credits_note = clipped(listed[0].upper() + listed[1:], MAX_NOTE_LENGTH)
        found.append(data("508", "  ", ("a", ensure_ending(credits_note))))
    seen = film.names(CreditRole.PARTICIPANT)
    heard = film.names(CreditRole.NARRATOR)
    performers = ([f"Narrator, {', '.join(heard)}"] if heard else []) + (
        [f"Participants, {', '.join(seen)}"] if seen else []
    )
    if performers:
        note = clipped(clean(" ; ".join(performers)), MAX_NOTE_LENGTH)
        found.append(data("511", "0 ", ("a", ensure_ending(note))))
    return found


def _entries(film: Film, seller: Seller) -> list[Field]:
    """Return one entry a person or body, with all that it did, in the order of the credits."""
    roles: dict[int, list[str]] = defaultdict(list)
    whom: dict[int, Person] = {}
    for credit in film.credits:
        relator = RELATORS[credit.role]
        if relator not in roles[credit.person_id]:
            roles[credit.person_id].append(relator)
            whom[credit.person_id] = credit.person
    # A stable sort: who directed comes first, and is the last to be left out.
    ranked = sorted(whom, key=lambda key: RELATORS[CreditRole.DIRECTOR] not in roles[key])
    entries = [_entry(whom[key], roles[key]) for key in ranked[:MAX_ENTRIES]]
    persons = [entry for entry in entries if entry.tag == "700"]
    bodies = [entry for entry in entries if entry.tag == "710"]
    own_name = folded(bare_name(seller.name))
    if not any(
        folded(bare_name(whom[key].sort_name)) == own_name
        and RELATORS[CreditRole.DISTRIBUTOR] in roles[key]
        for key in ranked[:MAX_ENTRIES]
    ):
        subfields = _named(seller.name, [RELATORS[CreditRole.DISTRIBUTOR]])
        bodies.append(data("710", "2 ", *subfields))
    return [*persons, *bodies]


def _entry(person: Person, relators: list[str]) -> Field:
    subfields = _named(person.sort_name, relators)
    if person.kind is PersonKind.ORGANIZATION:
        return data("710", "2 ", *subfields)
    return data("700", "1 " if ", " in bare_name(person.sort_name) else "0 ", *subfields)


def _named(name: str, relators: list[str]) -> list[tuple[str, str]]:
    terms = [f"{relator}," for relator in relators[:-1]] + [ensure_ending(relators[-1])]
    return [("a", f"{bare_name(name)},"), *(("e", term) for term in terms)]
