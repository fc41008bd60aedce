"""Reading pictures: every format comes out upright, in RGB on white, without metadata; damage is an ImageError."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from retrieval.errors import ImageError
from retrieval.image.picture import Picture, read_picture


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def textured(width: int = 64, height: int = 48) -> Image.Image:
    values = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


def refusal(data: bytes, **limits: int) -> ImageError:
    with pytest.raises(ImageError) as caught:
        read_picture(data, **limits)
    return caught.value


def test_a_lossless_picture_comes_out_as_it_went_in() -> None:
    image = textured()
    picture = read_picture(encoded(image, "PNG"))
    assert (picture.width, picture.height, picture.mpp) == (64, 48, None)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(picture.pixels, np.asarray(image))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_every_format_that_is_named_can_be_read(kind: str) -> None:
    assert read_picture(encoded(textured(), kind)).pixels.shape == (48, 64, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_refused(kind: str, share: float) -> None:
    data = encoded(textured(), kind)
    error = refusal(data[: int(len(data) * share)])
    assert error.kind in {"truncated", "damaged", "not_an_image"}
    assert "send" in str(error)


def test_a_truncated_jpeg_says_so() -> None:
    data = encoded(textured(), "JPEG")
    assert refusal(data[: len(data) // 2]).kind == "truncated"


def test_a_bomb_is_refused_by_its_header() -> None:
    error = refusal(png_that_claims(100_000, 100_000))
    assert error.kind == "too_many_pixels"
    assert "pixels" in str(error)


def test_more_pixels_than_allowed_are_counted_in_the_refusal() -> None:
    error = refusal(png_that_claims(100, 50), most_pixels=4_999)
    assert (error.kind, error.measure) == ("too_many_pixels", 5_000)


def test_more_bytes_than_allowed_are_counted_in_the_refusal() -> None:
    data = encoded(textured(), "PNG")
    error = refusal(data, most_bytes=len(data) - 1)
    assert (error.kind, error.measure) == ("too_many_bytes", len(data))
    assert read_picture(data, most_bytes=len(data)).width == 64


def test_a_strip_is_too_small_to_show_anything() -> None:
    assert refusal(encoded(Image.new("RGB", (1_010, 10)), "PNG")).kind == "too_small"
    assert read_picture(encoded(Image.new("RGB", (1_000, 10)), "PNG")).height == 10


@pytest.mark.parametrize("data", [b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", b"\0" * 500])
def test_other_files_are_not_images(data: bytes) -> None:
    error = refusal(data)
    assert error.kind == "not_an_image"
    assert "PNG" in str(error)


def test_nothing_is_not_an_image() -> None:
    assert (refusal(b"").kind, refusal(b"").measure) == ("not_an_image", 0)


def test_exif_orientation_turns_the_picture_and_goes() -> None:
    image = Image.new("RGB", (40, 20), "white")
    image.paste((200, 0, 0), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned a quarter to the left: upright its left half is at the top
    exif[0x010E] = "patient 4711"
    picture = read_picture(encoded(image, "PNG", exif=exif))
    assert (picture.width, picture.height) == (20, 40)
    assert (picture.pixels[:20] == (200, 0, 0)).all()
    assert (picture.pixels[20:] == 255).all()
    assert picture._fields == ("pixels", "mpp")


def test_exif_orientation_of_a_jpeg_turns_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    assert read_picture(encoded(textured(), "JPEG", exif=exif)).pixels.shape == (64, 48, 3)


def test_what_is_transparent_is_white() -> None:
    image = Image.new("RGBA", (40, 40), (200, 0, 0, 255))
    image.paste((10, 20, 30, 0), (0, 0, 20, 40))
    image.paste((0, 0, 0, 128), (20, 0, 40, 20))
    pixels = read_picture(encoded(image, "PNG")).pixels
    assert (pixels[:, :20] == 255).all()
    assert (pixels[20:, 20:] == (200, 0, 0)).all()
    np.testing.assert_allclose(pixels[:20, 20:], 127, atol=1)


def test_16_bit_grey_keeps_its_high_bits() -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (32, 1))
    pixels = read_picture(encoded(Image.fromarray(ramp), "PNG")).pixels
    assert pixels.shape == (32, 64, 3)
    np.testing.assert_allclose(pixels[0, :, 1], ramp[0] / 257, atol=1)


def test_a_palette_becomes_its_colours() -> None:
    image = Image.new("P", (32, 32), 1)
    image.putpalette([0, 0, 0, 200, 100, 150])
    assert (read_picture(encoded(image, "PNG")).pixels == (200, 100, 150)).all()


def test_a_transparent_palette_entry_is_white() -> None:
    image = Image.new("P", (32, 32), 1)
    image.putpalette([0, 0, 0, 200, 100, 150])
    assert (read_picture(encoded(image, "PNG", transparency=1)).pixels == 255).all()


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    magenta = Image.new("CMYK", (32, 32), (0, 200, 0, 0))
    pixels = read_picture(encoded(magenta, "JPEG", quality=95)).pixels
    np.testing.assert_allclose(pixels.reshape(-1, 3).mean(axis=0), (255, 55, 255), atol=4)


@pytest.mark.parametrize(("mode", "value", "expected"), [("1", 1, 255), ("L", 90, 90)])
def test_grey_and_bilevel_pictures_have_three_equal_channels(mode: str, value: int, expected: int) -> None:
    assert (read_picture(encoded(Image.new(mode, (32, 32), value), "PNG")).pixels == expected).all()


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    assert (read_picture(data).pixels == (255, 0, 0)).all()


def test_of_a_tiff_with_pages_the_first_counts() -> None:
    pages = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert (read_picture(data).pixels == (255, 0, 0)).all()


def only_image_errors(data: bytes) -> None:
    try:
        outcome: Picture | str = read_picture(data)
    except ImageError as error:
        outcome = error.kind and str(error)
    assert outcome


@given(data=st.binary(max_size=2_000))
def test_random_bytes_raise_nothing_but_image_errors(data: bytes) -> None:
    only_image_errors(data)


SIGNATURES = [
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"II*\0",
    b"MM\0*",
    b"RIFF\x10\0\0\0WEBPVP8 ",
    b"BM",
    b"GIF89a",
]


@given(signature=st.sampled_from(SIGNATURES), data=st.binary(max_size=500))
def test_random_bytes_behind_a_signature_raise_nothing_but_image_errors(signature: bytes, data: bytes) -> None:
    only_image_errors(signature + data)


@given(kind=st.sampled_from(["PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP"]), data=st.data())
def test_a_picture_with_changed_bytes_raises_nothing_but_image_errors(kind: str, data: st.DataObject) -> None:
    whole = bytearray(encoded(textured(40, 40), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    only_image_errors(bytes(whole))
