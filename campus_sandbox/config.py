"""What the campus is, and where."""

from dataclasses import dataclass
from pathlib import Path

DEPLOYMENT = "1"
CLIENT_ID = "reelright"
CLIENT_SECRET = "campus-sandbox-secret"  # noqa: S105 - of a stand-in that only this machine reaches


@dataclass(frozen=True, slots=True)
class CampusConfig:
    """The settings of the campus."""

    url: str
    """Its own address, without a slash at the end."""
    store_url: str
    key_file: Path
    domain: str = "example.edu"

    @property
    def entity_id(self) -> str:
        """Return the name of its SAML provider."""
        return f"{self.url}/saml/metadata"


@dataclass(frozen=True, slots=True)
class Persona:
    """A person whom the campus lets log in."""

    name: str
    label: str
    affiliation: str


PERSONAS = (
    Persona("student", "Sam, a student", "student"),
    Persona("teacher", "Toni, on the faculty", "faculty"),
    Persona("visitor", "A walk-in visitor of the library", "library-walk-in"),
    Persona("alum", "Alex, who graduated (may not watch)", "alum"),
)


def find_persona(name: str) -> Persona:
    """Return the person of this name; the student if there is none."""
    return next((each for each in PERSONAS if each.name == name), PERSONAS[0])
