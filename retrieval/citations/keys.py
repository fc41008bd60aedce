"""Citation keys as people like to type them: muster2014markers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from retrieval.analysis import fold
from retrieval.records import Article

_WORD: Final = re.compile(r"[a-z0-9]+")
_SMALL: Final = frozenset(
    "a an and are as at between by can do does for from has have how in into is it its new of on or role study that "
    "the their this to two use using was were what when which with without".split()
)
_SHORTEST: Final = 3
_LONGEST: Final = 24


def citation_keys(articles: Sequence[Article]) -> list[str]:
    """A key each: first author, year, first telling word of the title, in ASCII; unique in the list.

    Articles that would share one carry their PMID as well, all of them, so that no key depends on the order.
    """
    names = [_name(article) for article in articles]
    counts = Counter(names)
    keys = [
        name if counts[name] == 1 else f"{name}_{article.pmid}" for name, article in zip(names, articles, strict=True)
    ]
    seen: Counter[str] = Counter()
    unique: list[str] = []
    for key in keys:
        # The same article twice.
        seen[key] += 1
        unique.append(key if seen[key] == 1 else f"{key}_{seen[key]}")
    return unique


def _name(article: Article) -> str:
    authors = [_ascii(author.last_name or author.collective_name) for author in article.authors]
    words = _WORD.findall(fold(article.title))
    telling = next((word for word in words if len(word) >= _SHORTEST and word not in _SMALL), "")
    author = next(filter(None, authors), "")
    year = str(article.year or "")
    return f"{author}{year}{telling[:_LONGEST]}" if author or telling else f"pmid{article.pmid}"


def _ascii(text: str) -> str:
    return "".join(_WORD.findall(fold(text)))[:_LONGEST]
