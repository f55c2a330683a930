"""Caption files: SubRip and WebVTT, checked cue by cue, and what they tell of themselves."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pycountry
import pysubs2
from babel.core import get_global
from pydantic import BaseModel, ConfigDict, Field

from app.catalog import countries_languages
from app.catalog.enums import CaptionKind
from app.media.errors import FileRefusedError

MEDIA_TYPES = {"srt": "application/x-subrip", "vtt": "text/vtt"}
MAX_CUES = 20_000
# Longer lines and longer gaps are no captions, and would take the reader's patterns very long.
MAX_LINE_LENGTH = 500
BLANK_LINES = re.compile(r"(?:\r?\n[ \t]*){40}")
# Credits may run a little past the length that a catalog gives, in whole minutes.
PAST_END_MS = 90_000
# What fast readers follow; guidelines for broadcasters say 17 to 20.
FASTEST = 25.0
SOUND = re.compile(r"\[[^\]]{2,80}\]|\([^)]{2,80}\)|♪|♫")
MAX_SPEAKER_LENGTH = 32
# So many that say who speaks or what sounds are no chance.
MIN_DESCRIBING_CUES = 3
MIN_LETTERS = 60
# How the names of a script's letters begin, by its code in ISO 15924.
SCRIPTS = {
    "Latn": ("LATIN",), "Cyrl": ("CYRILLIC",), "Grek": ("GREEK",), "Arab": ("ARABIC",),
    "Hebr": ("HEBREW",), "Hans": ("CJK",), "Hant": ("CJK",), "Kore": ("HANGUL", "CJK"),
    "Jpan": ("HIRAGANA", "KATAKANA", "CJK"), "Deva": ("DEVANAGARI",), "Thai": ("THAI",),
    "Geor": ("GEORGIAN",), "Armn": ("ARMENIAN",), "Beng": ("BENGALI",), "Taml": ("TAMIL",),
    "Khmr": ("KHMER",), "Ethi": ("ETHIOPIC",), "Mymr": ("MYANMAR",), "Laoo": ("LAO",),
}  # fmt: skip


class CaptionFacts(BaseModel):
    """What a caption file tells of itself."""

    model_config = ConfigDict(frozen=True)

    form: str = Field(description="`srt` or `vtt`")
    cues: int
    starts_ms: int = Field(description="When the first caption appears")
    ends_ms: int = Field(description="When the last caption goes")
    describing: int = Field(description="Captions that say what sounds or who speaks")
    proposed: CaptionKind = Field(description="`sdh` if sounds or speakers are named")
    warnings: list[str]


def read(data: bytes, *, language: str, runtime_minutes: int) -> CaptionFacts:
    """Return the facts of a caption file for a version of this length, in this language.

    Raises:
        FileRefusedError: it is none, or its cues cannot be shown; names the first one.
    """
    text = _text(data)
    form = "vtt" if text.lstrip().startswith("WEBVTT") else "srt"
    try:
        cues = list(pysubs2.SSAFile.from_string(text, format_=form))
    except (pysubs2.Pysubs2Error, ValueError, OverflowError) as error:
        raise FileRefusedError(NO_CAPTIONS) from error
    if not cues:
        raise FileRefusedError(NO_CAPTIONS)
    if len(cues) > MAX_CUES:
        detail = f"The file has {len(cues):,} captions. The limit is {MAX_CUES:,}."
        raise FileRefusedError(detail)
    _check_times(cues, form=form, ends_ms=runtime_minutes * 60_000 + PAST_END_MS)
    describing = sum(_describes(cue.plaintext) for cue in cues)
    return CaptionFacts(
        form=form,
        cues=len(cues),
        starts_ms=cues[0].start,
        ends_ms=max(cue.end for cue in cues),
        describing=describing,
        proposed=CaptionKind.SDH if describing >= MIN_DESCRIBING_CUES else CaptionKind.SUBTITLE,
        warnings=_warnings(cues, language, runtime_minutes),
    )


NO_CAPTIONS = "No captions found. Upload a SubRip (.srt) or WebVTT (.vtt) file."


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = "The file is not in UTF-8. Save it as UTF-8 and upload it again."
        raise FileRefusedError(detail) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    is_odd = "\x00" in text or BLANK_LINES.search(text)
    if is_odd or any(len(line) > MAX_LINE_LENGTH for line in text.split("\n")):
        raise FileRefusedError(NO_CAPTIONS)
    return text


def _check_times(cues: Sequence[pysubs2.SSAEvent], *, form: str, ends_ms: int) -> None:
    for number, cue in enumerate(cues, start=1):
        if cue.end <= cue.start:
            detail = f"Caption {number} ends before it begins, at {_clock(cue.start)}."
            raise FileRefusedError(detail)
        if cue.end > ends_ms:
            detail = (
                f"Caption {number} ends at {_clock(cue.end)}, after the end of the version. Check "
                f"the version and its running time."
            )
            raise FileRefusedError(detail)
    for number, (one, other) in enumerate(pairwise(cues), start=2):
        if other.start < one.start:
            detail = f"Caption {number}, at {_clock(other.start)}, is out of order."
            raise FileRefusedError(detail)
        # WebVTT may show two at once, in two places.
        if form == "srt" and other.start < one.end:
            detail = (
                f"Caption {number}, at {_clock(other.start)}, starts before the previous one ends."
            )
            raise FileRefusedError(detail)


def _describes(text: str) -> bool:
    """Whether a caption says what sounds, or who speaks: ``[music]``, ``ANNA: Come!``."""
    return bool(SOUND.search(text)) or any(
        speaker.isupper() and 2 <= len(speaker) <= MAX_SPEAKER_LENGTH  # noqa: PLR2004 - no initial
        for speaker, colon, _ in (line.partition(":") for line in text.split("\n"))
        if colon
    )


def _warnings(cues: Sequence[pysubs2.SSAEvent], language: str, runtime_minutes: int) -> list[str]:
    warnings = []
    texts = [cue.plaintext.strip() for cue in cues]
    empty = sum(not text for text in texts)
    if empty:
        warnings.append(f"{empty:,} of {len(cues):,} captions are empty")
    fast = sum(
        len(text) * 1000 / (cue.end - cue.start) > FASTEST
        for cue, text in zip(cues, texts, strict=True)
    )
    if fast:
        warnings.append(f"{fast:,} of {len(cues):,} captions are too short to read")
    last = max(cue.end for cue in cues)
    if last * 2 < runtime_minutes * 60_000:
        warnings.append(
            f"The last caption ends at {_clock(last)}. Check that the file covers the whole film."
        )
    wrong = _other_script(" ".join(texts), language)
    if wrong:
        warnings.append(wrong)
    return warnings


def _other_script(text: str, language: str) -> str:
    """Return a doubt if most letters are not those of the language; empty if there is none."""
    known = pycountry.languages.get(alpha_3=language)
    code = getattr(known, "alpha_2", language)
    likely = get_global("likely_subtags").get(code, "")
    expected = SCRIPTS.get(next((p for p in likely.split("_") if p in SCRIPTS), ""), ())
    letters = Counter(
        unicodedata.name(character, "").split(" ")[0].split("-")[0]
        for character in text
        if character.isalpha()
    )
    total = sum(letters.values())
    if not expected or total < MIN_LETTERS:
        return ""
    share = sum(letters[name] for name in expected) / total
    if share * 2 >= 1:
        return ""
    found = letters.most_common(1)[0][0].capitalize()
    name = countries_languages.language_name(language)
    return f"Most letters are {found}, which {name} does not use. Check the language."


def _clock(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
