"""How text becomes words to index and to look for. Pure; both databases get the same words.

Neither database's own tokenizer, accent folding or stemming is used: they differ, and a film found
on SQLite must be found on PostgreSQL too. Words are made here, and the databases only match and
rank them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from app.catalog.titles import WORD, folded

MAX_WORD_LENGTH = 60
MAX_WORDS = 12
MIN_PLURAL_LENGTH = 4
# One letter is a word of its own, or too little to go by: half of all films have a word with it.
MIN_PREFIX_LENGTH = 2
# Han, kana, Thai, Lao, Burmese, Khmer: words follow one another without a space, so pairs of
# letters stand for them.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
# Left out of a query when other words remain. They stay in the index, for titles made of them.
STOP_WORDS = frozenset(
    ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with")
)
HISSING_PLURALS = ("ches", "shes", "sses", "xes", "zes")
NO_PLURALS = ("ss", "us", "is")
# "Putin's" is Putin; "l'Atalante" and "d'Or" are looked for without what was elided.
POSSESSIVE = re.compile(r"\b(?:c|d|j|l|m|n|qu|s|t|un)'(?=\w)|'s\b|'")
ELIDED = re.compile(r"\b(?:c|d|j|l|m|n|qu|s|t|un)'\w+")
# "U.S.S.R." is one word.
INITIALS = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?")


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """One word of a query: the forms to look for, any of which will do."""

    forms: tuple[str, ...]
    is_prefix: bool


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return ``word`` without an English plural: "oligarchs" finds "oligarch" and the reverse.

    No more than that: stronger stemming finds films that have nothing to do with the question.

    >>> [stem(word) for word in ("oligarchs", "countries", "country", "churches", "stalinism")]
    ['oligarch', 'countri', 'countri', 'church', 'stalinism']
    """
    if len(word) < MIN_PLURAL_LENGTH:
        return word
    if word.endswith(HISSING_PLURALS):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(NO_PLURALS):
        word = word[:-1]
    if word.endswith("ie"):
        return word[:-1]
    return word[:-1] + "i" if word.endswith("y") else word


def words(*texts: str) -> list[str]:
    """Return the stemmed words of texts, in order, folded to lower case without accents.

    An elided word stands in both its forms.

    >>> words("人民解放軍"), words("L'Atalante")
    (['人民', '民解', '解放', '放軍', '軍'], ['atalante', 'latalante'])
    """
    plain = _plain(texts)
    found = _words_in(plain)
    if "'" in plain:
        found += [word.replace("'", "")[:MAX_WORD_LENGTH] for word in ELIDED.findall(plain)]
    if not UNSPACED.search(" ".join(found)):
        return [stem(word) for word in found]
    return [stem(part) for word in found for part in pairs(word, with_last=True)]


def pairs(word: str, *, with_last: bool = False) -> list[str]:
    """Return ``word``, or the pairs of letters in it where its script has no spaces.

    ``with_last`` adds the last letter, which begins no pair: the index has it, and a question for
    one letter finds it.

    >>> pairs("movie"), pairs("红色灵魂"), pairs("铁a")
    (['movie'], ['红色', '色灵', '灵魂'], ['铁', 'a'])
    """
    if not UNSPACED.search(word):
        return [word]
    found: list[str] = []
    done = 0
    for run in UNSPACED.finditer(word):
        letters = run[0]
        found += [word[done : run.start()]] if run.start() > done else []
        found += [letters[at : at + 2] for at in range(len(letters) - 1)] or [letters]
        if with_last and len(letters) > 1:
            found.append(letters[-1])
        done = run.end()
    return found + ([word[done:]] if done < len(word) else [])


def terms(query: str) -> list[SearchTerm]:
    """Return what a film must have to match: every term, the last one also as a beginning.

    Empty if the query holds no word at all.
    """
    found = plain_words(query)[:MAX_WORDS]
    if not found:
        return []
    wanted = [word for word in found if word not in STOP_WORDS] or found
    *whole, last = [part for word in wanted for part in pairs(word)][:MAX_WORDS]
    exact = [SearchTerm((stem(word),), is_prefix=False) for word in whole]
    # The last word may be half typed: "cry" must still find "crystal", though it stems to "cri".
    is_prefix = len(last) >= MIN_PREFIX_LENGTH or UNSPACED.fullmatch(last) is not None
    return [*exact, SearchTerm(tuple(dict.fromkeys((last, stem(last)))), is_prefix=is_prefix)]


def plain_words(*texts: str) -> list[str]:
    """Return the words of texts as they are written, folded to lower case without accents."""
    return _words_in(_plain(texts))


def _plain(texts: Iterable[str]) -> str:
    plain = "\n".join(map(folded, texts))
    return INITIALS.sub(lambda found: found[0].replace(".", ""), plain) if "." in plain else plain


def _words_in(plain: str) -> list[str]:
    if "'" in plain:  # few have one, and to look for its forms takes as long as all else
        plain = POSSESSIVE.sub("", plain)
    return [word[:MAX_WORD_LENGTH] for word in WORD.findall(plain)]
