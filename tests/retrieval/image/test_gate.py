"""The gate: tissue passes, what shows nothing is refused, what shows it badly is warned of; made-up images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from retrieval.errors import ImageError
from retrieval.image.gate import GateFinding, GateReport, inspect, require_usable
from retrieval.image.picture import Picture, Pixels, read_picture

HAEMATOXYLIN, EOSIN = np.array([0.65, 0.70, 0.29]), np.array([0.07, 0.99, 0.11])


def tissue(height: int = 256, width: int = 256, *, glass: float = 0.0, seed: int = 1) -> Pixels:
    """Nuclei in a fibrous ground by Beer and Lambert's law; the left share `glass` is empty."""
    rng = np.random.default_rng(seed)

    def field(sigma: float) -> np.ndarray:
        smooth = ndimage.gaussian_filter(rng.standard_normal((height, width)), sigma)
        return np.asarray(smooth / smooth.std())

    nuclei = np.clip(field(4) - 1.0, 0, 1)
    fibres = np.clip(0.45 + 0.12 * field(1.2) + 0.12 * field(6), 0.05, None)
    covered = np.arange(width)[None, :, None] >= glass * width
    density = (nuclei[..., None] * HAEMATOXYLIN * 1.6 + fibres[..., None] * EOSIN) * covered
    made = np.rint(245 * np.exp(-density) + rng.normal(0, 1, (height, width, 1)))
    return np.asarray(np.clip(made, 0, 255), dtype=np.uint8)


def kinds(pixels: Pixels) -> set[tuple[str, str]]:
    return {(finding.kind, finding.severity) for finding in inspect(Picture(pixels)).findings}


def plain(*colour: int) -> Pixels:
    return np.full((200, 200, 3), colour, dtype=np.uint8)


def drawn(draw: Callable[[ImageDraw.ImageDraw], object], ground: str = "white") -> Pixels:
    image = Image.new("RGB", (480, 360), ground)
    draw(ImageDraw.Draw(image))
    return np.array(image)


def bars(canvas: ImageDraw.ImageDraw) -> None:
    canvas.rectangle((50, 20, 460, 320), outline="black")
    for i, colour in enumerate(("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd")):
        canvas.rectangle((70 + 75 * i, 80 + 37 * i, 120 + 75 * i, 320), fill=colour)


def stained_bars(canvas: ImageDraw.ImageDraw) -> None:
    for i, colour in enumerate(("#e39ac4", "#8a4fa0", "#5a3d8a")):
        canvas.rectangle((70 + 120 * i, 80 + 37 * i, 150 + 120 * i, 320), fill=colour)


