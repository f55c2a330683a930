"""Playlists, captions and the like, as a package's contents give them."""

import json
import re
from hashlib import sha256
from pathlib import Path

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.enums import CaptionKind
from app.catalog.models import Film
from app.catalog.parts_models import Version
from app.core.errors import NotFoundError
from app.core.storage import Storage
from app.media import master_service, packages, playlists, webvtt
from app.media.master_models import Master, Package
from app.media.master_states import RenditionKind
from app.media.package_contents import (
    CaptionTrack,
    ChapterMark,
    PackageContents,
    PackageStream,
    ThumbnailGrid,
)
from app.media.package_files import render_file
from app.media.sample_film import attach_sample_film, store_sample_film
from app.media.segment_index import IndexRefusedError, Segment, StreamFacts, parse_ranges
from tests.catalog.films import EDITOR
from tests.databases import SEEDS

segments = st.lists(
    st.builds(Segment, duration_us=st.integers(1, 12_000_000), length=st.integers(1, 9_000_000)),
    min_size=1,
    max_size=30,
)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    made = Storage(str(tmp_path / "files"))
    store_sample_film(made, SEEDS)
    return made


@pytest.fixture
def contents(session: Session) -> PackageContents:
    slug = session.scalar(select(Film.slug).where(Film.slug == "the-red-soul"))
    assert slug
    version = session.scalars(select(Version).join(Film).where(Film.slug == slug)).first()
    assert version is not None
    found = packages.find_ready(session, version.id)
    assert found is not None
    return found


@pytest.mark.seeded
def test_the_sample_film_is_whole_and_says_that_it_is_one(
    contents: PackageContents, storage: Storage
) -> None:
    assert contents.is_sample
    assert [stream.label for stream in contents.of_kind(RenditionKind.VIDEO)] == ["180p", "360p"]
    assert contents.of_kind(RenditionKind.AUDIO_DESCRIPTION)
    assert {track.file_name for track in contents.captions} == {
        "captions-eng-sdh.vtt",
        "captions-spa-subtitle.vtt",
    }
    for file in contents.stored_files.values():
        data = storage.read(file.storage_name)
        assert (len(data), sha256(data).hexdigest()) == (file.size_bytes, file.sha256)
    for stream in contents.streams:
        assert stream.facts.size_bytes == stream.size_bytes
        assert abs(stream.facts.duration_ms - contents.duration_ms) <= 100


@pytest.mark.seeded
def test_an_independent_reader_finds_every_track(
    contents: PackageContents, storage: Storage
) -> None:
    read = m3u8.loads(render_file(contents, "master.m3u8", storage.read).decode())
    assert [item.uri for item in read.playlists] == ["180p.m3u8", "360p.m3u8"]
    heights = [item.stream_info.resolution[1] for item in read.playlists]
    assert heights == [180, 360]
    assert {item.stream_info.codecs.split(",")[1] for item in read.playlists} == {"mp4a.40.2"}
    described = [item for item in read.media if item.characteristics == playlists.DESCRIBES_VIDEO]
    assert [(item.type, item.language, item.default) for item in described] == [
        ("AUDIO", "en", "NO")
    ]
    captions = [item for item in read.media if item.type == "SUBTITLES"]
    assert [(item.name, item.language) for item in captions] == [
        ("English (SDH)", "en"),
        ("Español", "es"),
    ]
    for uri in [item.uri for item in (*read.playlists, *read.media)]:
        media = m3u8.loads(render_file(contents, uri, storage.read).decode())
        assert media.is_endlist
        names = {segment.uri for segment in media.segments}
        assert names <= contents.stored_files.keys() | contents.rendered_names
        assert sum(segment.duration for segment in media.segments) == pytest.approx(60, abs=0.1)


@pytest.mark.seeded
def test_no_playlist_names_a_host_or_a_folder(contents: PackageContents, storage: Storage) -> None:
    for name in contents.rendered_names:
        text = render_file(contents, name, storage.read).decode()
        assert "://" not in text
        assert ".." not in text
        assert not re.search(r"^/", text, re.MULTILINE)


@pytest.mark.seeded
def test_the_manifest_gives_hash_and_length_of_every_file(
    contents: PackageContents, storage: Storage
) -> None:
    told = json.loads(render_file(contents, "manifest.json", storage.read))
    names = {entry["name"] for entry in told["files"]}
    assert names == contents.stored_files.keys() | (contents.rendered_names - {"manifest.json"})
    for entry in told["files"]:
        stored = contents.stored_files.get(entry["name"])
        data = (
            storage.read(stored.storage_name)
            if stored
            else render_file(contents, entry["name"], storage.read)
        )
        assert (len(data), sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])


