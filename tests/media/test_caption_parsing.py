"""Caption files: what is refused, what is doubted, and what is found out."""

import pytest

from app.catalog.enums import CaptionKind
from app.media import caption_parsing
from app.media.caption_parsing import CaptionFacts, read
from app.media.errors import FileRefusedError

pytestmark = pytest.mark.once


def stamp(seconds: float, mark: str = ",") -> str:
    whole = int(seconds)
    rest = round((seconds - whole) * 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{rest:03}"


def srt(*cues: tuple[float, float, str]) -> str:
    blocks = []
    for number, (start, end, text) in enumerate(cues, 1):
        blocks.append(f"{number}\n{stamp(start)} --> {stamp(end)}\n{text}\n")
    return "\n".join(blocks)


def vtt(*cues: tuple[float, float, str]) -> str:
    return "WEBVTT\n\n" + "\n".join(
        f"{stamp(start, '.')} --> {stamp(end, '.')}\n{text}\n" for start, end, text in cues
    )


SPOKEN = [(n * 60 + 1.0, n * 60 + 4.0, f"We came to the river at dawn, day {n}.") for n in range(9)]


def facts(text: str, *, language: str = "eng", minutes: int = 10) -> CaptionFacts:
    return read(text.encode(), language=language, runtime_minutes=minutes)


@pytest.mark.parametrize(("form", "text"), [("srt", srt(*SPOKEN)), ("vtt", vtt(*SPOKEN))])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_both_formats_are_told_by_what_is_in_them(
    form: str, text: str, start: bytes, end: str
) -> None:
    data = start + text.replace("\n", end).encode()
    found = read(data, language="eng", runtime_minutes=10)
    assert found == CaptionFacts(
        form=form,
        cues=9,
        starts_ms=1000,
        ends_ms=484_000,
        describing=0,
        proposed=CaptionKind.SUBTITLE,
        warnings=[],
    )


REFUSED = {
    "nothing": ("", "No captions"),
    "prose": ("Once upon a time.\n" * 50, "No captions"),
    "an empty WebVTT": ("WEBVTT\n\n", "No captions"),
    "a picture": ("\x89PNG\r\n\x1a\n\x00\x00", "No captions"),
    "an endless line": (srt((1, 2, "x" * 501)), "No captions"),
    "endless gaps": (srt((1, 2, "a" + "\n" * 100_000 + "b")), "No captions"),
    "no time": (srt((1, 3, "One"), (5, 5, "Two")), "Caption 2 ends before it begins, at 0:00:05"),
    "backwards": (srt((9, 8, "One")), "Caption 1 ends before it begins"),
    "out of order": (srt((9, 10, "One"), (5, 6, "Two")), "Caption 2, at 0:00:05, is out of order"),
    "one over the other": (srt((1, 5, "One"), (4, 6, "Two")), "Caption 2, at 0:00:04, starts befo"),
    "past the end": (srt((1, 2, "One"), (700, 702, "Two")), "Caption 2 ends at 0:11:42, after"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_shown_is_refused_with_its_place(case: str) -> None:
    text, reason = REFUSED[case]
    with pytest.raises(FileRefusedError, match=reason):
        facts(text)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_another_encoding_is_named(encoding: str) -> None:
    with pytest.raises(FileRefusedError, match="not in UTF-8"):
        read(srt((1, 2, "Über")).encode(encoding), language="deu", runtime_minutes=10)


def test_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caption_parsing, "MAX_CUES", 8)
    with pytest.raises(FileRefusedError, match="has 9 captions"):
        facts(srt(*SPOKEN))


def test_two_at_once_are_fine_where_they_have_two_places() -> None:
    assert facts(vtt((1, 5, "One"), (4, 310, "Two"))).cues == 2


@pytest.mark.parametrize(
    ("said", "proposed"),
    [
        ("[door slams]", CaptionKind.SDH),
        ("(wind howling)", CaptionKind.SDH),
        ("♪ slow waltz ♪", CaptionKind.SDH),
        ("ANNA: Come in!", CaptionKind.SDH),
        ("- МАРИЯ: Войдите!", CaptionKind.SDH),
        ("He said: come in!", CaptionKind.SUBTITLE),
        ("At 10:30 we left.", CaptionKind.SUBTITLE),
        ("I (and you) left.", CaptionKind.SDH),
    ],
)
def test_sounds_and_speakers_are_noticed(said: str, proposed: CaptionKind) -> None:
    described = [(start, end, said) for start, end, _ in SPOKEN[:3]]
    found = facts(srt(*described, *SPOKEN[3:]))
    assert (found.proposed, found.describing) == (proposed, 3 if proposed == "sdh" else 0)


def test_once_or_twice_is_chance() -> None:
    first = (SPOKEN[0][0], SPOKEN[0][1], "[laughs]")
    assert facts(srt(first, *SPOKEN[1:])).proposed is CaptionKind.SUBTITLE


RUSSIAN = [(n * 60 + 1.0, n * 60 + 5.0, "Мы пришли к реке на рассвете.") for n in range(9)]


@pytest.mark.parametrize(
    ("cues", "language", "warnings"),
    [
        (RUSSIAN, "rus", []),
        (RUSSIAN, "eng", ["Most letters are Cyrillic, which English does not use"]),
        (SPOKEN, "rus", ["Most letters are Latin, which Russian does not use"]),
        (SPOKEN, "deu", []),
        ([(1, 2, "a" * 26), (500, 502, "")], "eng", ["1 of 2 captions are empty", "1 of 2 captio"]),
        (
            SPOKEN[:2],
            "eng",
            [("The last caption ends at 0:01:04. Check that the file covers the whole film.")],
        ),
    ],
)
def test_what_is_odd_is_said_and_not_refused(
    cues: list[tuple[float, float, str]], language: str, warnings: list[str]
) -> None:
    found = facts(srt(*cues), language=language).warnings
    assert len(found) == len(warnings)
    assert all(said.startswith(start) for said, start in zip(found, warnings, strict=True))
