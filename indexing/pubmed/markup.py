"""The text of a PubMed element: inline markup and MathML read as plain Unicode, whitespace collapsed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

_RAISED = {ord(c): c for c in "®™©°′″*†‡§"}
_SUPERSCRIPT = _RAISED | str.maketrans(
    "0123456789+-−–=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθφχ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᵠᵡ",
)
_SUBSCRIPT = str.maketrans(
    "0123456789+-−–=()aehijklmnoprstuvxβγρφχ",
    "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
)
_BREAKS = frozenset({"br", "p", "DispFormula"})
_MATH = frozenset({"{http://www.w3.org/1998/Math/MathML}math", "math"})


def text_of(element: _Element) -> str:
    """All text below `element` but not its tail: "H₂O", "10⁶", "PM_(2.5)"; white space collapsed."""
    text = _flatten(element) if len(element) else element.text
    if not text:
        return ""
    # Nearly all text is clean, and seeing that is several times cheaper than to split and join it. isprintable() is
    # false for every white space but " ", isalnum() answers at once for names and numbers.
    if text.isalnum() or (
        text.isprintable() and (" " not in text or ("  " not in text and text[0] != " " and text[-1] != " "))
    ):
        return text
    return " ".join(text.split())


def unbracketed(title: str) -> tuple[str, bool]:
    """The title without the [brackets] of a translation, and whether it had them: they must enclose all of it."""
    if not title.startswith("["):
        return title, False
    stop = title.endswith(".")
    inside = title[:-1].rstrip() if stop else title
    if not inside.endswith("]"):
        return title, False
    depth = 0
    for place, letter in enumerate(inside):
        depth += (letter == "[") - (letter == "]")
        if depth == 0 and place < len(inside) - 1:
            return title, False
    if depth:
        return title, False
    inside = inside[1:-1].strip()
    return (inside + "." if stop and not inside.endswith((".", "?", "!")) else inside), True


def _flatten(element: _Element) -> str:
    """The parser has cut off depth at 256, so the recursion is bounded."""
    parts = [element.text or ""]
    for child in element:
        tag = child.tag
        if tag in _MATH:
            parts.append(_math(child))
        else:
            text = _flatten(child) if len(child) else child.text or ""
            if tag == "sup" or tag == "sub":
                text = _shifted(text, tag)
            elif tag in _BREAKS:
                text = f" {text} "
            parts.append(text)
        parts.append(child.tail or "")
    return "".join(parts)


def _math(element: _Element) -> str:
    """MathML in one line. White space between its elements is layout; what has no rule here keeps all its text."""
    children = [_math(child) + (child.tail or "").strip() for child in element]
    name = element.tag.rpartition("}")[2]
    if name == "msup" and len(children) == 2:
        return children[0] + _shifted(children[1], "sup")
    if name == "msub" and len(children) == 2:
        return children[0] + _shifted(children[1], "sub")
    if name == "msubsup" and len(children) == 3:
        return children[0] + _shifted(children[1], "sub") + _shifted(children[2], "sup")
    if name == "mfrac" and len(children) == 2:
        return "/".join(children)
    text = element.text or ""
    return (text if name == "mtext" else text.strip()) + "".join(children)


@lru_cache(maxsize=1 << 12)
def _shifted(text: str, tag: str) -> str:
    """Raised or lowered letters; space at the ends of the markup stays outside of it."""
    core = text.strip()
    if not core:
        return text
    table = _SUPERSCRIPT if tag == "sup" else _SUBSCRIPT
    if all(ord(letter) in table for letter in core):
        shifted = core.translate(table)
    else:
        shifted = f"^({core})" if tag == "sup" else f"_({core})"
    start = text.index(core)
    return text[:start] + shifted + text[start + len(core) :]
