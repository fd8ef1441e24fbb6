"""Pictures in: every kind becomes upright red, green, blue, alpha; limits. Pictures out."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from strokewright.drawing import Drawing
from strokewright.errors import FormatError, OptionError
from strokewright.files import write
from strokewright.files.raster import read_picture, write_picture

RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def test_sources_agree(tmp_path: Path) -> None:
    data = saved(Image.fromarray(RGB))
    (tmp_path / "a.png").write_bytes(data)
    expected = np.dstack([RGB / np.float32(255), np.ones((6, 9), np.float32)])
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), data, io.BytesIO(data), Image.fromarray(RGB), RGB):
        picture = read_picture(source)
        assert picture.dtype == np.float32
        assert_allclose(picture, expected, atol=1e-7)
        assert_array_equal(read_picture(source, dtype=np.uint8)[..., :3], RGB)


def test_modes_become_rgba() -> None:
    grey16 = np.array([[0, 256, 65535]], dtype=np.uint16)
    assert_allclose(read_picture(saved(Image.fromarray(grey16)))[0, :, 1], [0, 256 / 65535, 1])
    assert_array_equal(read_picture(saved(Image.fromarray(grey16)), np.uint8)[0, :, 2], [0, 1, 255])
    alpha = Image.fromarray(np.array([[[9, 128], [200, 0]]], dtype=np.uint8))
    assert_array_equal(read_picture(saved(alpha), np.uint8)[0], [[9, 9, 9, 128], [200, 200, 200, 0]])
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    assert_array_equal(
        read_picture(saved(palette, transparency=b"\x40\xff"), np.uint8)[0], [[255, 0, 0, 64], [0, 0, 255, 255]]
    )
    cmyk = saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")
    assert_allclose(read_picture(cmyk)[4, 4], [1, 0, 0, 1], atol=0.02)
    one_bit = Image.new("1", (2, 1))
    one_bit.putpixel((0, 0), 1)
    assert_array_equal(read_picture(saved(one_bit))[0, :, 0], [1, 0])
    webp = read_picture(saved(Image.fromarray(RGB), "WEBP", lossless=True), np.uint8)
    assert_array_equal(webp[..., :3], RGB)


def test_exif_turns_the_picture_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    assert_array_equal(read_picture(saved(Image.fromarray(RGB), exif=exif), np.uint8)[..., :3], np.rot90(RGB, -1))


def test_arrays_of_several_kinds() -> None:
    assert_array_equal(read_picture(np.array([[True, False]]))[0, :, 0], [1, 0])
    assert_allclose(read_picture(np.array([[0.25, 7.0]]))[0, :, 2], [0.25, 1])
    assert_array_equal(read_picture(np.full((2, 2, 2), 65535, np.uint16), np.uint8), np.full((2, 2, 4), 255))
    for bad in (np.zeros((2, 2, 5)), np.zeros(4), np.full((2, 2), np.nan), np.zeros((2, 2), complex), np.zeros((0, 3))):
        with pytest.raises(FormatError):
            read_picture(bad)
    with pytest.raises(OptionError, match="float32 or uint8"):
        read_picture(RGB, np.float64)


@pytest.mark.parametrize("size", [(30_000, 1), (1, 20_001), (10_001, 10_000), (19_000, 19_000)])
def test_too_large_is_refused_by_the_header(size: tuple[int, int]) -> None:
    png = bytearray(saved(Image.new("1", (1, 1))))
    png[16:24] = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big")
    png[29:33] = zlib.crc32(bytes(png[12:29])).to_bytes(4, "big")
    with pytest.raises(FormatError, match="100 megapixels and 20,000 px"):
        read_picture(bytes(png))


def test_broken_pictures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    whole = saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)))
    for source in (tmp_path / "text.png", tmp_path / "none.png", tmp_path, b"", whole[:2000], whole[:20]):
        with pytest.raises(FormatError):
            read_picture(source)


def test_written_pictures_come_back(tmp_path: Path) -> None:
    for shape in ((5, 7), (5, 7, 3), (5, 7, 4)):
        pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
        write_picture(pixels / 255, tmp_path / "sub" / "a.png")
        back = read_picture(tmp_path / "sub" / "a.png", np.uint8)
        assert_array_equal(back[..., : pixels.shape[2] if pixels.ndim == 3 else 1].reshape(shape), pixels)
    stream = io.BytesIO()
    write_picture(RGB, stream, "jpg")
    assert read_picture(stream.getvalue()).shape == (6, 9, 4)
    with pytest.raises(FormatError, match="suffix"):
        write_picture(RGB, tmp_path / "a.bmp")


def test_a_gif_shows_how_the_drawing_grows() -> None:
    drawing = Drawing.from_points([[(5, 10 + 10 * i), (95, 10 + 10 * i)] for i in range(8)], (100, 90), width=3)
    stream = io.BytesIO()
    write(drawing, stream, format="gif", frames=8)
    with Image.open(stream) as gif:
        ink = []
        for frame in range(gif.n_frames):
            gif.seek(frame)
            ink.append(float((np.asarray(gif.convert("L")) < 128).mean()))
        assert gif.size == (100, 90)
    assert len(ink) == 8
    assert_allclose(np.diff(ink), ink[0], rtol=0.05)
    stream = io.BytesIO()
    write(drawing.replace(size=(4000, 2000)), stream, format="gif", frames=3)
    with Image.open(stream) as gif:
        assert gif.size == (512, 256)
    for options in ({"frames": 0}, {"frames": 501}, {"seconds": -1}):
        with pytest.raises(OptionError):
            write(drawing, io.BytesIO(), format="gif", **options)