def curves(canvas: ImageDraw.ImageDraw) -> None:
    for i, colour in enumerate(("#1f77b4", "#ff7f0e", "#2ca02c")):
        canvas.line([(x, 40 + (i + 1) * x // 5) for x in range(40, 440, 8)], fill=colour, width=3)


def boxes(canvas: ImageDraw.ImageDraw) -> None:
    for i in range(6):
        x, y = 20 + (i % 3) * 155, 40 + (i // 3) * 160
        canvas.rectangle((x, y, x + 120, y + 80), fill="#dae8fc", outline="black")
        canvas.text((x + 10, y + 30), f"excluded (n = {17 * i})", fill="black")


def words(canvas: ImageDraw.ImageDraw, colour: str = "black") -> None:
    for y in range(10, 340, 14):
        canvas.text(
            (10, y), "invasive ductal carcinoma with clear margins, grade 2, no nodes involved " * 2, fill=colour
        )


def pen_marked(*colour: int, share: float = 0.25) -> Pixels:
    """Tissue under a stroke that hides it, with a soft edge."""
    pixels = tissue()
    mask = np.zeros(pixels.shape[:2])
    mask[: round(share * len(mask))] = 1
    soft = ndimage.gaussian_filter(mask, 2)[..., None]
    return np.asarray(np.rint(pixels * (1 - soft) + np.array(colour) * soft), dtype=np.uint8)


@pytest.mark.parametrize("side", [224, 300, 512, 1100])
@pytest.mark.parametrize("glass", [0.0, 0.5, 0.9])
def test_tissue_of_any_size_beside_any_amount_of_glass_is_accepted(side: int, glass: float) -> None:
    assert kinds(tissue(side, side, glass=glass)) == set()


@pytest.mark.parametrize("shape", [(224, 1200), (1200, 224)])
def test_the_form_of_a_picture_does_not_matter(shape: tuple[int, int]) -> None:
    assert kinds(tissue(*shape)) == set()


def test_glass_and_black_are_refused_as_blank() -> None:
    assert kinds(plain(255, 255, 255)) == {("blank", "refusal")}
    assert kinds(plain(240, 238, 242)) == {("blank", "refusal")}
    assert kinds(plain(0, 0, 0)) == {("blank", "refusal")}


def test_a_trace_of_tissue_is_warned_of() -> None:
    report = inspect(Picture(tissue(400, 400, glass=0.98)))
    assert ("little_tissue", "warning") in {(finding.kind, finding.severity) for finding in report.findings}
    assert report.measures["tissue"] == pytest.approx(0.02, abs=0.002)
    assert not report.refused


@pytest.mark.parametrize(("side", "severity"), [(31, "refusal"), (32, "warning"), (95, "warning")])
def test_small_pictures_are_refused_below_32_and_warned_of_below_96_px(side: int, severity: str) -> None:
    assert ("too_small", severity) in kinds(tissue(side, 200))


def test_96_px_are_enough() -> None:
    assert "too_small" not in {kind for kind, _ in kinds(tissue(96, 96))}


@pytest.mark.parametrize("colour", [(220, 150, 190), (120, 60, 150), (128, 128, 128), (30, 160, 60), (180, 30, 40)])
def test_plain_colours_are_refused_whatever_the_colour(colour: tuple[int, int, int]) -> None:
    assert inspect(Picture(plain(*colour))).refused


def test_gradients_are_not_accepted() -> None:
    ramp = np.linspace(0, 1, 300)[None, :, None]
    for start, end in (((0, 0, 0), (255, 255, 255)), ((120, 60, 150), (240, 180, 210))):
        pixels = np.tile(np.rint(np.array(start) * (1 - ramp) + np.array(end) * ramp), (200, 1, 1)).astype(np.uint8)
        assert ("not_tissue", "refusal") in kinds(pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_is_refused(channels: int) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (256, 256, channels), dtype=np.uint8)
    assert ("not_tissue", "refusal") in kinds(np.ascontiguousarray(np.broadcast_to(noise, (256, 256, 3))))


@pytest.mark.parametrize("draw", [bars, stained_bars, curves, boxes, words])
@pytest.mark.parametrize("quality", [None, 75])
def test_charts_diagrams_and_print_are_refused(
    draw: Callable[[ImageDraw.ImageDraw], None], quality: int | None, tmp_path: Path
) -> None:
    file = tmp_path / ("drawing.png" if quality is None else "drawing.jpg")
    Image.fromarray(drawn(draw)).save(file, quality=quality or 75)
    report = inspect(read_picture(file.read_bytes()))
    assert "not_tissue" in {finding.kind for finding in report.findings if finding.severity == "refusal"}


def test_light_print_on_a_dark_ground_is_refused() -> None:
    assert inspect(Picture(drawn(lambda canvas: words(canvas, "#d4d4d4"), "#1e1e1e"))).refused


@pytest.mark.parametrize(
    "colour", [("red", (205, 30, 50)), ("green", (50, 150, 130)), ("blue", (50, 105, 205)), ("black", (35, 32, 36))]
)
def test_felt_pen_on_tissue_is_warned_of_by_its_colour(colour: tuple[str, tuple[int, int, int]]) -> None:
    name, rgb = colour
    stroke = pen_marked(*rgb)
    if name == "black":  # a black stroke on a slide lets some structure through
        stroke[:64] = stroke[:64] + np.random.default_rng(2).integers(0, 12, (64, 256, 1), dtype=np.uint8)
    (finding,) = [finding for finding in inspect(Picture(stroke)).findings if finding.kind == "pen"]
    assert finding.severity == "warning"
    assert finding.measure == pytest.approx(0.25, abs=0.05)
    assert name in finding.message


def test_felt_pen_on_nothing_but_glass_is_refused() -> None:
    mask = np.zeros((256, 256))
    mask[80:180] = 1
    soft = ndimage.gaussian_filter(mask, 12)[..., None]
    pixels = np.rint(245 * (1 - soft) + np.array((50, 150, 130)) * soft).astype(np.uint8)
    assert ("pen", "refusal") in kinds(pixels)


def test_blur_is_warned_of_and_is_judged_at_the_size_of_the_view() -> None:
    pixels = tissue(256, 256)
    soft = ndimage.gaussian_filter(pixels.astype(float), (3, 3, 0)).astype(np.uint8)
    assert ("blurred", "warning") in kinds(soft)
    enlarged = np.array(Image.fromarray(pixels).resize((1024, 1024), Image.Resampling.BICUBIC))
    assert "blurred" not in {kind for kind, _ in kinds(enlarged)}


def test_enlarging_by_repeated_pixels_is_warned_of() -> None:
    assert ("pixelated", "warning") in kinds(tissue(128, 128).repeat(2, axis=0).repeat(2, axis=1))


def test_strong_compression_is_warned_of_in_a_cropped_copy_too(tmp_path: Path) -> None:
    file = tmp_path / "small.jpg"
    Image.fromarray(tissue(300, 300)).save(file, quality=8)
    compressed = read_picture(file.read_bytes()).pixels
    assert ("compressed", "warning") in kinds(compressed)
    assert ("compressed", "warning") in kinds(np.ascontiguousarray(compressed[3:, 5:]))
    Image.fromarray(tissue(300, 300)).save(file, quality=85)
    assert kinds(read_picture(file.read_bytes()).pixels) == set()


def test_a_picture_without_colour_is_warned_of() -> None:
    grey = tissue().mean(axis=2, keepdims=True).astype(np.uint8)
    assert ("monochrome", "warning") in kinds(grey.repeat(3, axis=2))


def test_dark_and_overexposed_pictures_are_warned_of() -> None:
    pixels = tissue().astype(float)
    assert kinds((pixels * 0.3).astype(np.uint8)) == {("dark", "warning")}
    assert ("overexposed", "warning") in kinds(np.clip(pixels * 1.9, 0, 255).astype(np.uint8))


def test_heavy_noise_over_tissue_is_warned_of_and_not_refused() -> None:
    noisy = tissue(256, 256) + np.random.default_rng(5).normal(0, 60, (256, 256, 3))
    found = kinds(np.clip(noisy, 0, 255).astype(np.uint8))
    assert ("noisy", "warning") in found
    assert "refusal" not in {severity for _, severity in found}


def test_a_refusal_is_raised_with_its_kind_message_and_measure() -> None:
    with pytest.raises(ImageError, match=r"10 x 200 pixels.*send") as caught:
        require_usable(Picture(tissue(200, 10)))
    assert (caught.value.kind, caught.value.measure) == ("too_small", 10)


def test_a_usable_picture_gives_its_report() -> None:
    picture = Picture(tissue())
    assert require_usable(picture) == inspect(picture)


def test_warnings_do_not_raise() -> None:
    report = require_usable(Picture(tissue(64, 64)))
    assert "too_small" in {finding.kind for finding in report.warnings}
    assert not report.refused


def test_every_finding_is_beyond_its_limit_and_its_message_advises() -> None:
    seen = [plain(255, 255, 255), plain(120, 60, 150), tissue(64, 64), pen_marked(205, 30, 50), drawn(bars)]
    findings = [finding for pixels in seen for finding in inspect(Picture(pixels)).findings]
    assert findings
    for finding in findings:
        assert finding.measure != finding.limit
        assert any(advice in finding.message for advice in ("send", "crop", "expose", "focus"))


def test_a_report_survives_json() -> None:
    report = inspect(Picture(pen_marked(205, 30, 50)))
    assert msgspec.json.decode(msgspec.json.encode(report), type=GateReport) == report
    assert isinstance(report.findings[0], GateFinding)
