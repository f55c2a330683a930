"""The inks. A poster is printed in three or four flat colors, as a print shop would do it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Paper and ink carry the lettering; the art stands on ``ground`` in ``inks``.

    Ink on paper keeps a contrast of 7:1 and more, the first art ink on the ground at least 3:1.
    """

    paper: str
    ink: str
    ground: str
    inks: tuple[str, str, str]

    @property
    def accent(self) -> str:
        """The ink that marks the one thing that is different."""
        return self.inks[1]


PALETTES: dict[str, Palette] = {
    "signal": Palette("#f1e8d6", "#191614", "#cf2e1d", ("#191614", "#f1e8d6", "#8e1c12")),
    "banner": Palette("#191614", "#f1e8d6", "#191614", ("#f1e8d6", "#d8321f", "#6d655b")),
    "lead": Palette("#e9e7e0", "#151515", "#151515", ("#e9e7e0", "#a9a69c", "#5d5b55")),
    "silver": Palette("#f2f0ea", "#1b1b1d", "#c9c6bd", ("#1b1b1d", "#f2f0ea", "#8a877e")),
    "isotope": Palette("#16170f", "#f3eed8", "#16170f", ("#e6d720", "#f3eed8", "#5c6130")),
    "tundra": Palette("#e7ece8", "#10262e", "#1d4956", ("#e7ece8", "#ec8047", "#8fb3af")),
    "ochre": Palette("#f5e8c8", "#2a1a10", "#dc9d2c", ("#2a1a10", "#f5e8c8", "#a63f1c")),
    "spruce": Palette("#eff1e3", "#12251c", "#1c5a43", ("#eff1e3", "#efbb47", "#0e2f23")),
    "plum": Palette("#f5eae6", "#2a1225", "#682346", ("#f5eae6", "#f4a387", "#341029")),
    "harbor": Palette("#e9edf1", "#0d1a32", "#1c3e8a", ("#e9edf1", "#f4623d", "#0d1a32")),
    "clay": Palette("#f4e9dd", "#2a1814", "#c5543a", ("#f4e9dd", "#2a1814", "#efb78e")),
    "olive": Palette("#f0eedc", "#20231a", "#a3a24b", ("#20231a", "#f0eedc", "#6a6c2a")),
    "night": Palette("#10151f", "#efe8d7", "#10151f", ("#efe8d7", "#dfb452", "#3b5078")),
    "coral": Palette("#fcf0e6", "#1a222e", "#f27b5f", ("#1a222e", "#fcf0e6", "#27697a")),
    "lagoon": Palette("#eaf1ec", "#0b2a2b", "#0e6a6b", ("#f5ead3", "#f38f4e", "#0b3c3e")),
    "straw": Palette("#1f1a12", "#f4e6bf", "#e7c766", ("#1f1a12", "#b5482a", "#f4e6bf")),
    "sky": Palette("#f3f2ea", "#13232f", "#9fc6d3", ("#13232f", "#f3f2ea", "#e2583a")),
    "rose": Palette("#faf0ea", "#2b1720", "#e9b3ab", ("#2b1720", "#b8283f", "#faf0ea")),
}
# Films without color are printed without it, unless their seed file asks for an ink.
BLACK_AND_WHITE = ("lead", "silver")
COLORS = tuple(name for name in PALETTES if name not in BLACK_AND_WHITE)
