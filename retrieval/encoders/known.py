"""Models that pathlit knows how to use: what their cards say and their files do not."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, NamedTuple

from retrieval.records import Record

UNKNOWN: Final = "not known to pathlit: see the model's card"
_REPRESENT: Final = "Represent this sentence for searching relevant passages: "


class Towers(NamedTuple):
    """Names on the model hub."""

    query: str
    article: str


class Usage(Record, frozen=True):
    """How texts are given to a model and its vectors compared; None leaves it to the model's own files."""

    licence: str = UNKNOWN
    query_prompt: str | None = None
    document_prompt: str | None = None
    query_tokens: int | None = None
    document_tokens: int | None = None
    """The most that is read of a text; the rest is cut off."""
    pooling: Literal["cls", "mean"] | None = None
    """Checked where the files say it as well: files that came without it would be read as "mean"."""
    normalised: bool | None = None
    """Whether the inner product is that of vectors of length 1, which makes it the cosine."""
    dimensions: tuple[int, ...] = ()
    """What a vector may be cut to, longest first: those that the model was trained for (Matryoshka)."""
    pair: bool = False
    """An article is given as the pair [title, abstract], not as one text."""
    towers: Towers | None = None
    """Two models, one for each side."""


def _e5() -> Usage:
    return Usage("MIT", "query: ", "passage: ", 512, 512, "mean", True)


def _bge() -> Usage:
    return Usage("MIT", _REPRESENT, "", 512, 512, "cls", True)


MINI_LM: Final = Usage("Apache-2.0", "", "", 256, 256, "mean", True)

MEDCPT: Final = Usage(
    "public domain (US government work)",
    "",
    "",
    64,
    512,
    "cls",
    normalised=False,
    pair=True,
    towers=Towers("ncbi/MedCPT-Query-Encoder", "ncbi/MedCPT-Article-Encoder"),
)
"""Jin et al.: MedCPT, Bioinformatics 39(11), 2023."""

KNOWN: Final[dict[str, Usage]] = {
    # name: licence, prompt of queries and of documents, tokens of queries and of documents, pooling, normalised
    "all-MiniLM-L6-v2": MINI_LM,
    "sentence-transformers/all-MiniLM-L6-v2": MINI_LM,
    "sentence-transformers/all-mpnet-base-v2": Usage("Apache-2.0", "", "", 384, 384, "mean", True),
    "ncbi/MedCPT": MEDCPT,
    "intfloat/e5-small-v2": _e5(),
    "intfloat/e5-base-v2": _e5(),
    "intfloat/e5-large-v2": _e5(),
    "BAAI/bge-small-en-v1.5": _bge(),
    "BAAI/bge-base-en-v1.5": _bge(),
    "BAAI/bge-large-en-v1.5": _bge(),
    "mixedbread-ai/mxbai-embed-large-v1": Usage(
        "Apache-2.0", _REPRESENT, "", 512, 512, "cls", True, (1024, 768, 512, 256, 128, 64)
    ),
    "pritamdeka/S-PubMedBert-MS-MARCO": Usage("CC-BY-NC-2.0", "", "", 350, 350, "mean", True),
}


def usage_of(name: str) -> Usage:
    """By the name on the hub, or by a folder that ends in it: models/intfloat/e5-base-v2 is intfloat/e5-base-v2.

    Of any other model nothing is known, and its own files say how it is used.
    """
    if name in KNOWN:
        return KNOWN[name]
    return KNOWN.get("/".join(Path(name).parts[-2:]), Usage())
