"""What is taken as a picture, and what is left of it."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from app.catalog.file_enums import FileKind
from app.catalog.served_images import widths_of
from app.media import images, uploads
from app.media.errors import FileRefusedError
from tests.media.file_factories import NAVY, opened, paper, picture, pixel

pytestmark = pytest.mark.once


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 3 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_each_format_is_told_by_its_bytes(form: str) -> None:
    found = uploads.inspect_upload(FileKind.STILL, picture(form=form), "liar.pdf")
    assert (found.width, found.height, found.media_type) == (480, 270, "image/jpeg")
    kept = opened(found.data)
    assert (kept.format, kept.size, kept.mode) == ("JPEG", (480, 270), "RGB")
    assert near(pixel(found.data, 60, 100), NAVY)


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is huge; its few bytes would unpack to black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\x00" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def moving() -> bytes:
    frames = [Image.new("RGB", (300, 300), color) for color in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    return out.getvalue()


GIF = io.BytesIO()
Image.new("RGB", (300, 300)).save(GIF, "GIF")
REFUSED = {
    "nothing": (b"", "empty"),
    "text": (b"GIF, or so it says", "not a JPEG, PNG, WebP, or AVIF"),
    "a GIF": (GIF.getvalue(), "not a JPEG, PNG, WebP, or AVIF"),
    "a PDF": (paper(), "not a JPEG, PNG, WebP, or AVIF"),
    "SVG": (b"\xef\xbb\xbf<?xml version='1.0'?><svg onload='alert(1)'/>", "SVG"),
    "SVG without a prologue": (b"  <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "too many pixels": (bomb(8000, 5001), "more than 40 million pixels"),
    "a bomb": (bomb(60_000, 60_000), "more than 40 million pixels"),
    "too long a side": (bomb(16_001, 300), "a side of more than 16,000"),
    "too small": (picture(480, 199), "480 by 199 pixels"),
    "moving": (moving(), "Animated"),
    "a cut JPEG": (picture(quality=95)[:-900], "damaged or incomplete"),
    "a cut PNG": (picture(form="PNG")[:-60], "damaged or incomplete"),
    "a PNG of wrong sums": (picture(form="PNG").replace(b"IDAT", b"IDAT\x00"), "damaged"),
    "a cut AVIF": (picture(form="AVIF")[:-50], "damaged or incomplete"),
    "a head alone": (picture()[:200], "damaged or incomplete"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_picture_is_refused_with_the_reason(case: str) -> None:
    data, reason = REFUSED[case]
    with pytest.raises(FileRefusedError, match=reason):
        uploads.inspect_upload(FileKind.STILL, data, "still.jpg")


def test_a_file_that_is_too_large_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_IMAGE_BYTES", 1000)
    monkeypatch.setattr(images, "cleaned", None)
    with pytest.raises(FileRefusedError, match="larger than"):
        uploads.inspect_upload(FileKind.POSTER, picture(), "poster.jpg")


def telling() -> dict[str, bytes]:
    """Pictures that tell where, when and by whom they were taken, each in its own way."""
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    exif[0x013B] = "secret artist"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 22.0, 12.0)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "secret comment")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>secret</x:xmpmeta>")
    xmp = b"<x:xmpmeta>secret</x:xmpmeta>"
    return {
        "JPEG": picture(exif=exif, comment=b"secret comment", xmp=xmp),
        "PNG": picture(form="PNG", exif=exif, pnginfo=text),
        "WEBP": picture(form="WEBP", exif=exif, xmp=xmp),
        "AVIF": picture(form="AVIF", exif=exif, xmp=xmp),
    }


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_nothing_is_left_but_the_pixels(form: str) -> None:
    told = telling()[form]
    assert b"secret" in told
    assert opened(told).getexif().get_ifd(0x8825)[1] == "N"
    kept = images.cleaned(told).data
    served = [kept, *(data for _, _, data in images.sizes(kept))]
    for data in served:
        image = opened(data)
        assert b"secret" not in data
        assert dict(image.getexif()) == {}
        assert dict(image.getexif().get_ifd(0x8825)) == {}
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(image.info)


def test_a_picture_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    found = images.cleaned(picture(480, 270, exif=exif))
    assert (found.width, found.height) == (270, 480)
    # What was on the left is on top.
    assert near(pixel(found.data, 130, 60), NAVY)
    assert near(pixel(found.data, 130, 420), (255, 255, 255))


def swapped() -> bytes:
    """A color profile in which what is called red is green, and the other way round."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    mark = b"rXYZ", b"gXYZ"
    return profile.replace(mark[0], b"....").replace(mark[1], mark[0]).replace(b"....", mark[1])


