"""What of an article stands in the joint space of images and texts: what fits an image encoder's short context."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from retrieval.records import Article
from retrieval.sentences import split_sentences

_CONCLUSIONS: Final = 2
_BEARING: Final = 2
_SHORTEST: Final = 25
"""Characters: what is shorter says nothing by itself."""

# What pathologists see and name in a section, by stems.
_SEEN: Final = re.compile(
    r"\b(?:\w*carcinoma|\w*sarcoma|\w*lymphoma|\w*blastoma|\w*adenoma|melanoma|neoplas|tumou?r|metasta|histolog|"
    r"histopatholog|cytolog|morpholog|microscop|biops|stain|immunohistochem|nucle(?:i|ar)|mitos|mitotic|gland|crypt|"
    r"stroma|epitheli|necro|fibros|infiltrat|dysplas|hyperplas|metaplas|atypia|keratin|mucin|papillary|cribriform|"
    r"lepidic|acin(?:ar|i)|differentiat|grade|alveol|granulom|inflam)",
    re.IGNORECASE,
)


class JointText(NamedTuple):
    """`text == getattr(article, field)[start:end]`, always."""

    field: Literal["title", "abstract"]
    start: int
    end: int
    text: str
    role: Literal["title", "conclusion", "pathology"]


def joint_texts(article: Article) -> list[JointText]:
    """The title, the last two sentences, and the two that name most of what is seen in a section; without repeats."""
    texts = [JointText("title", 0, len(article.title), article.title, "title")] if article.title.strip() else []
    abstract = article.abstract
    spans = [span for span in split_sentences(abstract) if span[1] - span[0] >= _SHORTEST]
    concluding = spans[-_CONCLUSIONS:]
    texts += [JointText("abstract", a, b, abstract[a:b], "conclusion") for a, b in concluding]
    rich = sorted(spans[:-_CONCLUSIONS], key=lambda span: -len(set(_SEEN.findall(abstract[slice(*span)].lower()))))
    telling = [span for span in rich[:_BEARING] if _SEEN.search(abstract[slice(*span)])]
    return [*texts, *(JointText("abstract", a, b, abstract[a:b], "pathology") for a, b in sorted(telling))]
