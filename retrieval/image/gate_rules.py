"""From measures to findings: every limit of the gate, why it lies there, and what the asker can do about it.

The limits are named with what lies on either side of them, and stay clear of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from retrieval.records import Record

GateKind = Literal[
    "too_small",
    "blank",
    "little_tissue",
    "blurred",
    "noisy",
    "pen",
    "monochrome",
    "not_tissue",
    "compressed",
    "pixelated",
    "dark",
    "overexposed",
]
Severity = Literal["refusal", "warning"]

# Encoders read 16 px patches of 224 px: below 32 px nothing is left to read, below 96 px most is invented.
SMALLEST_SIDE: Final = 32
SMALL_SIDE: Final = 96
# Overviews of a slim biopsy still show 2 % of tissue; dust and edges of glass stay under half a percent.
BLANK_BELOW: Final = 0.01
LITTLE_BELOW: Final = 0.03
# In tissue 40 % or more is structured, in smears of single cells 30 %; in charts, diagrams, print and plain colours
# mostly under 15 %. Between them colour decides: ink in no colour of a stain, or hard-edged ink in colours that stains
# seldom have. Blurring takes structure from tissue too.
STRUCTURE_BELOW: Final = 0.22
BLURRED_STRUCTURE_BELOW: Final = 0.1
UNSTAINED_STRUCTURE_BELOW: Final = 0.25
INKED_STRUCTURE_BELOW: Final = 0.46
GREY_STRUCTURE_BELOW: Final = 0.5
STAINED_BELOW: Final = 0.25
FOREIGN_ABOVE: Final = 0.2
INK_ABOVE: Final = 0.3
# The least sharp of 450 patches, fields and overviews has 0.054; blurred by 1 px of 224 they have 0.033, by 2 px 0.016.
SHARPNESS_BELOW: Final = 0.033
# Camera noise in micrographs stays under 0.55; white noise has no coarser structure at all.
NOISE_ABOVE: Final = 0.6
GRAIN_ABOVE: Final = 1.8
VOID_BELOW: Final = 0.05
# Coloured strokes wider than a cell; blood in vessels reaches 1 %.
PEN_ABOVE: Final = 0.015
PEN_ONLY_ABOVE: Final = 0.85
PEN_WITHOUT_TISSUE_ABOVE: Final = 0.15
PEN_SHARPNESS_BELOW: Final = 0.05
PEN_FLAT_ABOVE: Final = 0.4
# Level of chroma that 95 % of the tissue stays under: palest stains 14, JPEG of a grey image under 8.
CHROMA_BELOW: Final = 10.0
# Skin, fur and wood: warm throughout, without counterstain or glass; or warm beside black, which slides lack.
WARM_ABOVE: Final = 0.7
COOL_BELOW: Final = 0.02
GLASS_BELOW: Final = 0.1
BLACK_ABOVE: Final = 0.05
WARM_BY_BLACK_ABOVE: Final = 0.25
# Dark screens, scans on black and fluorescence have no light ground; viewers with a dark frame still show glass.
NIGHT_ABOVE: Final = 0.5
NIGHT_GLASS_BELOW: Final = 0.05
GREEN_ABOVE: Final = 0.25
FLAT_ABOVE: Final = 0.63
# JPEG of quality 25 gives 0.43, of quality 15 0.78; clean files under 0.3, and steps under 2.5 levels are not seen.
BLOCKING_ABOVE: Final = 0.5
BLOCK_STEP_ABOVE: Final = 2.5
# Doubled pixels give 0.5; no image of a camera or scanner repeats whole columns and rows.
REPEATED_ABOVE: Final = 0.3
# The brightest percent lies above 140 under the dimmest lamps seen.
LIGHT_BELOW: Final = 130.0
MEDIAN_BELOW: Final = 45.0
# A coloured pixel with a channel at its end has lost its stain; ordinary exposures keep 60 % and more of them.
CLIPPED_ABOVE: Final = 0.5


class GateFinding(Record, frozen=True):
    """One thing wrong with a picture: what was measured, and the limit that it is beyond."""

    kind: GateKind
    severity: Severity
    measure: float
    limit: float
    message: str


def of_size(width: int, height: int) -> Iterator[GateFinding]:
    side = min(width, height)
    what = f"the image has {width} x {height} pixels"
    if side < SMALLEST_SIDE:
        what += f", too few to show anything; send one of at least {SMALLEST_SIDE} px a side, better 224"
        yield _refusal("too_small", side, SMALLEST_SIDE, what)
    elif side < SMALL_SIDE:
        what += f", less than {SMALL_SIDE} a side: little can be told from it; send a larger one"
        yield _warning("too_small", side, SMALL_SIDE, what)


def of_amount(tissue: float) -> Iterator[GateFinding]:
    """`tissue` is the share of the picture that is neither glass nor void."""
    if tissue < BLANK_BELOW:
        what = f"{tissue:.1%} of the image is more than empty glass or plain black, less than {BLANK_BELOW:.0%}"
        yield _refusal("blank", tissue, BLANK_BELOW, f"{what}; send a region with tissue in it")
    elif tissue < LITTLE_BELOW:
        what = f"only {tissue:.1%} of the image is not empty glass, less than {LITTLE_BELOW:.0%}"
        yield _warning("little_tissue", tissue, LITTLE_BELOW, f"{what}; crop it to the tissue")


def of_pen(m: dict[str, float]) -> Iterator[GateFinding]:
    share = m["pen"]
    alone = share > PEN_WITHOUT_TISSUE_ABOVE and m["sharpness"] < PEN_SHARPNESS_BELOW
    # A lake of blood is as red, but no plain surface.
    covered = share - m["pen_red"] * (m["flat"] < PEN_FLAT_ABOVE)
    if alone or covered > PEN_ONLY_ABOVE:
        limit = PEN_WITHOUT_TISSUE_ABOVE if alone else PEN_ONLY_ABOVE
        what = f"felt pen covers {share:.0%} of what is not glass, and nothing else is in focus (limit {limit:.0%})"
        yield _refusal("pen", share, limit, f"{what}; send a region without pen marks")
    elif share > PEN_ABOVE:
        colour = max(("red", "green", "blue", "black"), key=lambda name: m[f"pen_{name}"])
        what = f"felt pen, mostly {colour}, covers {share:.1%} of what is not glass, more than {PEN_ABOVE:.1%}"
        yield _warning("pen", share, PEN_ABOVE, f"{what}; it changes what is found: crop it away")


def of_content(m: dict[str, float]) -> Iterator[GateFinding]:
    """Is it tissue? A drawing is refused; a photograph can only be suspected."""
    structure, grey = m["structure"], m["chroma"] < CHROMA_BELOW
    limit = max(
        STRUCTURE_BELOW if m["sharpness"] >= SHARPNESS_BELOW else BLURRED_STRUCTURE_BELOW,
        UNSTAINED_STRUCTURE_BELOW if m["stained"] < STAINED_BELOW else 0.0,
        INKED_STRUCTURE_BELOW if m["ink"] > INK_ABOVE and max(m["warm"], m["green"]) > FOREIGN_ABOVE else 0.0,
        GREY_STRUCTURE_BELOW if grey and m["sharpness"] >= SHARPNESS_BELOW else 0.0,
    )
    # Heavy noise hides structure as hard edges do, but there may be tissue under it.
    noisy = m["sharpness"] > NOISE_ABOVE and m["ink"] > INK_ABOVE and m["void"] < VOID_BELOW
    if m["grain"] > GRAIN_ABOVE:
        what = f"the image is noise without coarser structure (grain {m['grain']:.1f}, more than {GRAIN_ABOVE})"
        yield _refusal("not_tissue", m["grain"], GRAIN_ABOVE, f"{what}; send a picture of a section")
    elif structure < limit and not noisy:
        what = f"{structure:.0%} of what is not background has the texture of tissue, less than {limit:.0%}"
        hint = "it looks like a drawing, text or a plain surface; send a picture of a section"
        yield _refusal("not_tissue", structure, limit, f"{what}: {hint}")
    else:
        yield from _photograph(m)
    if grey:
        what = f"the image has no colour (chroma {m['chroma']:.0f} of 255, less than {CHROMA_BELOW:.0f})"
        hint = "send the colour original, and expect little of a radiograph or an electron micrograph"
        yield _warning("monochrome", m["chroma"], CHROMA_BELOW, f"{what}, while a stained section has; {hint}")


def _photograph(m: dict[str, float]) -> Iterator[GateFinding]:
    hint = "it may be a photograph rather than a section; if so, send a micrograph"
    if m["warm"] > WARM_ABOVE and m["cool"] < COOL_BELOW and m["glass"] < GLASS_BELOW:
        what = f"{m['warm']:.0%} of the image is brown or yellow, more than {WARM_ABOVE:.0%}, without counterstain"
        yield _warning("not_tissue", m["warm"], WARM_ABOVE, f"{what}: {hint}")
    elif m["warm"] > WARM_BY_BLACK_ABOVE and m["black"] > BLACK_ABOVE:
        what = f"{m['black']:.0%} of the image is black beside warm colours, more than {BLACK_ABOVE:.0%}"
        yield _warning("not_tissue", m["black"], BLACK_ABOVE, f"{what}: {hint}")
    elif m["black"] > NIGHT_ABOVE and m["glass"] < NIGHT_GLASS_BELOW:
        what = f"{m['black']:.0%} of the image is black, more than {NIGHT_ABOVE:.0%}, without light ground"
        yield _warning("not_tissue", m["black"], NIGHT_ABOVE, f"{what}: it is no brightfield image of a section")
    elif m["green"] > GREEN_ABOVE and m["pen_green"] < PEN_ABOVE:
        what = f"{m['green']:.0%} of what is not background is green, more than {GREEN_ABOVE:.0%}"
        yield _warning("not_tissue", m["green"], GREEN_ABOVE, f"{what}, as few stains are: {hint}")
    elif m["flat"] > FLAT_ABOVE:
        what = f"{m['flat']:.0%} of what is not background is without any structure, more than {FLAT_ABOVE:.0%}"
        yield _warning("not_tissue", m["flat"], FLAT_ABOVE, f"{what}: {hint}")


def of_focus(m: dict[str, float]) -> Iterator[GateFinding]:
    if m["sharpness"] < SHARPNESS_BELOW:
        what = f"the image is blurred (sharpness {m['sharpness']:.3f}, less than {SHARPNESS_BELOW})"
        yield _warning("blurred", m["sharpness"], SHARPNESS_BELOW, f"{what}; focus again or send the original size")
    if m["sharpness"] > NOISE_ABOVE:
        what = f"{m['sharpness']:.0%} of the detail is single pixels, more than {NOISE_ABOVE:.0%}"
        yield _warning("noisy", m["sharpness"], NOISE_ABOVE, f"{what}: the image is noisy; send a cleaner one")


def of_file(m: dict[str, float]) -> Iterator[GateFinding]:
    if m["blocking"] > BLOCKING_ABOVE and m["block_step"] > BLOCK_STEP_ABOVE:
        what = f"the seams of JPEG blocks show (blocking {m['blocking']:.2f}, more than {BLOCKING_ABOVE})"
        yield _warning("compressed", m["blocking"], BLOCKING_ABOVE, f"{what}; send the file before it was compressed")
    if m["repeated"] > REPEATED_ABOVE:
        what = f"{m['repeated']:.0%} of rows and columns repeat their neighbours, more than {REPEATED_ABOVE:.0%}"
        yield _warning("pixelated", m["repeated"], REPEATED_ABOVE, f"{what}: it was enlarged; send the original size")


def of_light(m: dict[str, float]) -> Iterator[GateFinding]:
    if m["light"] < LIGHT_BELOW:
        what = f"the brightest parts reach level {m['light']:.0f} of 255, less than {LIGHT_BELOW:.0f}"
        yield _warning("dark", m["light"], LIGHT_BELOW, f"{what}: the image is dark; expose it longer")
    elif m["median"] < MEDIAN_BELOW:
        what = f"half of what is shown is darker than level {m['median']:.0f} of 255 (limit {MEDIAN_BELOW:.0f})"
        yield _warning("dark", m["median"], MEDIAN_BELOW, f"{what}: the image is dark; expose it longer")
    if m["clipped"] > CLIPPED_ABOVE:
        what = f"{m['clipped']:.0%} of the coloured parts are at full brightness, more than {CLIPPED_ABOVE:.0%}"
        yield _warning("overexposed", m["clipped"], CLIPPED_ABOVE, f"{what}: stain is lost; expose it more briefly")


def _refusal(kind: GateKind, measure: float, limit: float, message: str) -> GateFinding:
    return GateFinding(kind, "refusal", float(measure), float(limit), message)


def _warning(kind: GateKind, measure: float, limit: float, message: str) -> GateFinding:
    return GateFinding(kind, "warning", float(measure), float(limit), message)
