"""Text as BibTeX wants it: LaTeX's own characters escaped, Greek letters and signs as commands, names protected.

Accented letters stay as they are: LaTeX reads UTF-8 since 2018, biber and the reference managers do anyway. Greek
letters and signs of comparison are what its usual fonts lack.
"""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = {
    "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}",
    "}": r"{\textbraceright}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    **{character: f"\\{character}" for character in "&%$#_"},
}
_GREEK: Final = (
    "α alpha β beta γ gamma δ delta ε varepsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi π pi ρ "
    "rho σ sigma ς varsigma τ tau υ upsilon φ varphi χ chi ψ psi ω omega Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ "
    "Sigma Φ Phi Ψ Psi Ω Omega ≤ leq ≥ geq ≈ approx ≠ neq ∞ infty → rightarrow ← leftarrow ↑ uparrow ↓ downarrow"
).split()
_SIGNS: Final = dict(zip(_GREEK[::2], _GREEK[1::2], strict=True))
_TABLE: Final = str.maketrans(_ESCAPES | {sign: f"{{$\\{name}$}}" for sign, name in _SIGNS.items()})
# Two hyphens are a dash to LaTeX, two apostrophes a quotation mark, and so on; empty braces keep them apart.
_LIGATURE: Final = re.compile(r"([-'`<>,?!])(?=[-'`<>,])")
_WORD: Final = re.compile(r"[^\W_]+(?:[-/.][^\W_]+)*")


def escaped(text: str) -> str:
    """A text as the value of a field; brackets always pair, whatever the text holds."""
    return _LIGATURE.sub(r"\1{}", text.translate(_TABLE))


def escaped_title(title: str) -> str:
    """The same, with names in braces, so that no bibliography style makes pd-l1 of PD-L1."""
    parts: list[str] = []
    end = 0
    for found in _WORD.finditer(title):
        # The first word keeps its capital anyway.
        if any(map(str.isupper, found[0][1:] if found.start() == 0 else found[0])):
            parts += [escaped(title[end : found.start()]), "{", escaped(found[0]), "}"]
            end = found.end()
    return "".join((*parts, escaped(title[end:])))


def verbatim(text: str) -> str:
    """A DOI or an address, which LaTeX packages read as it stands: only braces must not be in it."""
    return text.replace("{", "%7B").replace("}", "%7D")
