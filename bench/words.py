"""Words for made-up films: a few are common and most are rare, as in any text."""

import random
from itertools import accumulate

STARTS = (
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "gl",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "v",
)
MIDDLES = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
ENDS = ("l", "n", "nd", "r", "rt", "sk", "st", "t", "m", "ck")
COUNT = 8000


class Words:
    """A vocabulary, from which words are drawn as often as their rank says (Zipf's law)."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        made: dict[str, None] = {}
        while len(made) < COUNT:
            made["".join(self._syllable() for _ in range(chance.choice((1, 2, 2, 3))))] = None
        self.all = list(made)
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(COUNT)))

    def draw(self, count: int) -> list[str]:
        """Return words, the common ones more often."""
        return self._chance.choices(self.all, cum_weights=self._weights, k=count)

    def _syllable(self) -> str:
        pick = self._chance.choice
        return pick(STARTS) + pick(MIDDLES) + pick(ENDS)