@pytest.mark.parametrize("form", ["PNG", "WEBP", "JPEG"])
def test_colors_are_converted_from_the_profile_that_came(form: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), "red").save(out, form, icc_profile=swapped())
    red, green, blue = pixel(images.cleaned(out.getvalue()).data, 10, 10)
    assert (red < 60, green > 240, blue < 60) == (True, True, True)


@pytest.mark.parametrize(
    ("mode", "form"), [("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("1", "PNG"), ("CMYK", "JPEG")]
)
def test_every_kind_of_pixel_becomes_plain_color(mode: str, form: str) -> None:
    kept = images.cleaned(picture(mode=mode, form=form)).data
    assert opened(kept).mode == "RGB"
    assert near(pixel(kept, 400, 100), (255, 255, 255))


def test_sixteen_bits_of_gray_are_brought_down_not_cut_off() -> None:
    out = io.BytesIO()
    Image.new("I;16", (300, 300), 0x8000).save(out, "PNG")
    assert near(pixel(images.cleaned(out.getvalue()).data, 5, 5), (128, 128, 128))


def test_what_can_be_seen_through_lies_on_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (300, 300), (255, 0, 0, 0)).save(out, "PNG")
    assert near(pixel(images.cleaned(out.getvalue()).data, 5, 5), (255, 255, 255))


def test_a_profile_that_makes_no_sense_does_no_harm() -> None:
    kept = images.cleaned(picture(icc_profile=b"no profile")).data
    assert near(pixel(kept, 60, 100), NAVY)


def test_sizes_are_what_they_say_and_never_larger_than_what_came() -> None:
    kept = images.cleaned(picture(700, 350)).data
    made = {(width, form): data for width, form, data in images.sizes(kept)}
    assert set(made) == {(w, f) for w in (320, 640, 700) for f in ("avif", "webp", "jpg")}
    for (width, form), data in made.items():
        image = opened(data)
        assert image.format == {"avif": "AVIF", "webp": "WEBP", "jpg": "JPEG"}[form]
        assert image.size == (width, width // 2)
        assert near(pixel(data, 40, 40), NAVY)
    # The same again is the same: a job may be repeated.
    assert {(w, f): d for w, f, d in images.sizes(kept)} == made


@pytest.mark.parametrize("width", [200, 320, 321, 640, 1000, 1599, 1600, 1601, 9000])
def test_no_width_is_larger_than_the_picture_or_the_page(width: int) -> None:
    widths = widths_of(width)
    assert widths == sorted(set(widths))
    assert widths[-1] == min(width, 1600)


# Each needed twice its own memory, or more, for one of the steps.
LARGE = ("PNG P 6400 6000", "PNG RGBA 6400 6000", "PNG I;16 6400 6000", "PNG RGBA 5000 4000")


@pytest.mark.parametrize("large", LARGE)
def test_a_large_picture_takes_bounded_memory(tmp_path: Path, large: str) -> None:
    width, height = large.split()[2:]
    path = tmp_path / "large"
    making = (
        "import sys; from PIL import Image; form, mode, w, h, path = sys.argv[1:];"
        "Image.new(mode, (int(w), int(h))).save(path, form)"
    )
    opening = (
        "import sys; from pathlib import Path; from app.media import images\n"
        "def peak():\n"
        "    lines = Path('/proc/self/status').read_text().splitlines()\n"
        "    [line] = [line for line in lines if line.startswith('VmHWM')]\n"
        "    return int(line.split()[1]) // 1024\n"
        "before = peak(); made = images.cleaned(Path(sys.argv[1]).read_bytes())\n"
        "print(peak() - before, made.width, made.height)"
    )
    subprocess.run([sys.executable, "-c", making, *large.split(), str(path)], check=True)

    told = subprocess.run(
        [sys.executable, "-c", opening, str(path)], check=True, capture_output=True, text=True
    ).stdout

    megabytes, kept_width, kept_height = map(int, told.split())
    assert megabytes <= 250
    is_large = int(width) * int(height) > images.MAX_STORED_PIXELS
    factor = 2 if is_large else 1
    assert (kept_width, kept_height) == (int(width) // factor, int(height) // factor)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_large_picture_keeps_its_colors_and_turns_upright(form: str) -> None:
    image = Image.new("RGB", (5003, 4001), NAVY)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    out = io.BytesIO()
    image.save(out, form, exif=exif)

    found = images.cleaned(out.getvalue())

    assert (found.width, found.height) == (2001, 2502)
    assert near(pixel(found.data, 1000, 1000), NAVY)
    assert near(pixel(found.data, 1999, 2500), NAVY)
