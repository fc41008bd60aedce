"""The text of a PubMed element: inline markup and MathML read as plain Unicode, whitespace collapsed."""

from __future__ import annotations

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


def text_of(element: _Element) -> str:
    """All text below `element`: "H₂O", "10⁶", "PM_(2.5)"; its own tail is not part of it."""
    text = _flatten(element) if len(element) else element.text
    return collapse(text) if text else ""


def collapse(text: str) -> str:
    """Every run of white space (Unicode's too) as one space, none at the ends."""
    # isprintable() is false for every white space but " ", so clean text, nearly all of it, is not split and joined.
    if text.isprintable() and "  " not in text and text[0] != " " and text[-1] != " ":
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
        if tag == "sup" or tag == "sub":
            parts.append(_shifted(_flatten(child), tag))
        elif tag == "math" or tag.startswith("{http://www.w3.org/1998/Math/MathML}"):
            parts.append(_math(child))
        elif tag in _BREAKS:
            parts.append(f" {_flatten(child)} ")
        else:
            parts.append(_flatten(child))
        if child.tail:
            parts.append(child.tail)
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