@pytest.mark.seeded
@pytest.mark.parametrize("name", ["", "..", "../180p.mp4", "180p.mp4/", "none.m3u8", "360p.vtt"])
def test_no_other_file_is_rendered(contents: PackageContents, storage: Storage, name: str) -> None:
    with pytest.raises(NotFoundError):
        render_file(contents, name, storage.read)


@pytest.mark.seeded
def test_seeding_again_attaches_nothing_new(session: Session) -> None:
    before = session.scalars(select(Package.ref).order_by(Package.ref)).all()
    assert attach_sample_film(session, SEEDS) == []
    assert session.scalars(select(Package.ref).order_by(Package.ref)).all() == before


@pytest.mark.seeded
def test_a_withdrawn_sample_film_stays_withdrawn(session: Session) -> None:
    master = session.scalars(select(Master).where(Master.is_sample)).first()
    assert master is not None
    master_service.withdraw(session, master, actor=EDITOR)
    assert attach_sample_film(session, SEEDS) == []
    assert packages.find_ready(session, master.version_id) is None


@pytest.mark.once
@given(segments, st.integers(1, 5000))
def test_a_playlist_reads_back_as_its_index(made: list[Segment], init_length: int) -> None:
    facts = StreamFacts(codecs="avc1.64001f", init_length=init_length, segments=tuple(made))
    stream = PackageStream(
        RenditionKind.VIDEO, "360p", None, facts, "x", facts.size_bytes, "0" * 64
    )
    text = playlists.render_stream(stream)
    assert parse_ranges(text) == (init_length, tuple(made))
    read = m3u8.loads(text)
    assert read.target_duration >= max(segment.duration for segment in read.segments)
    end = init_length
    for segment in read.segments:
        length, start = segment.byterange.split("@")
        assert int(start) == end
        end += int(length)
    assert end == facts.size_bytes


@pytest.mark.once
def test_ranges_with_a_gap_are_refused() -> None:
    text = '#EXT-X-MAP:URI="a",BYTERANGE="10@0"\n#EXTINF:1.0,\n#EXT-X-BYTERANGE:5@11\na\n'
    with pytest.raises(IndexRefusedError):
        parse_ranges(text)


@pytest.mark.once
def test_a_name_cannot_break_out_of_its_attribute() -> None:
    track = CaptionTrack("eng", CaptionKind.SDH, "x", "0" * 64, 1)
    assert playlists.caption_names([track]) == ["English (SDH)"]
    assert playlists._quote('a"\n,b') == '"a,b"'  # noqa: SLF001


@pytest.mark.once
@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (
            "\ufeff1\r\n00:00:08,000 --> 00:00:12,000\r\nHello\r\n",
            "00:00:08.000 --> 00:00:12.000\nHello",
        ),
        (
            (
                "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n"
                "odd id\n00:08.000 --> 00:12.000 line:0\nHello\n"
            ),
            "00:00:08.000 --> 00:00:12.000\nHello",
        ),
        (
            "1\n00:00:01,000 --> 00:00:02,000\n<font color=red>A & B</font> <i>x</i> < y\n",
            "00:00:01.000 --> 00:00:02.000\nA &amp; B <i>x</i> &lt; y",
        ),
        (
            "2\n00:00:05,000 --> 00:00:06,000\nlater\n\n1\n00:00:01,000 --> 00:00:02,000\nsooner\n",
            "00:00:01.000 --> 00:00:02.000\nsooner\n\n00:00:05.000 --> 00:00:06.000\nlater",
        ),
    ],
)
def test_captions_are_written_again(source: str, wanted: str) -> None:
    assert webvtt.write_captions(source.encode()) == f"WEBVTT\n\n{wanted}\n\n"


@pytest.mark.once
def test_chapters_last_until_the_next() -> None:
    marks = [ChapterMark(0, "One -->"), ChapterMark(20_000, "Two\nlines"), ChapterMark(90_000, "x")]
    assert webvtt.write_chapters(marks, 60_000) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:20.000\nOne --&gt;\n\n"
        "00:00:20.000 --> 00:01:00.000\nTwo lines\n\n"
    )


@pytest.mark.once
def test_thumbnails_lie_in_rows() -> None:
    grid = ThumbnailGrid(columns=2, rows=2, width=160, height=90, every_ms=5000, count=3)
    text = webvtt.write_thumbnails(grid, 12_000, picture="thumbnails.jpg")
    assert re.findall(r"xywh=([\d,]+)", text) == ["0,0,160,90", "160,0,160,90", "0,90,160,90"]
    assert text.count("-->") == 3
    assert "00:00:10.000 --> 00:00:12.000" in text
